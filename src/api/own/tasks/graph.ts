import { setImmediate } from 'node:timers/promises';
import type { JobWithStatus } from '../../../store/intents/jobs.ts';
import { revOf } from '../../../store/intents/rev.ts';
import type { Database } from '../../../store/intents/statement.ts';
import { taskDependencies, type TaskDependencies } from '../../../store/intents/taskDependencies.ts';
import { taskIds } from '../../../store/intents/tasks.ts';
import { BatchError } from '../../../wire/errors.ts';
import type { Graph, GraphGroup } from '../../../wire/own/graph.ts';
import type { Answer } from '../../answer.ts';
import type { Parts } from '../../call.ts';
import { storedJob } from '../../data/job/view.ts';
import type { OwnCall, OwnOperation } from '../call.ts';
import { jobOf } from '../existing.ts';
import { json } from '../json.ts';
import { readNames } from '../queries.ts';
import { ABSENT, type TaskColumns } from './columns.ts';
import { grouped, type Grouped, type TaskGroup } from './grouping.ts';
import { columnsOf } from './kept.ts';
import { inSlices, numbersWhere } from './slices.ts';

export const graphOperations: readonly OwnOperation[] = [{ method: 'GET', path: '/linarite/jobs/{jobId}/graph', right: 'read', of: 'jobs', run: graph }];

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
    groups: await viewsOf(shown, columns, ids),
    edges: edges.filter(([parent, child]) => isShown.has(parent) && isShown.has(child)),
    total: { tasks: columns.count, groups: groups.length },
  } satisfies Graph);
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

async function viewsOf(groups: readonly TaskGroup[], columns: TaskColumns, ids: ReadonlyMap<number, string>): Promise<readonly GraphGroup[]> {
  const views: GraphGroup[] = [];
  for (const { id, rank, tasks, missing } of groups) views.push({ id, rank, first: missing ?? ids.get(tasks[0] ?? 0) ?? '', count: tasks.length, states: await statesOf(tasks, columns) });
  return views;
}

async function statesOf(tasks: TaskGroup['tasks'], { state, result }: TaskColumns): Promise<GraphGroup['states']> {
  const states: [number, number, number, number, number] = [0, 0, 0, 0, 0];
  await inSlices(tasks.length, (from, to) => {
    for (let at = from; at < to; at += 1) {
      const task = tasks[at] ?? 0;
      const is = state[task - 1] ?? ABSENT;
      if (is === ABSENT) continue;
      const place = is === COMPLETED && result[task - 1] === FAILURE ? COMPLETED + 1 : is;
      states[place] = (states[place] ?? 0) + 1;
    }
  });
  return states;
}
