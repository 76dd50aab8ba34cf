import type { Instant, TaskNumber } from '../../../core/keys.ts';
import type { JobWithStatus } from '../../../store/intents/jobs.ts';
import { nodeNames } from '../../../store/intents/nodes.ts';
import type { Database } from '../../../store/intents/statement.ts';
import { taskNumbersById } from '../../../store/intents/taskColumns.ts';
import { placesOf } from '../../../store/intents/taskPlaces.ts';
import { numbersByFilter } from '../../../store/intents/taskSearch.ts';
import type { Filter } from '../../../wire/odata.ts';
import type { TaskSort } from '../../../wire/own/tasks.ts';
import { ABSENT, type TaskColumns } from './columns.ts';
import { isOfColumns, namesNodes, passes } from './filter.ts';
import { columnsOf } from './kept.ts';
import { sorted } from './order.ts';
import { inSlices } from './slices.ts';
import { searchText } from './textSearch.ts';

export interface Sort {
  readonly by: TaskSort;
  readonly descending: boolean;
}

/** Which tasks of a job, and in which order. */
export interface Selecting {
  /** '': any. */
  readonly text: string;
  /** null: any. `of`: as it was asked for. */
  readonly filter: { readonly of: string; readonly filter: Filter } | null;
  readonly sort: Sort;
}

export interface Selection {
  readonly numbers: Uint32Array;
  /** False: the text was not looked for in all tasks yet. */
  readonly exact: boolean;
}

/** How long one request looks for a text. */
const TEXT_BUDGET_MS = 300;

/**
 * The tasks that are asked for, in order, as they are or, in a large job, were a moment ago. @throws BatchError as
 * `columnsOf`; rejects with the signal's reason.
 */
export async function select(database: Database, job: JobWithStatus, { text, filter, sort }: Selecting, now: Instant, signal: AbortSignal): Promise<Selection> {
  const columns = await columnsOf(database, job, signal);
  return selectFrom(database, job, columns, { text, filter, sort }, { now, signal, mayBeOld: true });
}

interface Selected {
  readonly now: Instant;
  readonly signal: AbortSignal;
  /** Whether what a request before this one found will do. */
  readonly mayBeOld: boolean;
}

async function selectFrom(database: Database, job: JobWithStatus, columns: TaskColumns, { text, filter, sort }: Selecting, { now, signal, mayBeOld }: Selected): Promise<Selection> {
  const { version, length } = columns;
  const key = `${job.job} ${sort.by} ${sort.descending} ${text} ${filter?.of ?? ''}`;
  const known = knownOf(database).get(key);
  if (known !== undefined && ((mayBeOld && isRecent(known)) || (known.version === version && known.length === length && now - known.at < keepsMs(sort)))) return known.selection;
  const begunAt = performance.now();
  const { numbers, exact } = await found(database, job, columns, { text, filter }, signal);
  const selection = { numbers: await ordered(database, job, columns, numbers, sort, now), exact };
  if (exact) remember(database, key, { selection, version, length, at: now, madeAt: performance.now(), tookMs: performance.now() - begunAt });
  return selection;
}

/** As `select`, with the search for a text gone through to its end. */
export async function selectWhole(database: Database, job: JobWithStatus, selecting: Selecting, now: Instant, signal: AbortSignal): Promise<Selection> {
  for (;;) {
    const selection = await selectFrom(database, job, await columnsOf(database, job, signal), selecting, { now, signal, mayBeOld: false });
    if (selection.exact) return selection;
  }
}

/** All tasks that there are, or those of them with the text that pass the filter; in order. */
async function found(database: Database, job: JobWithStatus, columns: TaskColumns, { text, filter }: Omit<Selecting, 'sort'>, signal: AbortSignal): Promise<Selection> {
  const isWanted = filter === null ? () => true : await passing(database, job, columns, filter.filter, signal);
  if (text === '') return { numbers: await among(columns, columns.length, (at) => at + 1, isWanted), exact: true };
  const { numbers, exact } = await searchText(database, job.job, { text, through: columns.length, budgetMs: TEXT_BUDGET_MS, signal });
  return { numbers: await among(columns, numbers.length, (at) => numbers[at] ?? 0, isWanted), exact };
}

/** The numbers of a list of `length` that are those of tasks. */
async function among(columns: TaskColumns, length: number, numberAt: (at: number) => TaskNumber, isWanted: (place: number) => boolean): Promise<Uint32Array> {
  const numbers = new Uint32Array(length);
  let count = 0;
  await inSlices(length, (from, to) => {
    for (let at = from; at < to; at += 1) {
      const number = numberAt(at);
      if (columns.state[number - 1] !== ABSENT && isWanted(number - 1)) numbers[count++] = number;
    }
  });
  return numbers.subarray(0, count);
}

/** Whether the task at a place passes. */
async function passing(database: Database, job: JobWithStatus, columns: TaskColumns, filter: Filter, signal: AbortSignal): Promise<(place: number) => boolean> {
  if (isOfColumns(filter)) {
    const ids = namesNodes(filter) ? new Map([...(await nodeNames(database, columns.nodes))].map(([node, { id }]) => [node, id])) : new Map<number, string>();
    return passes(filter, columns, ids);
  }
  const { length } = columns;
  const isWanted = await flags(length, await numbersByFilter(database, { job: job.job, nextTask: length + 1, signal }, filter, placesOf(filter)));
  return (place) => isWanted[place] === 1;
}

/** A byte a place: 1 for those of these numbers. */
async function flags(length: number, numbers: ArrayLike<TaskNumber>): Promise<Uint8Array> {
  const all = new Uint8Array(length);
  await inSlices(numbers.length, (from, to) => {
    for (let at = from; at < to; at += 1) all[(numbers[at] ?? 0) - 1] = 1;
  });
  return all;
}

async function ordered(database: Database, job: JobWithStatus, columns: TaskColumns, numbers: Uint32Array, { by, descending }: Sort, now: Instant): Promise<Uint32Array> {
  if (by === 'number') return descending ? numbers.toReversed() : numbers;
  if (by === 'id') return byId(database, job, columns, numbers, descending);
  return sorted(columns, numbers, by, descending, now);
}

const IDS_A_READ = 8_000;

async function byId(database: Database, job: JobWithStatus, columns: TaskColumns, numbers: Uint32Array, descending: boolean): Promise<Uint32Array> {
  const wanted = await flags(columns.length, numbers);
  const all = new Uint32Array(numbers.length);
  let count = 0;
  for (let after: string | null = ''; after !== null && count < all.length; ) {
    const { task, last }: Awaited<ReturnType<typeof taskNumbersById>> = await taskNumbersById(database, job.job, after, IDS_A_READ);
    for (const number of task) if (wanted[number - 1] === 1 && count < all.length) all[count++] = number;
    after = task.length < IDS_A_READ ? null : last;
  }
  const inOrder = all.subarray(0, count);
  return descending ? inOrder.toReversed() : inOrder;
}

/** What was selected, so that the next rows of the same list cost nothing; while nothing changes it stays. */
interface Known {
  readonly selection: Selection;
  /** Of the columns, as they were. */
  readonly version: number;
  readonly length: number;
  readonly at: Instant;
  /** By the clock of `performance.now()`. */
  readonly madeAt: number;
  readonly tookMs: number;
}

/** What takes longer stays for as many times as long, whatever changes: who scrolls through it does not wait. */
const QUICK_MS = 20;
const APART = 10;

function isRecent({ madeAt, tookMs }: Known): boolean {
  return tookMs > QUICK_MS && performance.now() - madeAt < APART * tookMs;
}

const byDatabase = new WeakMap<Database, Map<string, Known>>();
const MOST_KNOWN = 8;
/** Times that go on are new in each request. */
const RUNNING_KEPT_MS = 1_000;
const LONGEST_KEPT_MS = 60_000;

function keepsMs({ by }: Sort): number {
  return by === 'runTime' || by === 'waitTime' ? RUNNING_KEPT_MS : LONGEST_KEPT_MS;
}

function knownOf(database: Database): Map<string, Known> {
  const known = byDatabase.get(database) ?? new Map<string, Known>();
  byDatabase.set(database, known);
  return known;
}

function remember(database: Database, key: string, one: Known): void {
  const known = knownOf(database);
  known.delete(key);
  known.set(key, one);
  const [oldest] = known.keys();
  if (known.size > MOST_KNOWN && oldest !== undefined) known.delete(oldest);
}
