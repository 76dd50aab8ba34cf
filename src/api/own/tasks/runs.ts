import type { Instant, TaskNumber } from '../../../core/keys.ts';
import { NOTHING } from '../../../store/intents/taskColumns.ts';
import type { Outcome } from '../../../wire/own/timeline.ts';
import { ABSENT, type TaskColumns } from './columns.ts';
import type { EarlierRun } from './earlierRuns.ts';
import { sorted } from './order.ts';
import { inSlices, numbersWhere } from './slices.ts';

/**
 * An attempt of a job: the number of a task, for its present or last one; below zero, an earlier one by its place in
 * the list of those.
 */
export type Run = number;

/** The attempts of a job that have begun. */
export interface Runs {
  readonly columns: TaskColumns;
  readonly earlier: readonly EarlierRun[];
  /** By when they began. */
  readonly inOrder: Int32Array;
}

const FAILURE = 2;

/** Earlier ones of tasks that are gone are left out. */
export async function runsOf(columns: TaskColumns, earlier: readonly EarlierRun[], now: Instant): Promise<Runs> {
  const { length, state, started, node } = columns;
  const begun = await numbersWhere(length, (at) => state[at] !== ABSENT && started[at] !== NOTHING && node[at] !== 0);
  const present = await sorted(columns, begun, 'started', false, now);
  const before = earlier.flatMap(({ task }, place) => (state[task - 1] === ABSENT ? [] : [-place - 1])).toSorted((one, other) => (earlier[-one - 1]?.startedAt ?? 0) - (earlier[-other - 1]?.startedAt ?? 0));
  return { columns, earlier, inOrder: await merged({ columns, earlier, inOrder: NONE }, present, before) };
}

const NONE = new Int32Array();

async function merged(runs: Runs, present: Uint32Array, before: readonly Run[]): Promise<Int32Array> {
  const all = new Int32Array(present.length + before.length);
  let [filled, place] = [0, 0];
  await inSlices(present.length, (from, to) => {
    for (const run of present.subarray(from, to)) {
      for (let next = before[place]; next !== undefined && startOf(runs, next) <= startOf(runs, run); next = before[place]) {
        all[filled++] = next;
        place += 1;
      }
      all[filled++] = run;
    }
  });
  all.set(before.slice(place), filled);
  return all;
}

function earlierOf({ earlier }: Runs, run: Run): EarlierRun {
  const found = earlier[-run - 1];
  if (found === undefined) throw new Error(`there is no earlier run ${run}`);
  return found;
}

export function startOf(runs: Runs, run: Run): Instant {
  return run > 0 ? (runs.columns.started[run - 1] ?? 0) : earlierOf(runs, run).startedAt;
}

/** `NOTHING`: it runs. */
export function endOf(runs: Runs, run: Run): Instant {
  return run > 0 ? (runs.columns.ended[run - 1] ?? NOTHING) : earlierOf(runs, run).endedAt;
}

export function taskOf(runs: Runs, run: Run): TaskNumber {
  return run > 0 ? run : earlierOf(runs, run).task;
}

/** Its number. */
export function nodeOf(runs: Runs, run: Run): number {
  return run > 0 ? (runs.columns.nodes[runs.columns.node[run - 1] ?? 0] ?? 0) : earlierOf(runs, run).node;
}

export function outcomeOf(runs: Runs, run: Run): Outcome {
  if (run < 0) return earlierOf(runs, run).outcome;
  const { ended, result } = runs.columns;
  return ended[run - 1] === NOTHING ? 1 : result[run - 1] === FAILURE ? 2 : 0;
}
