import { nodeNames } from '../store/intents/nodes.ts';
import { taskFilter } from '../store/intents/taskFilter.ts';
import { listTasks, listTasksWhere } from '../store/intents/tasks.ts';
import { applySelect } from '../wire/query.ts';
import { writeBody } from '../wire/write.ts';
import type { Handler } from './call.ts';
import { existingJob } from './jobHandlers.ts';
import { storedJob } from './jobView.ts';
import { listAnswer, pageStart, skipToken } from './paging.ts';
import { wireTask } from './taskView.ts';

/** Task_List, in the order in which tasks were added: a page begins after the last task's number, so adds and deletes meanwhile neither repeat nor hide a task. */
export const listTasksHandler: Handler = async (call, parts) => {
  const { maxResults, filter, select } = call.query;
  const job = await existingJob(call, parts);
  const page = { job: job.job, after: pageStart(call, 'tasks', 0), limit: maxResults + 1 };
  const found = filter === undefined ? await listTasks(parts.database, page) : await listTasksWhere(parts.database, page, taskFilter(filter, 4));
  const rows = found.slice(0, maxResults);
  const token = found.length > rows.length ? skipToken('tasks', rows.at(-1)?.task ?? 0) : null;
  const spec = storedJob(job);
  const context = {
    baseUrl: call.baseUrl,
    jobId: job.id,
    poolId: spec.poolInfo.poolId ?? '',
    jobRetryCount: spec.constraints.maxTaskRetryCount,
    nodes: await nodeNames(parts.database, rows.flatMap(({ node }) => (node === null ? [] : [node]))),
  };
  const items = rows.map((row) => {
    const json = writeBody('Task', call.version, wireTask(row, context));
    return select === undefined ? json : applySelect(json, select);
  });
  return listAnswer(call, 'tasks', items, token);
};
