import type { JobWithStatus } from '../../../store/intents/jobs.ts';
import { taskNodeNames } from '../../../store/intents/nodes.ts';
import { listTasks } from '../../../store/intents/taskPages.ts';
import type { TaskWithStatus } from '../../../store/intents/tasks.ts';
import { dataContract } from '../../../wire/dataContract.ts';
import { applySelect } from '../../../wire/query.ts';
import type { Call, Handler, Parts } from '../../call.ts';
import { existingJob } from '../job/handlers.ts';
import { storedJob } from '../job/view.ts';
import { pageStart, skipToken, streamedList } from '../paging.ts';
import { taskText } from './text.ts';
import { viewOfTask, wireTask, type TaskContext } from './view.ts';

/** Task_List, in the order in which tasks were added. */
export const listTasksHandler: Handler = async (call, parts) => {
  const { maxResults, filter, select } = call.query;
  const job = await existingJob(call, parts);
  const counted = { active: job.tasksActive ?? 0, running: job.tasksRunning ?? 0, completed: (job.tasksSucceeded ?? 0) + (job.tasksFailed ?? 0) };
  const page = { job: job.job, nextTask: job.nextTask, after: pageStart(call, 'tasks', 0), limit: maxResults + 1, counted, ingested: job.ingested ?? 0, signal: call.signal };
  const { tasks, cut } = await listTasks(parts.database, page, filter, (row) => viewOfTask(row).state);
  const rows = tasks.slice(0, maxResults);
  const token = cut || tasks.length > rows.length ? skipToken('tasks', rows.at(-1)?.task ?? 0) : null;
  const context = await contextOf(call, parts, job, rows.flatMap(({ node }) => (node === null ? [] : [node])));
  const text = (row: TaskWithStatus): string =>
    select === undefined ? taskText(row, call.version, context) : JSON.stringify(applySelect(dataContract.writeBody('Task', call.version, wireTask(row, context)), select));
  return streamedList(call, 'tasks', rows, text, token);
};

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
