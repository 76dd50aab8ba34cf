import type { JobNumber, TaskNumber } from '../../../core/keys.ts';
import { tellOwner } from '../../../store/intents/inbox.ts';
import { findJob, lockJob, type JobWithStatus } from '../../../store/intents/jobs.ts';
import { transaction } from '../../../store/intents/statement.ts';
import { listSubtasks as readSubtasks } from '../../../store/intents/subtasks.ts';
import { findTask, lockTask, updateTask, type TaskChange, type TaskWithStatus } from '../../../store/intents/tasks.ts';
import { dataContract } from '../../../wire/dataContract.ts';
import { BatchError } from '../../../wire/errors.ts';
import type { OperationId } from '../../../wire/operations.ts';
import { applySelect } from '../../../wire/query.ts';
import { changed, created, deleted, entity, entityHeaders } from '../../answer.ts';
import { param, wakeAndWait, type Call, type Handler, type Parts } from '../../call.ts';
import { checkConditions } from '../../conditions.ts';
import { guardJob, type JobCall } from '../job/guards.ts';
import { existingJob } from '../job/handlers.ts';
import { viewOfJob } from '../job/view.ts';
import { statsOfTask } from '../statistics.ts';
import { addCollection, addOne } from './add.ts';
import { contextOf, listTasksHandler } from './list.ts';
import { taskSpecText } from './text.ts';
import { storedConstraints, storedTask, taskRules, viewOfTask, wireSubtask, wireTask } from './view.ts';

const add: Handler = async (call, parts) => {
  const { id, modifiedAt, jobId } = await addOne(call, parts);
  return created(call, `/jobs/${jobId}/tasks/${id}`, modifiedAt);
};

const get: Handler = async (call, parts) => {
  const job = await existingJob(call, parts);
  const task = await findTask(parts.database, job.job, param(call, 'taskId'));
  if (task === null) throw new BatchError('TaskNotFound');
  checkConditions(call, task.modifiedAt);
  const row = wireTask(task, await contextOf(call, parts, job, task.node === null ? [] : [task.node]));
  const wire = { ...row, ...statsOfTask(call, task, row.url ?? '') };
  return entity(applySelect(dataContract.writeBody('Task', call.version, wire, `${call.baseUrl}/$metadata#tasks/@Element`), call.query.select), task.modifiedAt);
};

/**
 * Changes the intent of the task that is called, under its lock, if its job's state allows `what`. Returns its
 * `modified`.
 */
async function change(call: Call, parts: Parts, what: JobCall, decide: (task: TaskWithStatus, job: JobWithStatus) => TaskChange): Promise<number> {
  const modifiedAt = await transaction(parts.database, async (tx, last) => {
    // A reactivation opens the job's work again, so it is ordered against the job's end as adds are; the rest leaves
    // the job's row to others.
    const job = await (what === 'reactivateTask' ? lockJob : findJob)(tx, call.principal.account.number, param(call, 'jobId'));
    if (job === null) throw new BatchError('JobNotFound');
    const task = await lockTask(tx, job.job, param(call, 'taskId'));
    if (task === null) throw new BatchError('TaskNotFound');
    checkConditions(call, task.modifiedAt);
    guardJob(what, viewOfJob(job).state);
    const modified = await updateTask(tx, parts.sealing, job.job, task, decide(task, job), call.now);
    last(tellOwner(tx, call.principal.account.number, { kind: 'task', job: job.job, task: task.task }));
    return modified;
  });
  await wakeAndWait(call, parts);
  return modifiedAt;
}

function isCompleted(task: TaskWithStatus): boolean {
  return viewOfTask(task).state === 'completed';
}

const put: Handler = async (call, parts) => {
  const { constraints } = dataContract.readBody('TaskPut', call.version, await call.json());
  const modifiedAt = await change(call, parts, 'changeTask', (task) => {
    if (isCompleted(task)) throw new BatchError('TaskCompleted');
    const spec = { ...storedTask(task), constraints: storedConstraints(constraints) };
    return { spec: { text: taskSpecText(spec), rules: taskRules(spec) } };
  });
  return changed(call, 200, modifiedAt);
};

/**
 * A task that was terminated has ended when the answer comes (recorded); one that takes longer to die ends after it,
 * since the intent is durable.
 */
const END_WAIT_MS = 5_000;

const terminate: Handler = async (call, parts) => {
  let asked: { readonly job: JobNumber; readonly task: TaskNumber } | undefined;
  const modifiedAt = await change(call, parts, 'changeTask', (task, job) => {
    if (isCompleted(task)) throw new BatchError('TaskCompleted');
    asked = { job: job.job, task: task.task };
    return { terminateAt: task.terminateAt ?? call.now };
  });
  if (asked !== undefined) {
    const signal = AbortSignal.any([call.signal, parts.timeout(Math.min(END_WAIT_MS, call.query.serverTimeoutMs / 2))]);
    await parts.wake.ended(call.principal.account.number, asked.job, asked.task, signal).catch(() => {
      // The time is up, or the owner is gone or loads the account: the request is durable.
    });
  }
  return changed(call, 204, modifiedAt);
};

const reactivate: Handler = async (call, parts) => {
  const modifiedAt = await change(call, parts, 'reactivateTask', (task) => {
    if (!isCompleted(task)) throw new BatchError('TaskNotCompleted');
    if (task.result === 'success') throw new BatchError('TaskSucceeded');
    // The request to end it belongs to the life that has ended.
    return { reactivateSequence: task.reactivateSequence + 1, terminateAt: null };
  });
  // Without DataServiceId (recorded).
  return { status: 204, headers: entityHeaders(modifiedAt), body: null };
};

const remove: Handler = async (call, parts) => {
  await change(call, parts, 'changeTask', () => ({ deletedAt: call.now }));
  return deleted(200);
};

/** Of a task that is no multi-instance task there are none (recorded). At most 99: all on one page. */
const listSubtasks: Handler = async (call, parts) => {
  const job = await existingJob(call, parts);
  const task = await findTask(parts.database, job.job, param(call, 'taskId'));
  if (task === null) throw new BatchError('TaskNotFound');
  const rows = await readSubtasks(parts.database, job.job, task.task);
  const context = await contextOf(call, parts, job, rows.map(({ node }) => node));
  const shown = rows.flatMap((row) => wireSubtask(row, task.id, context) ?? []);
  const items = shown.map((subtask) => applySelect(dataContract.writeBody('Subtask', call.version, subtask), call.query.select));
  return entity({ 'odata.metadata': `${call.baseUrl}/$metadata#subtaskinfo`, value: items }, null);
};

/** Operations on tasks, by operation id. */
export const taskHandlers = {
  Task_Add: add,
  Task_AddCollection: addCollection,
  Task_Get: get,
  Task_List: listTasksHandler,
  Task_Update: put,
  Task_Terminate: terminate,
  Task_Reactivate: reactivate,
  Task_Delete: remove,
  Task_ListSubtasks: listSubtasks,
} as const satisfies Partial<Record<OperationId, Handler>>;
