/**
 * The columns of jobs that clients look at, kept as long as they look: the first look at a job reads all of its tasks,
 * each one after it what can have changed since.
 *
 * A task changes only while it is open. So what was open at the last look, and what is open now, is read again, and the
 * new tasks with it. Two things change what is not open. Tasks that failed are made active again, which the job counts:
 * then all that had failed are read again. Tasks are deleted: what is being deleted is open, and how many are gone is
 * counted as well: then the numbers that there are are read again.
 */
import { setImmediate } from 'node:timers/promises';
import type { JobNumber, TaskNumber } from '../../../core/keys.ts';
import type { TaskRange } from '../../../core/status.ts';
import type { JobRow } from '../../../store/intents/jobs.ts';
import { mergedRanges, openTasks } from '../../../store/intents/openTasks.ts';
import type { Database, Transaction } from '../../../store/intents/statement.ts';
import { existingTasks, MOST_PLACES, readingWindows, taskColumns, taskColumnsOf, tasksSeen, type TaskColumnsWindow, type TasksSeen } from '../../../store/intents/taskColumns.ts';
import { BatchError } from '../../../wire/errors.ts';
import { ABSENT, emptyColumns, growTo, setNumbers, setWindow, type TaskColumns } from './columns.ts';
import { numbersWhere } from './slices.ts';

/** A job with more has its rows in the order of their numbers alone. */
const MOST_TASKS = 3_000_000;
/** Of all jobs together: those that were looked at longest ago are forgotten first. */
const MOST_KEPT = 4_000_000;
const FORGET_AFTER_MS = 10 * 60_000;
/** Of numbers that are read at once: a few milliseconds write them into the columns. */
const WINDOW = MOST_PLACES;
/** Looks are at least so far apart, and as many times as far as the last one took: a tenth of a processor at most. */
const LEAST_APART_MS = 250;
const APART = 10;

interface Kept {
  readonly columns: TaskColumns;
  /** All tasks up to this number have been read. */
  through: TaskNumber;
  seen: TasksSeen;
  open: readonly TaskRange[];
  /** By the clock of `performance.now()`. */
  lookedAt: number;
  tookMs: number;
  usedAt: number;
  looking: Promise<void> | null;
}

const byDatabase = new WeakMap<Database, Map<JobNumber, Kept>>();

/**
 * The columns of a job, as they are now or were a moment ago. To be used at once: they change under the hands of who
 * waits. @throws BatchError OperationInvalidForCurrentState for a job that is too large; rejects with the signal's
 * reason.
 */
export async function columnsOf(database: Database, { job, nextTask }: Pick<JobRow, 'job' | 'nextTask'>, signal: AbortSignal): Promise<TaskColumns> {
  if (nextTask - 1 > MOST_TASKS) throw new BatchError('OperationInvalidForCurrentState', [{ key: 'Reason', value: `A job of more than ${MOST_TASKS} tasks has its tasks in the order of their numbers alone, without filter and text.` }]);
  const kept = keptOf(database, job);
  kept.usedAt = performance.now();
  const isNew = kept.through < nextTask - 1;
  if (kept.looking === null && (isNew || performance.now() - kept.lookedAt >= Math.max(LEAST_APART_MS, APART * kept.tookMs))) {
    kept.looking = look(database, job, kept, nextTask - 1).finally(() => {
      kept.looking = null;
    });
  }
  // Others may wait for the same look: it goes on when one of them has gone.
  if (kept.looking !== null) await Promise.race([kept.looking, aborted(signal)]);
  return kept.columns;
}

function keptOf(database: Database, job: JobNumber): Kept {
  const jobs = byDatabase.get(database) ?? new Map<JobNumber, Kept>();
  byDatabase.set(database, jobs);
  const now = performance.now();
  for (const [other, { usedAt }] of jobs) if (now - usedAt > FORGET_AFTER_MS) jobs.delete(other);
  const known = jobs.get(job) ?? { columns: emptyColumns(), through: 0, seen: { reactivations: 0, gone: 0, begun: 0 }, open: [], lookedAt: Number.NEGATIVE_INFINITY, tookMs: 0, usedAt: now, looking: null };
  // Last in the order of the map: the first one is the one that is forgotten.
  jobs.delete(job);
  jobs.set(job, known);
  let sum = [...jobs.values()].reduce((all, { columns }) => all + columns.length, 0);
  for (const [other, { columns }] of jobs) {
    if (sum <= MOST_KEPT || other === job) break;
    jobs.delete(other);
    sum -= columns.length;
  }
  return known;
}

function aborted(signal: AbortSignal): Promise<never> {
  return new Promise((_resolve, reject) => {
    if (signal.aborted) reject(signal.reason as Error);
    else signal.addEventListener('abort', () => reject(signal.reason as Error), { once: true });
  });
}

async function look(database: Database, job: JobNumber, kept: Kept, through: TaskNumber): Promise<void> {
  const begunAt = performance.now();
  // In this order: what becomes open after the first is found by the next look, since it is counted then.
  const seen = await tasksSeen(database, job);
  const { ranges } = await openTasks(database, job);
  const { columns } = kept;
  const known = kept.through;
  await growTo(columns, through);
  const failed = seen.reactivations === kept.seen.reactivations ? new Uint32Array(0) : await failedIn(columns);
  // Tasks above this one have no status that could have changed.
  const begun = Math.max(seen.begun, kept.seen.begun);
  const changed = mergedRanges([...kept.open, ...ranges]).map(([first, last]) => ({ after: first - 1, through: Math.min(last, begun, known), begun }));
  const wanted = [...changed, { after: known, through, begun }].filter((range) => range.after < range.through);
  if (wanted.length > 0) {
    await readingWindows(database, async (tx) => {
      for (const range of wanted) await read(tx, job, columns, range);
    });
  }
  for (let at = 0; at < failed.length; at += WINDOW) {
    const numbers = [...failed.subarray(at, at + WINDOW)];
    setNumbers(columns, await taskColumnsOf(database, job, numbers), numbers);
  }
  if (seen.gone !== kept.seen.gone) await dropGone(database, job, columns, known);
  Object.assign(kept, { through, seen, open: ranges, lookedAt: performance.now(), tookMs: performance.now() - begunAt });
}

async function read(tx: Transaction, job: JobNumber, columns: TaskColumns, { after, through, begun }: { readonly after: TaskNumber; readonly through: TaskNumber; readonly begun: TaskNumber }): Promise<void> {
  const ask = (from: TaskNumber): Promise<TaskColumnsWindow> | null => (from >= through ? null : taskColumns(tx, job, { after: from, through: Math.min(from + WINDOW, through), begun }));
  // The database reads the next window while this one is written into the columns.
  let next = ask(after);
  for (let from = after; next !== null; from += WINDOW) {
    const window = await next;
    next = ask(from + WINDOW);
    next?.catch(() => undefined);
    setWindow(columns, window, from, Math.min(from + WINDOW, through));
    await setImmediate();
  }
}

async function dropGone(database: Database, job: JobNumber, columns: TaskColumns, through: TaskNumber): Promise<void> {
  for (let from = 0; from < through; from += WINDOW) {
    const to = Math.min(from + WINDOW, through);
    const there = new Set(await existingTasks(database, job, from, to));
    const gone: TaskNumber[] = [];
    for (let number = from + 1; number <= to; number += 1) if (columns.state[number - 1] !== ABSENT && !there.has(number)) gone.push(number);
    // One that was added again meanwhile is read as it is.
    if (gone.length > 0) setNumbers(columns, await taskColumnsOf(database, job, gone), gone);
  }
}

const FAILURE = 2;

/** Numbers of the tasks that have failed, in order. */
export function failedIn({ length, result, state }: TaskColumns): Promise<Uint32Array> {
  return numbersWhere(length, (at) => result[at] === FAILURE && state[at] !== ABSENT);
}
