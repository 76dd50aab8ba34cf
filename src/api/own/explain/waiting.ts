/**
 * Our own operations that say why tasks wait (docs/explain.md): signed as those of the data plane, errors in its form.
 */
import { sentenceOf, type Reason } from '../../../core/reasons.ts';
import { findTask } from '../../../store/intents/tasks.ts';
import { BatchError } from '../../../wire/errors.ts';
import type { Answer } from '../../answer.ts';
import { param, type Parts } from '../../call.ts';
import { viewOfJob } from '../../data/job/view.ts';
import { viewOfTask } from '../../data/task/view.ts';
import type { OwnCall, OwnOperation } from '../call.ts';
import { jobOf } from '../existing.ts';
import { json } from '../json.ts';
import { reasonsOfJob, reasonsOfTask } from './reasons.ts';

export const explainOperations: readonly OwnOperation[] = [
  { method: 'GET', path: '/linarite/jobs/{jobId}/explain', right: 'read', of: 'jobs', run: explainJob },
  { method: 'GET', path: '/linarite/jobs/{jobId}/tasks/{taskId}/explain', right: 'read', of: 'jobs', run: explainTask },
];

/** @throws BatchError JobNotFound, ServerBusy while the account is being loaded. */
async function explainJob(call: OwnCall, parts: Parts): Promise<Answer> {
  const job = await jobOf(call, parts.database);
  const { open, looked, reasons } = await reasonsOfJob(parts, call.account, job.job);
  return json(200, { jobId: job.id, state: viewOfJob(job).state, open, looked, reasons: reasons.map(({ reason, tasks, example }) => ({ ...told(reason), tasks, example })) });
}

/** @throws BatchError JobNotFound, TaskNotFound, ServerBusy while the account is being loaded. */
async function explainTask(call: OwnCall, parts: Parts): Promise<Answer> {
  const job = await jobOf(call, parts.database);
  const task = await findTask(parts.database, job.job, param(call, 'taskId'));
  if (task === null) throw new BatchError('TaskNotFound');
  const reasons = await reasonsOfTask(parts, call.account, job, task);
  return json(200, { jobId: job.id, taskId: task.id, state: viewOfTask(task).state, reasons: reasons.map(told) });
}

/** `{code, message}`, and the values that the message is made of. */
function told(reason: Reason): { readonly code: Reason['code']; readonly message: string } {
  const { code, ...data } = reason;
  return { code, message: sentenceOf(reason), ...data };
}
