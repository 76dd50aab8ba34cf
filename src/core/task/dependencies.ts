import { addToGroup } from '../../base/groups.ts';
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
 * Equal ranges are one object. A range watches the highest of its integers that is not satisfied yet, and looks for the
 * next one below when that is: tasks end roughly in the order of their numbers, so most ranges look but a few times.
 * Runs of satisfied integers are skipped as a whole (a forest with path compression). Dependants are kept as task
 * numbers: one that has ended meanwhile is simply not found.
 */
export class Dependencies {
  readonly #parents = new Map<string, Parent>();
  readonly #ranges = new Map<string, Range>();
  /** By the integer they watch. */
  readonly #watching = new Map<number, Range[]>();
  /** For a satisfied integer: a lower one from which to look on for one that is not. */
  readonly #below = new Map<number, number>();

  /** Enters a dependant; returns of how many ids and ranges it has to wait. */
  wait(task: TaskNumber, on: DependencyIds): number {
    let unmet = 0;
    for (const id of new Set(on.ids)) {
      let parent = this.#parents.get(id);
      if (parent === undefined) {
        parent = { satisfied: false, dependants: [] };
        this.#parents.set(id, parent);
      }
      if (parent.satisfied) continue;
      parent.dependants.push(task);
      unmet += 1;
    }
    for (const key of new Set(on.ranges.map(({ start, end }) => `${start}-${end}`))) {
      const range = this.#range(key, on);
      if (range.watched === null) continue;
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
    const parent = this.#parents.get(idKey);
    if (parent === undefined) this.#parents.set(idKey, { satisfied: true, dependants: [] });
    else if (!parent.satisfied) {
      parent.satisfied = true;
      if (parent.dependants.length > 0) released.push(parent.dependants);
      parent.dependants = [];
    }
    const integer = integerOf(idKey);
    if (integer === null || this.#below.has(integer)) return released;
    this.#below.set(integer, integer - 1);
    const watchers = this.#watching.get(integer);
    if (watchers === undefined) return released;
    this.#watching.delete(integer);
    for (const range of watchers) {
      this.#watch(range);
      if (range.watched !== null) continue;
      released.push(range.dependants);
      range.dependants = [];
    }
    return released;
  }

  /** What a task waits for, in words: ids, and ranges with the integer in them that is missing. At most `limit`. */
  missing(on: DependencyIds, limit: number): readonly string[] {
    const words: string[] = [];
    for (const id of on.ids) {
      if (words.length < limit && this.#parents.get(id)?.satisfied !== true) words.push(id);
    }
    for (const { start, end } of on.ranges) {
      const range = this.#ranges.get(`${start}-${end}`);
      if (words.length < limit && range !== undefined && range.watched !== null) words.push(`${start}-${end} (${range.watched})`);
    }
    return words;
  }

  #range(key: string, on: DependencyIds): Range {
    const known = this.#ranges.get(key);
    if (known !== undefined) return known;
    const { start, end } = on.ranges.find((range) => `${range.start}-${range.end}` === key) ?? { start: 0, end: -1 };
    const range: Range = { start, end, watched: end, dependants: [] };
    this.#ranges.set(key, range);
    this.#watch(range);
    return range;
  }

  #watch(range: Range): void {
    const highest = this.#unsatisfiedFrom(range.watched ?? range.end);
    if (highest < range.start) {
      range.watched = null;
      return;
    }
    range.watched = highest;
    addToGroup(this.#watching, highest, range);
  }

  /** The highest integer up to `from` that no task has satisfied. */
  #unsatisfiedFrom(from: number): number {
    let integer = from;
    for (let lower = this.#below.get(integer); lower !== undefined; lower = this.#below.get(integer)) integer = lower;
    for (let step = from; step !== integer; ) {
      const lower = this.#below.get(step) ?? integer;
      this.#below.set(step, integer);
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
  readonly end: number;
  /** null: all are satisfied. */
  watched: number | null;
  dependants: TaskNumber[];
}

/**
 * Ids that are integers, leading zeros, however many, left out: `4`, `04` and `004` are the same to a range (task
 * semantics 6.9).
 */
function integerOf(idKey: string): number | null {
  return (/^-?0*\d{1,15}$/.test(idKey) ? Number(idKey) : null);
}
