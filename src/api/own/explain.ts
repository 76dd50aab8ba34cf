/**
 * Our own operations that say why tasks wait (docs/explain.md): signed as those of the data plane, errors in its form.
 */
import type { JobNumber } from '../../core/keys.ts';
import { byUrgency, type Parent, sentenceOf, type Reason } from '../../core/explain/reasons.ts';
import type { FailureInfo } from '../../core/status.ts';
import { findJob, type JobWithStatus } from '../../store/intents/jobs.ts';
import { findTask, taskLabels, type TaskWithStatus } from '../../store/intents/tasks.ts';
import type { Database } from '../../store/intents/statement.ts';
import { BatchError } from '../../wire/errors.ts';
import type { Answer } from '../answer.ts';
import { param, type Parts } from '../call.ts';
import { viewOfJob } from '../data/job/view.ts';
import { viewOfTask } from '../data/task/view.ts';
import type { OwnCall, OwnOperation } from './call.ts';
import { json } from './json.ts';

export const explainOperations: readonly OwnOperation[] = [
  { method: 'GET', path: '/linarite/jobs/{jobId}/explain', right: 'read', of: 'jobs', run: explainJob },
  { method: 'GET', path: '/linarite/jobs/{jobId}/tasks/{taskId}/explain', right: 'read', of: 'jobs', run: explainTask },
];

/** @throws BatchError JobNotFound, ServerBusy while the account is being loaded. */
async function explainJob(call: OwnCall, { database, explanations }: Parts): Promise<Answer> {
  const job = await jobOf(call, database);
  const found = explanations.job(call.account, job.job);
  if (found === undefined) throw new BatchError('ServerBusy');
  const { open, looked, reasons } = found ?? { open: 0, looked: 0, reasons: [] };
  const labels = await taskLabels(database, reasons.map(({ example }) => ({ job: job.job, task: example })));
  const named = (await withParents(database, job.job, reasons)).map(({ reason, tasks, example }) => ({ ...told(reason), tasks, example: labels.get(`${job.job}.${example}`)?.taskId }));
  return json(200, { jobId: job.id, state: viewOfJob(job).state, open, looked, reasons: named });
}

/** @throws BatchError JobNotFound, TaskNotFound, ServerBusy while the account is being loaded. */
async function explainTask(call: OwnCall, { database, explanations }: Parts): Promise<Answer> {
  const job = await jobOf(call, database);
  const task = await findTask(database, job.job, param(call, 'taskId'));
  if (task === null) throw new BatchError('TaskNotFound');
  const view = viewOfTask(task);
  const reasons = view.state === 'completed' ? [howItEnded(task)] : explanations.task(call.account, job.job, task.task);
  if (reasons === undefined) throw new BatchError('ServerBusy');
  const all = await withParents(database, job.job, reasons.map((reason) => ({ reason })));
  return json(200, { jobId: job.id, taskId: task.id, state: view.state, reasons: byUrgency(all.map(({ reason }) => reason)).map(told) });
}

async function jobOf(call: OwnCall, database: Database): Promise<JobWithStatus> {
  const job = await findJob(database, call.account, param(call, 'jobId'));
  if (job === null) throw new BatchError('JobNotFound');
  return job;
}

/** What a task waits for, with what has become of that: the rules forget tasks that have ended. */
async function withParents<Of extends { readonly reason: Reason }>(database: Database, job: JobNumber, all: readonly Of[]): Promise<readonly Of[]> {
  return Promise.all(
    all.map(async (of) => {
      const { reason } = of;
      if (reason.code !== 'DependenciesNotMet') return of;
      const parents = await Promise.all(reason.missing.map((missing) => parentOf(database, job, missing)));
      return { ...of, reason: { ...reason, parents: parents.filter((parent) => parent !== null) } };
    }),
  );
}

/** Of a range, `1-4 (3)`, its integer that is missing; null where that may be an id with leading zeros. */
async function parentOf(database: Database, job: JobNumber, missing: string): Promise<Parent | null> {
  const [, ofRange] = /^-?\d+--?\d+ \((-?\d+)\)$/.exec(missing) ?? [];
  const id = ofRange ?? missing;
  const task = await findTask(database, job, id);
  if (task !== null) return { id: task.id, state: viewOfTask(task).state, exitCode: task.exitCode };
  return ofRange === undefined ? { id, state: 'missing', exitCode: null } : null;
}

function howItEnded({ exitCode, result, failure: stored }: Pick<TaskWithStatus, 'result' | 'exitCode' | 'failure'>): Reason {
  const failure = stored === null ? null : (JSON.parse(stored) as FailureInfo);
  return { code: 'TaskCompleted', ended: { exitCode, result, failure } };
}

/** `{code, message}`, and the values that the message is made of. */
function told(reason: Reason): { readonly code: Reason['code']; readonly message: string } {
  const { code, ...data } = reason;
  return { code, message: sentenceOf(reason), ...data };
}
