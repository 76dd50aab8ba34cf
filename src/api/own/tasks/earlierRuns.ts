/** Attempts of a job's tasks before their present or last ones, from what the account has told. */
import type { Instant, TaskNumber } from '../../../core/keys.ts';
import type { Cause } from '../../../core/status.ts';
import type { TaskTransition } from '../../../core/transitions/transition.ts';
import type { JobWithStatus } from '../../../store/intents/jobs.ts';
import { positionBefore, readTransitions, type Position } from '../../../store/transitions.ts';
import type { Outcome } from '../../../wire/own/timeline.ts';
import type { Parts } from '../../call.ts';
import type { OwnCall } from '../call.ts';
import type { TaskColumns } from './columns.ts';

/** An attempt that another has followed, or will. */
export interface EarlierRun {
  readonly task: TaskNumber;
  /** Its number. */
  readonly node: number;
  readonly startedAt: Instant;
  readonly endedAt: Instant;
  readonly outcome: Outcome;
}

/** What is known of them up to a position. */
export interface EarlierRuns {
  readonly runs: EarlierRun[];
  /** Attempts that run, and last ones that have failed: another may follow. */
  readonly open: Map<TaskNumber, Pick<EarlierRun, 'node' | 'startedAt'>>;
  readonly failed: Map<TaskNumber, EarlierRun>;
}

export function noEarlierRuns(): EarlierRuns {
  return { runs: [], open: new Map(), failed: new Map() };
}

/** Of more the first are known. */
const MOST_RUNS = 200_000;

/** Takes in what a task of the job has told, in order. */
export function noteTransition({ runs, open, failed }: EarlierRuns, { kind, task, node, at, startedAt = at, endedAt = at, cause }: TaskTransition): void {
  const begun = open.get(task);
  const last = failed.get(task);
  switch (kind) {
    case 'task.running':
      if (node !== undefined) open.set(task, { node, startedAt });
      return;
    case 'task.requeued':
      open.delete(task);
      if (begun !== undefined && runs.length < MOST_RUNS) runs.push({ ...begun, task, endedAt, outcome: outcomeOf(cause) });
      return;
    case 'task.failed':
      open.delete(task);
      if (begun !== undefined) failed.set(task, { ...begun, task, endedAt, outcome: 2 });
      return;
    case 'task.reactivated':
      failed.delete(task);
      if (last !== undefined && runs.length < MOST_RUNS) runs.push(last);
      return;
    case 'task.succeeded':
    case 'task.deleted':
      open.delete(task);
      failed.delete(task);
      return;
    case 'task.created':
    case 'task.preparing':
      return;
  }
}

/** Why an attempt was given up. */
function outcomeOf(cause: Cause | undefined): Outcome {
  if (cause === 'retry') return 2;
  return cause === 'nodePreempted' || cause === 'preempted' ? 3 : 4;
}

interface Kept {
  readonly known: EarlierRuns;
  position: Position | null;
  isAll: boolean;
  reading: Promise<void> | null;
}

/** As long as the columns of a job are kept. */
const byColumns = new WeakMap<TaskColumns, Kept>();

/** How long transitions are read for one answer: who asks again is told of more. */
const BUDGET_MS = 400;
const ROWS_AT_ONCE = 50;
/** What makes a job is told a tick after its row was written; clocks of processes differ. */
const CLOCKS_MS = 60_000;

/** `isAll`: that is what is kept of the job's time, up to now. */
export async function earlierRuns(columns: TaskColumns, job: JobWithStatus, call: OwnCall, { database }: Pick<Parts, 'database'>): Promise<{ readonly runs: readonly EarlierRun[]; readonly isAll: boolean }> {
  const kept = byColumns.get(columns) ?? { known: noEarlierRuns(), position: null, isAll: false, reading: null };
  byColumns.set(columns, kept);
  kept.reading ??= readOn(kept, job, call, database).finally(() => {
    kept.reading = null;
  });
  await kept.reading;
  return { runs: kept.known.runs, isAll: kept.isAll };
}

async function readOn(kept: Kept, job: JobWithStatus, { account }: OwnCall, database: Parts['database']): Promise<void> {
  const until = performance.now() + BUDGET_MS;
  kept.position ??= await positionBefore(database, account, job.createdAt - CLOCKS_MS);
  // Nothing is kept of that time.
  if (kept.position === null) kept.isAll = true;
  while (kept.position !== null && performance.now() < until) {
    const { rows, next, isEnd } = await readTransitions(database, account, kept.position, ROWS_AT_ONCE);
    // Of the tick that the position is in, what comes after its place.
    for (const { tick, epoch, first, transitions } of rows) {
      const { position } = kept;
      const seen = position.epoch === epoch && position.tick === tick ? Math.max(0, position.place + 1 - first) : 0;
      for (const one of transitions.slice(seen)) if ('task' in one && one.job === job.job) noteTransition(kept.known, one);
    }
    kept.position = next;
    kept.isAll = isEnd;
    if (isEnd) return;
  }
}
