import type { AccountNumber, JobNumber, TaskNumber } from '../../../core/keys.ts';
import { byUrgency, type Parent, type Reason } from '../../../core/reasons.ts';
import type { FailureInfo } from '../../../core/status.ts';
import type { JobWithStatus } from '../../../store/intents/jobs.ts';
import { findTask, taskLabels, type TaskWithStatus } from '../../../store/intents/tasks.ts';
import type { Database } from '../../../store/intents/statement.ts';
import { BatchError } from '../../../wire/errors.ts';
import type { Parts } from '../../call.ts';
import { viewOfTask } from '../../data/task/view.ts';

export interface JobReasons {
  /** Tasks that have not ended, and how many of them were looked at. */
  readonly open: number;
  readonly looked: number;
  /** `tasks`: how many have it; `example`: the id of one. */
  readonly reasons: readonly { readonly reason: Reason; readonly tasks: number; readonly example: string | undefined }[];
}

/** What keeps the tasks of a job, counted. @throws BatchError ServerBusy while the account is being loaded. */
export async function reasonsOfJob({ database, explanations }: Parts, account: AccountNumber, job: JobNumber): Promise<JobReasons> {
  const found = await explanations.job(account, job);
  if (found === undefined) throw new BatchError('ServerBusy');
  const { open, looked, reasons } = found ?? { open: 0, looked: 0, reasons: [] };
  const named = await labelled(database, job, reasons);
  return { open, looked, reasons: await withParents(database, job, named) };
}

async function labelled<Of extends { readonly example: TaskNumber }>(database: Database, job: JobNumber, all: readonly Of[]): Promise<readonly (Omit<Of, 'example'> & { readonly example: string | undefined })[]> {
  const labels = await taskLabels(database, all.map(({ example }) => ({ job, task: example })));
  return all.map((of) => ({ ...of, example: labels.get(`${job}.${of.example}`)?.taskId }));
}

/**
 * Why a task waits, or what has become of it; never empty. @throws BatchError ServerBusy while the account is being
 * loaded.
 */
export async function reasonsOfTask({ database, explanations }: Parts, account: AccountNumber, { job }: Pick<JobWithStatus, 'job'>, task: TaskWithStatus): Promise<readonly Reason[]> {
  const reasons = viewOfTask(task).state === 'completed' ? [howItEnded(task)] : await explanations.task(account, job, task.task);
  if (reasons === undefined) throw new BatchError('ServerBusy');
  const all = await withParents(database, job, reasons.map((reason) => ({ reason })));
  return byUrgency(all.map(({ reason }) => reason));
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
