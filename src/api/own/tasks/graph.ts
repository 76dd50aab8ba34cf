import { setImmediate } from 'node:timers/promises';
import type { Instant, TaskNumber } from '../../../core/keys.ts';
import type { JobWithStatus } from '../../../store/intents/jobs.ts';
import { revOf } from '../../../store/intents/rev.ts';
import type { Database } from '../../../store/intents/statement.ts';
import { taskDependencies, type TaskDependencies } from '../../../store/intents/taskDependencies.ts';
import { findTask, taskIds } from '../../../store/intents/tasks.ts';
import { BatchError, invalidQuery } from '../../../wire/errors.ts';
import { GRAPH_STATES, type Graph, type GraphGroup, type GraphState, type GraphTasks } from '../../../wire/own/graph.ts';
import type { Answer } from '../../answer.ts';
import type { Parts } from '../../call.ts';
import { storedJob } from '../../data/job/view.ts';
import type { OwnCall, OwnOperation } from '../call.ts';
import { jobOf } from '../existing.ts';
import { json } from '../json.ts';
import { readNames, readWhole } from '../queries.ts';
import { ABSENT, type TaskColumns } from './columns.ts';
import { grouped, type Grouped, type TaskGroup } from './grouping.ts';
import { columnsOf } from './kept.ts';
import { runMs } from './order.ts';
import { inSlices, numbersWhere } from './slices.ts';

export const graphOperations: readonly OwnOperation[] = [
  { method: 'GET', path: '/linarite/jobs/{jobId}/graph', right: 'read', of: 'jobs', run: graph },
  { method: 'GET', path: '/linarite/jobs/{jobId}/graph/tasks', right: 'read', of: 'jobs', run: graphTasks },
];

const MOST_GROUPS = 2_000;
/** Dependencies of more tasks are not put together: it would take seconds of the service. */
const MOST_TASKS = 200_000;
const WINDOW = 4_000;

/** @throws BatchError JobNotFound, OperationInvalidForCurrentState for a job that is too large. */
async function graph(call: OwnCall, { database }: Parts): Promise<Answer> {
  readNames(call.query, []);
  const rev = await revOf(database, call.account);
  const job = await jobOf(call, database);
  const columns = await columnsOf(database, job, call.signal);
  const { groups, edges } = await groupsOf(database, job, columns, call.signal);
  const shown = groups.toSorted((one, other) => one.rank - other.rank || one.id - other.id).slice(0, MOST_GROUPS);
  const ids = await taskIds(database, job.job, shown.flatMap(({ tasks }) => tasks[0] ?? []));
  const isShown = new Set(shown.map(({ id }) => id));
  return json(200, {
    rev,
    groups: await viewsOf(shown, columns, { ids, now: call.now }),
    edges: edges.filter(([parent, child]) => isShown.has(parent) && isShown.has(child)),
    total: { tasks: columns.count, groups: groups.length },
  } satisfies Graph);
}

const MOST_LISTED = 1_000;

/** Some tasks of the group whose first task is named. @throws BatchError as `graph`; TaskNotFound. */
async function graphTasks(call: OwnCall, { database }: Parts): Promise<Answer> {
  const asked = readNames(call.query, ['first', 'state', 'from', 'count']);
  const from = readWhole('from', asked.from, { least: 0, most: Number.MAX_SAFE_INTEGER, usual: 0 });
  const count = readWhole('count', asked.count, { least: 1, most: MOST_LISTED, usual: 50 });
  const wanted = GRAPH_STATES.find((name) => name === asked.state);
  if (asked.state !== '' && wanted === undefined) throw invalidQuery('state', asked.state, `There are ${GRAPH_STATES.join(', ')}.`);
  const rev = await revOf(database, call.account);
  const job = await jobOf(call, database);
  const task = await findTask(database, job.job, asked.first);
  const columns = await columnsOf(database, job, call.signal);
  const { groups } = await groupsOf(database, job, columns, call.signal);
  const group = task === null ? undefined : groups.find(({ tasks }) => tasks[0] === task.task);
  if (group === undefined) throw new BatchError('TaskNotFound');
  const found = Array.from(group.tasks).flatMap((number) => {
    const state = stateOf(columns, number);
    return state !== null && (wanted === undefined || wanted === state) ? [{ number, state }] : [];
  });
  const shown = found.slice(from, from + count);
  const ids = await taskIds(database, job.job, shown.map(({ number }) => number));
  return json(200, { rev, from, total: found.length, tasks: shown.flatMap(({ number, state }) => (ids.has(number) ? [{ id: ids.get(number) ?? '', state }] : [])) } satisfies GraphTasks);
}

async function groupsOf(database: Database, job: JobWithStatus, columns: TaskColumns, signal: AbortSignal): Promise<Grouped> {
  if (!storedJob(job).usesTaskDependencies) {
    const tasks = await numbersWhere(columns.length, (at) => columns.state[at] !== ABSENT);
    return { groups: tasks.length === 0 ? [] : [{ id: 0, rank: 0, tasks, missing: null }], edges: [] };
  }
  if (columns.length > MOST_TASKS) throw new BatchError('OperationInvalidForCurrentState', [{ key: 'Reason', value: `The graph of a job of more than ${MOST_TASKS} tasks with dependencies is not drawn.` }]);
  const all: TaskDependencies[] = [];
  for (let from = 0; from < columns.length; from += WINDOW) {
    signal.throwIfAborted();
    for (const task of await taskDependencies(database, job.job, from, from + WINDOW)) all.push(task);
    await setImmediate();
  }
  return grouped(all);
}

const COMPLETED = 3;
const FAILURE = 2;

async function viewsOf(groups: readonly TaskGroup[], columns: TaskColumns, { ids, now }: { readonly ids: ReadonlyMap<number, string>; readonly now: Instant }): Promise<readonly GraphGroup[]> {
  const views: GraphGroup[] = [];
  for (const { id, rank, tasks, missing } of groups) views.push({ id, rank, first: missing ?? ids.get(tasks[0] ?? 0) ?? '', count: tasks.length, ...(await sumsOf(tasks, columns, now)) });
  return views;
}

async function sumsOf(tasks: TaskGroup['tasks'], columns: TaskColumns, now: Instant): Promise<Pick<GraphGroup, 'states' | 'longestMs'>> {
  const states: [number, number, number, number, number] = [0, 0, 0, 0, 0];
  let longestMs = 0;
  await inSlices(tasks.length, (from, to) => {
    for (let at = from; at < to; at += 1) {
      const task = tasks[at] ?? 0;
      const state = stateOf(columns, task);
      if (state === null) continue;
      const place = GRAPH_STATES.indexOf(state);
      states[place] = (states[place] ?? 0) + 1;
      longestMs = Math.max(longestMs, runMs(columns, task - 1, now) ?? 0);
    }
  });
  return { states, longestMs };
}

/** null: there is no such task any more. */
function stateOf({ state, result }: TaskColumns, task: TaskNumber): GraphState | null {
  const is = state[task - 1] ?? ABSENT;
  if (is === ABSENT) return null;
  return GRAPH_STATES[is === COMPLETED && result[task - 1] === FAILURE ? COMPLETED + 1 : is] ?? null;
}
