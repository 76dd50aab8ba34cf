import type { JobWithStatus } from '../../../store/intents/jobs.ts';
import { taskNodeNames } from '../../../store/intents/nodes.ts';
import { type Keyed, listAllTasks, listTasks } from '../../../store/intents/taskPages.ts';
import { idsAskedFor } from '../../../store/intents/taskPlaces.ts';
import { searchById } from '../../../store/intents/taskSearch.ts';
import type { TaskWithStatus } from '../../../store/intents/tasks.ts';
import { dataContract } from '../../../wire/dataContract.ts';
import { applySelect } from '../../../wire/query.ts';
import type { Call, Handler, Parts } from '../../call.ts';
import { existingJob } from '../job/handlers.ts';
import { storedJob } from '../job/view.ts';
import { pageStart, skipToken, streamedList } from '../paging.ts';
import { isWithStats, statsOfTask } from '../statistics.ts';
import { taskText } from './text.ts';
import { viewOfTask, wireTask, type TaskContext } from './view.ts';

/**
 * Task_List, in the order of ids (recorded); with a filter that does not say with which ids, where one page does not
 * hold all, in the order in which tasks were added.
 */
export const listTasksHandler: Handler = async (call, parts) => {
  const { select } = call.query;
  const job = await existingJob(call, parts);
  const { tasks, token } = await pageOf(call, parts, job);
  const context = await contextOf(call, parts, job, tasks.flatMap(({ node }) => (node === null ? [] : [node])));
  const withStats = isWithStats(call);
  const text = (row: TaskWithStatus): string => {
    if (select === undefined && !withStats) return taskText(row, call.version, context);
    const wire = wireTask(row, context);
    return JSON.stringify(applySelect(dataContract.writeBody('Task', call.version, { ...wire, ...statsOfTask(call, row, wire.url ?? '') }), select));
  };
  return streamedList(call, 'tasks', tasks, text, token);
};

interface Page {
  readonly tasks: readonly TaskWithStatus[];
  /** null: it is the last one. */
  readonly token: string | null;
}

async function pageOf(call: Call, parts: Parts, job: JobWithStatus): Promise<Page> {
  const { maxResults, filter } = call.query;
  const limit = maxResults + 1;
  if (filter === undefined) {
    const { tasks, cut } = await listAllTasks(parts.database, { job: job.job, after: pageStart(call, 'tasks', ''), limit });
    return byIds('tasks', tasks, cut, maxResults);
  }
  const ids = idsAskedFor(filter);
  if (ids !== null) {
    const { tasks, cut } = await searchById(parts.database, { job: job.job, after: pageStart(call, 'tasks by id', ''), limit, ids, signal: call.signal }, filter);
    return byIds('tasks by id', tasks, cut, maxResults);
  }
  const counted = { active: job.tasksActive ?? 0, running: job.tasksRunning ?? 0, completed: (job.tasksSucceeded ?? 0) + (job.tasksFailed ?? 0) };
  const after = pageStart(call, 'filtered tasks', 0);
  const { tasks, cut } = await listTasks(
    parts.database,
    { job: job.job, nextTask: job.nextTask, after, limit, counted, ingested: job.ingested ?? 0, signal: call.signal },
    filter,
    (row) => viewOfTask(row).state,
  );
  const page = tasks.slice(0, maxResults);
  return { tasks: page, token: cut || tasks.length > page.length ? skipToken('filtered tasks', page.at(-1)?.task ?? 0) : null };
}

function byIds(kind: string, tasks: readonly (TaskWithStatus & Keyed)[], cut: boolean, maxResults: number): Page {
  const page = tasks.slice(0, maxResults);
  return { tasks: page, token: cut || tasks.length > page.length ? skipToken(kind, page.at(-1)?.idKey ?? '') : null };
}

export async function contextOf(call: Call, parts: Parts, job: JobWithStatus, nodes: readonly number[]): Promise<TaskContext> {
  const spec = storedJob(job);
  return {
    baseUrl: call.baseUrl,
    jobId: job.id,
    poolId: spec.poolInfo.poolId ?? '',
    jobRetryCount: spec.constraints.maxTaskRetryCount,
    nodes: await taskNodeNames(parts.database, nodes),
  };
}
