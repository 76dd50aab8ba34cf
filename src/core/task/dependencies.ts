import type { DependencyIds, TaskIntent } from '../intent.ts';
import type { TaskNumber } from '../keys.ts';

/**
 * Who waits for whom within one job.
 *
 * A task may name parents by id and by ranges of integers, also ones that do not exist yet. It waits until each id and
 * each range is satisfied; how many are missing is counted in its row of the task table. A parent that ends badly
 * satisfies nothing and says so to nobody: its dependants stay active, until it is made active again and ends well, or
 * another task of that id does.
 *
 * Equal ranges are one object. A range waits at the highest of its integers that is not satisfied yet, with all others
 * that wait there. When that integer is satisfied, those that begin above the next one below it are done, and the rest
 * moves on to that one as a whole: a heap by where they begin, which takes in another in one step. So each range is
 * looked at twice, in whatever order tasks end. Runs of satisfied integers are skipped as a whole (a forest with path
 * compression). Dependants are kept as task numbers: one that has ended meanwhile is simply not found.
 */
export class Dependencies {
  private readonly parents = new Map<string, Parent>();
  private readonly ranges = new Map<string, Range>();
  /** By the integer at which they wait: of those, the one that begins highest. */
  private readonly waiting = new Map<number, Range>();
  /** For a satisfied integer: a lower one from which to look on for one that is not. */
  private readonly below = new Map<number, number>();
  /** How often a range has been looked at. */
  looks = 0;

  /** Enters a dependant; returns of how many ids and ranges it has to wait. */
  wait(task: TaskNumber, on: DependencyIds): number {
    let unmet = 0;
    for (const id of new Set(on.ids)) {
      let parent = this.parents.get(id);
      if (parent === undefined) {
        parent = { satisfied: false, dependants: [] };
        this.parents.set(id, parent);
      }
      if (parent.satisfied) continue;
      parent.dependants.push(task);
      unmet += 1;
    }
    for (const range of new Set(on.ranges.map((named) => this.range(named)))) {
      if (range.satisfied) continue;
      range.dependants.push(task);
      unmet += 1;
    }
    return unmet;
  }

  /**
   * A task of this id ended and satisfies what depends on it; returns those that have one thing less to wait for, once
   * for each.
   */
  satisfied(idKey: string): readonly (readonly TaskNumber[])[] {
    const released: (readonly TaskNumber[])[] = [];
    const parent = this.parents.get(idKey);
    if (parent === undefined) this.parents.set(idKey, { satisfied: true, dependants: [] });
    else if (!parent.satisfied) {
      parent.satisfied = true;
      if (parent.dependants.length > 0) released.push(parent.dependants);
      parent.dependants = [];
    }
    const integer = integerOf(idKey);
    if (integer === null || this.below.has(integer)) return released;
    this.below.set(integer, integer - 1);
    const waiting = this.waiting.get(integer);
    if (waiting === undefined) return released;
    this.waiting.delete(integer);
    const next = this.unsatisfiedFrom(integer);
    let rest: Range | null = waiting;
    for (; rest !== null && rest.start > next; rest = this.withoutFirst(rest)) {
      rest.satisfied = true;
      released.push(rest.dependants);
      rest.dependants = [];
    }
    if (rest !== null) this.waitAt(next, rest);
    return released;
  }

  /** What a task waits for, in words: ids, and ranges with the integer in them that is missing. At most `limit`. */
  missing(on: DependencyIds, limit: number): readonly string[] {
    const words: string[] = [];
    for (const id of on.ids) {
      if (words.length < limit && this.parents.get(id)?.satisfied !== true) words.push(id);
    }
    for (const { start, end } of on.ranges) {
      const range = this.ranges.get(`${start}-${end}`);
      if (words.length < limit && range?.satisfied === false) words.push(`${start}-${end} (${this.unsatisfiedFrom(end)})`);
    }
    return words;
  }

  private range({ start, end }: DependencyIds['ranges'][number]): Range {
    const key = `${start}-${end}`;
    const known = this.ranges.get(key);
    if (known !== undefined) return known;
    const highest = this.unsatisfiedFrom(end);
    const range: Range = { start, satisfied: highest < start, dependants: [], others: [] };
    this.ranges.set(key, range);
    if (!range.satisfied) this.waitAt(highest, range);
    return range;
  }

  private waitAt(integer: number, range: Range): void {
    this.looks += 1;
    const there = this.waiting.get(integer);
    this.waiting.set(integer, there === undefined ? range : together(there, range));
  }

  /** The highest integer up to `from` that no task has satisfied. */
  private unsatisfiedFrom(from: number): number {
    let integer = from;
    for (let lower = this.below.get(integer); lower !== undefined; lower = this.below.get(integer)) integer = lower;
    for (let step = from; step !== integer; ) {
      const lower = this.below.get(step) ?? integer;
      this.below.set(step, integer);
      step = lower;
    }
    return integer;
  }

  /** The heap without the range that begins highest; null: that was the last. */
  private withoutFirst(heap: Range): Range | null {
    const { others } = heap;
    heap.others = [];
    // In pairs first: so each step costs but the logarithm of their number in the long run.
    while (others.length > 1) {
      const pairs = others.splice(0);
      this.looks += pairs.length;
      for (let index = 0; index < pairs.length; index += 2) {
        const [one, other] = [pairs[index], pairs[index + 1]];
        if (one !== undefined) others.push(other === undefined ? one : together(one, other));
      }
    }
    return others[0] ?? null;
  }
}

/** The ids that these tasks name as what they depend on, each once; null: they name ranges as well. */
export function namedParents(tasks: readonly { readonly intent: TaskIntent }[]): readonly string[] | null {
  const ids = new Set<string>();
  for (const { intent: { dependsOn } } of tasks) {
    if (dependsOn === null) continue;
    if (dependsOn.ranges.length > 0) return null;
    for (const id of dependsOn.ids) ids.add(id);
  }
  return [...ids];
}

interface Parent {
  satisfied: boolean;
  dependants: TaskNumber[];
}

/** Also a pairing heap of ranges: none below it begins higher. */
interface Range {
  readonly start: number;
  satisfied: boolean;
  dependants: TaskNumber[];
  others: Range[];
}

function together(one: Range, other: Range): Range {
  const [first, second] = one.start >= other.start ? [one, other] : [other, one];
  first.others.push(second);
  return first;
}

/**
 * Ids that are integers, leading zeros, however many, left out: `4`, `04` and `004` are the same to a range (task
 * semantics 6.9).
 */
function integerOf(idKey: string): number | null {
  return (/^-?0*\d{1,15}$/.test(idKey) ? Number(idKey) : null);
}
