import type { TaskNumber } from '../../../core/keys.ts';
import type { TaskDependencies } from '../../../store/intents/taskDependencies.ts';
import { inSlices } from './slices.ts';

/** Tasks that wait for the same and are waited for by the same. */
export interface TaskGroup {
  readonly id: number;
  rank: number;
  readonly tasks: ArrayLike<TaskNumber>;
  /** Of one that others name and that does not exist: the id by which they do. */
  readonly missing: string | null;
}

/** While tasks are put together. */
interface Growing extends TaskGroup {
  readonly tasks: TaskNumber[];
}

export interface Grouped {
  readonly groups: readonly TaskGroup[];
  /** The second waits for the first. */
  readonly edges: readonly (readonly [number, number])[];
}

/** Integers of a range that are looked up one by one: larger ranges are looked through by the tasks there are. */
const SMALL_RANGE = 1_000;

/**
 * Puts tasks that are equal in a job's graph together: first those that ask for the same, then of these those that the
 * same ones ask for.
 */
export async function grouped(tasks: readonly TaskDependencies[]): Promise<Grouped> {
  const { askers, askerOf } = await byWhatTheyAsk(tasks);
  const place = new Map(tasks.map(({ idKey }, index) => [idKey, index]));
  const byNumber = tasks.flatMap(({ idKey }, index): readonly (readonly [number, number])[] => (/^-?(0|[1-9]\d{0,9})$/.test(idKey) ? [[Number(idKey), index]] : [])).toSorted(([one], [other]) => one - other);
  const parents: Parents[] = [];
  await inSlices(askers.length, (from, to) => {
    for (const { dependsOn } of askers.slice(from, to)) parents.push(parentsOf(dependsOn, place, byNumber));
  });
  /** By task: the askers that name it, in order, as text. */
  const namedBy: string[] = tasks.map(() => '');
  for (const [asker, { indexes }] of parents.entries()) {
    await inSlices(indexes.length, (from, to) => {
      for (const index of indexes.slice(from, to)) namedBy[index] += `${asker} `;
    });
  }
  const groups: Growing[] = [];
  const groupOf: number[] = [];
  const known = new Map<string, number>();
  const add = ({ task }: TaskDependencies, index: number): void => {
    const key = `${askerOf[index]}|${namedBy[index]}`;
    let id = known.get(key);
    if (id === undefined) {
      id = groups.push({ id: groups.length, rank: 0, tasks: [], missing: null }) - 1;
      known.set(key, id);
    }
    groups[id]?.tasks.push(task);
    groupOf[index] = id;
  };
  await inSlices(tasks.length, (from, to) => tasks.slice(from, to).forEach((task, place) => add(task, from + place)));
  return linked(groups, askers, parents, groupOf);
}

/** Tasks that wait for the same. */
interface Asker {
  readonly dependsOn: TaskDependencies['dependsOn'];
  readonly members: number[];
}

/** `askerOf`: which of them each task is one of. */
async function byWhatTheyAsk(tasks: readonly TaskDependencies[]): Promise<{ readonly askers: readonly Asker[]; readonly askerOf: readonly number[] }> {
  const known = new Map<string, number>();
  const all: Asker[] = [];
  const of: number[] = [];
  const add = ({ dependsOn }: TaskDependencies, index: number): void => {
    const key = dependsOn === null ? '' : JSON.stringify([[...dependsOn.ids].toSorted(), dependsOn.ranges]);
    let asker = known.get(key);
    if (asker === undefined) {
      asker = all.push({ dependsOn, members: [] }) - 1;
      known.set(key, asker);
    }
    all[asker]?.members.push(index);
    of[index] = asker;
  };
  await inSlices(tasks.length, (from, to) => tasks.slice(from, to).forEach((task, place) => add(task, from + place)));
  return { askers: all, askerOf: of };
}

interface Parents {
  readonly indexes: readonly number[];
  /** Ids that are asked for by name and do not exist. */
  readonly missing: readonly string[];
}

function parentsOf(dependsOn: TaskDependencies['dependsOn'], place: ReadonlyMap<string, number>, byNumber: readonly (readonly [number, number])[]): Parents {
  if (dependsOn === null) return { indexes: [], missing: [] };
  const indexes = new Set<number>();
  const missing: string[] = [];
  for (const id of dependsOn.ids) {
    const index = place.get(id);
    if (index === undefined) missing.push(id);
    else indexes.add(index);
  }
  for (const { start, end } of dependsOn.ranges) {
    if (end - start <= SMALL_RANGE) {
      for (let number = start; number <= end; number += 1) {
        const index = place.get(String(number));
        if (index !== undefined) indexes.add(index);
      }
    } else for (const [number, index] of byNumber) if (number >= start && number <= end) indexes.add(index);
  }
  return { indexes: [...indexes], missing };
}

async function linked(groups: Growing[], askers: readonly Asker[], parents: readonly Parents[], groupOf: readonly number[]): Promise<Grouped> {
  const missingGroups = new Map<string, number>();
  const edges = new Map<string, readonly [number, number]>();
  const link = ({ members }: Asker, asker: number): void => {
    const children = new Set(members.map((index) => groupOf[index] ?? 0));
    const { indexes, missing } = parents[asker] ?? { indexes: [], missing: [] };
    const from = new Set(indexes.map((index) => groupOf[index] ?? 0));
    for (const id of missing) from.add(missingGroupOf(groups, missingGroups, id));
    for (const parent of from) for (const child of children) if (parent !== child) edges.set(`${parent} ${child}`, [parent, child]);
  };
  await inSlices(askers.length, (from, to) => askers.slice(from, to).forEach((asker, place) => link(asker, from + place)));
  const all = [...edges.values()];
  rank(groups, all);
  return { groups, edges: all };
}

function missingGroupOf(groups: Growing[], known: Map<string, number>, id: string): number {
  const found = known.get(id);
  if (found !== undefined) return found;
  const made = groups.push({ id: groups.length, rank: 0, tasks: [], missing: id }) - 1;
  known.set(id, made);
  return made;
}

/** The longest way to each group. Tasks that wait for each other in a circle keep rank 0: they never run. */
function rank(groups: readonly TaskGroup[], edges: readonly (readonly [number, number])[]): void {
  const children = new Map<number, number[]>();
  const waiting = new Map<number, number>();
  for (const [parent, child] of edges) {
    children.set(parent, [...(children.get(parent) ?? []), child]);
    waiting.set(child, (waiting.get(child) ?? 0) + 1);
  }
  const ready = groups.filter(({ id }) => !waiting.has(id)).map(({ id }) => id);
  for (const parent of ready) {
    for (const child of children.get(parent) ?? []) {
      const group = groups[child];
      if (group !== undefined) group.rank = Math.max(group.rank, (groups[parent]?.rank ?? 0) + 1);
      const left = (waiting.get(child) ?? 0) - 1;
      waiting.set(child, left);
      if (left === 0) ready.push(child);
    }
  }
}
