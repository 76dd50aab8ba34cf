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
 * that wait there: a heap by where they begin. When that integer is satisfied, those that begin above the next one
 * below it are done, and the rest moves on to that one, fewer always to more. So a range is looked at a few times, in
 * whatever order tasks end. Runs of satisfied integers are skipped as a whole (a forest with path compression).
 * Dependants are kept as task numbers: one that has ended meanwhile is simply not found.
 */
export class Dependencies {
  private readonly parents = new Map<string, Parent>();
  private readonly ranges = new Map<string, Range>();
  /** By the integer at which they wait: the one first that begins highest. */
  private readonly waiting = new Map<number, Range[]>();
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
    for (let first = waiting[0]; first !== undefined && first.start > next; first = waiting[0]) {
      this.removeFirst(waiting);
      first.satisfied = true;
      released.push(first.dependants);
      first.dependants = [];
    }
    if (waiting.length > 0) this.waitAt(next, waiting);
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
    const range: Range = { start, satisfied: highest < start, dependants: [] };
    this.ranges.set(key, range);
    if (!range.satisfied) this.waitAt(highest, [range]);
    return range;
  }

  private waitAt(integer: number, ranges: Range[]): void {
    const there = this.waiting.get(integer);
    const [more, fewer] = there === undefined || there.length < ranges.length ? [ranges, there ?? []] : [there, ranges];
    for (const range of fewer) this.add(more, range);
    this.waiting.set(integer, more);
  }

  private add(heap: Range[], range: Range): void {
    let child = heap.length;
    heap.push(range);
    while (child > 0) {
      const parent = (child - 1) >> 1;
      const above = heap[parent];
      this.looks += 1;
      if (above === undefined || above.start >= range.start) break;
      heap[child] = above;
      child = parent;
    }
    heap[child] = range;
  }

  private removeFirst(heap: Range[]): void {
    const last = heap.pop();
    if (last === undefined || heap.length === 0) return;
    let parent = 0;
    for (;;) {
      const left = parent * 2 + 1;
      const child = (heap[left + 1]?.start ?? Number.NEGATIVE_INFINITY) > (heap[left]?.start ?? 0) ? left + 1 : left;
      const below = heap[child];
      this.looks += 1;
      if (below === undefined || below.start <= last.start) break;
      heap[parent] = below;
      parent = child;
    }
    heap[parent] = last;
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

interface Range {
  readonly start: number;
  satisfied: boolean;
  dependants: TaskNumber[];
}

/**
 * Ids that are integers, leading zeros, however many, left out: `4`, `04` and `004` are the same to a range (task
 * semantics 6.9).
 */
function integerOf(idKey: string): number | null {
  return (/^-?0*\d{1,15}$/.test(idKey) ? Number(idKey) : null);
}
