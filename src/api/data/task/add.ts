import type { Instant } from '../../../core/keys.ts';
import type { NewTask } from '../../../store/intents/tasks.ts';
import { dataContract } from '../../../wire/dataContract.ts';
import { type CollectedTask, readTaskCollection } from '../../../wire/taskCollection.ts';
import { withTaskDefaults } from '../../../wire/defaults.ts';
import { errorItem } from '../../../wire/errors.ts';
import { formatTimestamp } from '../../../wire/timestamps.ts';
import type { TaskAdd } from '../../../wire/types.generated.ts';
import { etag, JSON_CONTENT_TYPE, type Answer } from '../../answer.ts';
import { param, type Call, type Handler, type Parts } from '../../call.ts';
import type { Added, Candidate } from './addTogether.ts';
import { taskSpecText } from './text.ts';
import { storedConstraints, taskRules } from './view.ts';

async function addTasks(call: Call, parts: Parts, tasks: readonly CollectedTask[]): Promise<Added> {
  const candidates = tasks.map((item): Candidate => ('error' in item ? item : { ...item, row: newTask(item.task, call.now) }));
  const size = candidates.reduce((sum, item) => sum + ('row' in item ? item.row.spec.length : 0), 0);
  const { principal: { account }, now, signal } = call;
  const jobId = param(call, 'jobId');
  const taskIds = tasks.map(({ taskId }) => taskId);
  const forget = parts.tracing?.adding(call.requestId, { account, jobId, taskIds, at: now });
  try {
    const added = await parts.addTasks({ account: account.number, jobId, tasks: candidates, count: candidates.length, size, now, signal });
    forget?.(added.outcomes.flatMap((outcome) => ('error' in outcome ? [outcome.taskId] : [])));
    return added;
  } catch (error) {
    forget?.(taskIds);
    throw error;
  }
}

/** As it is stored. */
export function newTask(task: TaskAdd, createdAt: Instant): NewTask {
  const spec = { ...withTaskDefaults(task, { constraints: undefined }), constraints: storedConstraints(task.constraints) };
  return { id: task.id, spec: taskSpecText(spec), createdAt, requiredSlots: spec.requiredSlots, rules: taskRules(spec) };
}

/** Task_Add. */
export async function addOne(call: Call, parts: Parts): Promise<{ readonly jobId: string; readonly id: string; readonly modifiedAt: Instant }> {
  const task = dataContract.readBody('TaskAdd', call.version, await call.json());
  const { jobId, outcomes } = await addTasks(call, parts, [{ taskId: task.id, task }]);
  const [outcome] = outcomes;
  if (outcome === undefined) throw new Error('the task was neither added nor refused');
  if ('error' in outcome) throw outcome.error;
  return { jobId, id: task.id, modifiedAt: outcome.modifiedAt };
}

/**
 * Task_AddCollection: 200 with a result for each task (errors.md 4.4). Adding an id again answers TaskExists for it and
 * changes nothing, which is what lets clients send a collection again whose answer they never got.
 */
export const addCollection: Handler = async (call, parts): Promise<Answer> => {
  const tasks = readTaskCollection(call.version, await call.json());
  const { jobId, outcomes } = await addTasks(call, parts, tasks);
  const lastModified = formatTimestamp(call.now);
  const value = outcomes.map((outcome) => {
    if ('error' in outcome) {
      const { taskId, error } = outcome;
      return { status: 'ClientError', taskId, error: errorItem(error, { requestId: call.requestId, nowMs: call.now }) };
    }
    const { taskId, modifiedAt } = outcome;
    return { status: 'Success', taskId, eTag: etag(modifiedAt), lastModified, location: `${call.baseUrl}/jobs/${jobId}/tasks/${taskId}` };
  });
  const body = JSON.stringify({ 'odata.metadata': `${call.baseUrl}/$metadata#taskaddresult`, value });
  return { status: 200, headers: { 'content-type': JSON_CONTENT_TYPE }, body };
};
