import type { FailureInfo } from '../../../core/status.ts';
import type { Instant } from '../../../core/keys.ts';
import type { JobWithStatus } from '../../../store/intents/jobs.ts';
import { taskNodeNames, type TaskNodeName } from '../../../store/intents/nodes.ts';
import { revOf } from '../../../store/intents/rev.ts';
import type { Database } from '../../../store/intents/statement.ts';
import { taskLines, type TaskLine } from '../../../store/intents/tasks.ts';
import { invalidQuery } from '../../../wire/errors.ts';
import { operations } from '../../../wire/operations.ts';
import { TASK_SORTS, type TaskRow, type TaskRows } from '../../../wire/own/tasks.ts';
import { readFilter } from '../../../wire/query.ts';
import { formatTimestamp } from '../../../wire/timestamps.ts';
import type { Answer } from '../../answer.ts';
import type { Parts } from '../../call.ts';
import { viewOfTask } from '../../data/task/view.ts';
import type { OwnCall, OwnOperation } from '../call.ts';
import { jobOf } from '../existing.ts';
import { json } from '../json.ts';
import { readNames, readWhole } from '../queries.ts';
import { select, type Selecting, type Sort } from './selection.ts';

export const taskRowOperations: readonly OwnOperation[] = [{ method: 'GET', path: '/linarite/jobs/{jobId}/tasks', right: 'read', of: 'jobs', run: taskRows }];

const MOST_ROWS = 1_000;
const ROWS = 200;
/** Numbers are below it in any case. */
const MOST = 1_000_000_000;

/** @throws BatchError JobNotFound, InvalidQueryParameterValue, and as `select`. */
async function taskRows(call: OwnCall, { database }: Parts): Promise<Answer> {
  const { from: fromText, count: countText, ...asked } = readNames(call.query, ['q', 'filter', 'sort', 'from', 'count']);
  const from = readWhole('from', fromText, { least: 0, most: MOST, usual: 0 });
  const count = readWhole('count', countText, { least: 0, most: MOST_ROWS, usual: ROWS });
  const selecting = readSelecting(asked);
  const rev = await revOf(database, call.account);
  const job = await jobOf(call, database);
  const { numbers, total, exact } = await rowsAsked(database, job, selecting, { from, count }, call);
  const lines = await taskLines(database, job.job, numbers);
  const nodes = await taskNodeNames(database, lines.flatMap(({ node }) => node ?? []));
  return json(200, { rev, total, exact, from, rows: lines.map((line) => taskRow(line, nodes, call.now)) } satisfies TaskRows);
}

/** @throws BatchError InvalidQueryParameterValue. */
export function readSelecting({ q, filter, sort }: { readonly q: string; readonly filter: string; readonly sort: string }): Selecting {
  const parsed = filter === '' ? undefined : readFilter(filter, LIST_OF_TASKS);
  return { text: q, filter: parsed === undefined ? null : { of: filter, filter: parsed }, sort: readSort(sort) };
}

const LIST_OF_TASKS = listOfTasks();

function listOfTasks() {
  const found = operations.find(({ id }) => id === 'Task_List');
  if (found === undefined) throw new Error('the data plane has no Task_List');
  return found;
}

function readSort(text: string): Sort {
  const name = text.startsWith('-') ? text.slice(1) : text;
  const by = text === '' ? 'number' : TASK_SORTS.find((known) => known === name);
  if (by === undefined) throw invalidQuery('sort', text, `There are ${TASK_SORTS.join(', ')}, each with or without - before it.`);
  return { by, descending: text.startsWith('-') };
}

interface Window {
  readonly from: number;
  readonly count: number;
}

async function rowsAsked(database: Database, job: JobWithStatus, selecting: Selecting, { from, count }: Window, { now, signal }: OwnCall): Promise<{ readonly numbers: readonly number[]; readonly total: number; readonly exact: boolean }> {
  if (isByNumber(job, selecting)) {
    const total = job.nextTask - 1;
    const numbers = Array.from({ length: Math.max(0, Math.min(count, total - from)) }, (_, place) => (selecting.sort.descending ? total - from - place : from + place + 1));
    return { numbers, total, exact: true };
  }
  const selection = await select(database, job, selecting, now, signal);
  return { numbers: [...selection.numbers.subarray(from, from + count)], total: selection.numbers.length, exact: selection.exact };
}

/** Rows and numbers are the same: all tasks are asked for, in their order, and none was ever deleted. */
function isByNumber({ ingested, tasksActive, tasksRunning, tasksSucceeded, tasksFailed }: JobWithStatus, { text, filter, sort }: Selecting): boolean {
  const counted = (tasksActive ?? 0) + (tasksRunning ?? 0) + (tasksSucceeded ?? 0) + (tasksFailed ?? 0);
  return text === '' && filter === null && sort.by === 'number' && counted === (ingested ?? 0);
}

export function taskRow(line: TaskLine, nodes: ReadonlyMap<number, TaskNodeName>, now: Instant): TaskRow {
  const { state, since } = viewOfTask(line);
  const began = state !== 'active';
  const ended = state === 'completed';
  const node = began && line.node !== null ? nodes.get(line.node) : undefined;
  const startedAt = began ? line.startedAt : null;
  const endedAt = ended ? line.endedAt : null;
  const failure = ended && line.failure !== null ? (JSON.parse(line.failure) as FailureInfo) : null;
  return {
    number: line.task,
    id: line.id,
    state,
    since: formatTimestamp(since),
    ...(ended && line.result !== null ? { result: line.result } : {}),
    ...(ended && line.exitCode !== null ? { exitCode: line.exitCode } : {}),
    ...(failure === null ? {} : { failure: { code: failure.code, message: failure.message } }),
    ...(node === undefined ? {} : { node: node.id, ...(node.poolId === null ? {} : { pool: node.poolId }) }),
    retries: line.retryCount ?? 0,
    requeues: line.requeueCount ?? 0,
    createdAt: formatTimestamp(line.createdAt),
    ...(startedAt === null ? {} : { startedAt: formatTimestamp(startedAt), runMs: Math.max(0, (endedAt ?? now) - startedAt) }),
    ...(endedAt === null ? {} : { endedAt: formatTimestamp(endedAt) }),
    waitMs: Math.max(0, (startedAt ?? endedAt ?? now) - line.createdAt),
    requiredSlots: line.requiredSlots,
    commandLine: line.commandLine,
  };
}
