import { idKey, type Instant } from '../../../core/keys.ts';
import { lockJobForTasks } from '../../../store/intents/jobs.ts';
import { transaction } from '../../../store/intents/statement.ts';
import { insertTasks, type NewTask } from '../../../store/intents/tasks.ts';
import { dataContract } from '../../../wire/dataContract.ts';
import { type CollectedTask, readTaskCollection } from '../../../wire/taskCollection.ts';
import { withTaskDefaults } from '../../../wire/defaults.ts';
import { BatchError, errorItem } from '../../../wire/errors.ts';
import { checkTaskAgainstJob } from '../../../wire/rules.ts';
import { formatTimestamp } from '../../../wire/timestamps.ts';
import type { TaskAdd } from '../../../wire/types.generated.ts';
import { etag, JSON_CONTENT_TYPE, type Answer } from '../../answer.ts';
import { param, wakeLater, type Call, type Handler, type Parts } from '../../call.ts';
import { guardJob } from '../job/guards.ts';
import { storedJob, viewOfJob } from '../job/view.ts';
import { taskSpecText } from './text.ts';
import { storedConstraints, taskRules } from './view.ts';

type Outcome = { readonly taskId: string } & ({ readonly modifiedAt: Instant } | { readonly error: BatchError });

/**
 * Adds the tasks whose ids are free and tells of each what became of it; the job's id as it was spelled when the job
 * was made.
 */
async function addTasks(call: Call, parts: Parts, tasks: readonly CollectedTask[]): Promise<{ readonly jobId: string; readonly outcomes: readonly Outcome[] }> {
  const added = await transaction(parts.database, async (tx, last) => {
    const locked = await lockJobForTasks(tx, call.principal.account.number, param(call, 'jobId'), tasks.flatMap((item) => ('task' in item ? [idKey(item.task.id)] : [])));
    if (locked === null) throw new BatchError('JobNotFound');
    const { job } = locked;
    guardJob('addTask', viewOfJob(job).state);
    const spec = storedJob(job);
    const taken = new Set(locked.taken);
    const fresh: NewTask[] = [];
    const outcomes = tasks.map((item): Outcome => {
      const error = 'error' in item ? item.error : refusal(item.task, spec, taken);
      if (error !== null || !('task' in item)) return { taskId: item.taskId, error: error ?? new BatchError('InternalError') };
      taken.add(idKey(item.taskId));
      fresh.push(newTask(item.task));
      return { taskId: item.taskId, modifiedAt: call.now };
    });
    last(insertTasks(tx, call.principal.account.number, job, fresh, call.now));
    return { jobId: job.id, outcomes };
  });
  wakeLater(call, parts);
  return added;
}

function refusal(task: TaskAdd, job: Parameters<typeof checkTaskAgainstJob>[1], taken: ReadonlySet<string>): BatchError | null {
  if (taken.has(idKey(task.id))) return new BatchError('TaskExists');
  try {
    checkTaskAgainstJob(task, job);
    return null;
  } catch (error) {
    if (error instanceof BatchError) return error;
    throw error;
  }
}

function newTask(task: TaskAdd): NewTask {
  const spec = { ...withTaskDefaults(task, { constraints: undefined }), constraints: storedConstraints(task.constraints) };
  return { id: task.id, spec: taskSpecText(spec), requiredSlots: spec.requiredSlots, rules: taskRules(spec) };
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
