import { connect } from '../account/connection.ts';
import type { BatchAccount, JobSeen, TaskSeen } from '../account/batchAccount.ts';
import { refusalOf, serviceCode } from '../account/refusal.ts';
import { inParallel, pause } from '../concurrency.ts';
import { endRun, resultOf, waitAndFetch, type Report, type Run, type RunResult, type RunSurroundings } from '../ending.ts';
import { RunError } from '../failure.ts';
import { isOpen, poolOf } from '../join.ts';
import { readMetadata, type RunMetadata } from '../plan/metadata.ts';
import { checkTarget } from '../plan/target.ts';
import { poolOfJob } from '../pool.ts';
import { storageOf } from '../workflow.ts';
import { byName, SEEN_FIELDS, taskOf, type ComeBackOptions } from './comeBack.ts';

/** Requests at a time, where each is about one task. */
const REQUESTS = 8;
const DEFAULT_TO = 'output';
/** What a job without a run's metadata is taken for: nothing of it is the run's to remove. */
export const FOREIGN: RunMetadata = { tasks: 0, outputs: [], to: DEFAULT_TO, ownPool: false, keep: true, keepPool: true, containers: [] };

type Options = Omit<ComeBackOptions, 'wait'>;

/**
 * Runs again what failed of a job, any job, under the same ids: Batch reactivates a failed task as long as its job is
 * open. Waits for these and for what never ran, fetches their outputs, and removes what the run of the job would have.
 * @throws RunError usage, when there is no such job, or it is over
 */
export async function rerunFailed(options: Options, around: RunSurroundings, report: Report): Promise<RunResult> {
  const startedAt = around.now();
  const connection = await connect(options.connection, around.environment, (text) => around.progress.note(text));
  const { connectBatch } = await import('../account/batchAccount.ts');
  const batch = connectBatch(connection.batch);
  await batch.probe();
  const job = await openJob(batch, options.jobId);
  const metadata = readMetadata(job.metadata) ?? FOREIGN;
  const to = options.to ?? metadata.to;
  await checkTarget(to);
  const seen = (await batch.tasks(options.jobId, SEEN_FIELDS)).toSorted((a, b) => byName.compare(a.id ?? '', b.id ?? ''));
  const left = seen.filter((task) => !hasSucceeded(task));
  const { containers, ownPool } = metadata;
  const keep = options.keep || metadata.keep;
  const jobId = job.id ?? options.jobId;
  const run: Run = {
    options: { to, keepJob: keep || metadata.resume === true, keepPool: keep || options.keepPool || metadata.keepPool, detach: false },
    around,
    tasks: left.map((task) => taskOf(task, metadata)),
    total: seen.length,
    foreign: metadata === FOREIGN,
    waits: true,
    open: isOpen(job),
    connection,
    batch,
    storage: containers.length > 0 ? await storageOf(connection) : undefined,
    jobId,
    poolId: poolOf(job),
    startedAt,
    made: { stage: 'submitted', containers: new Set(containers), pool: undefined, job: metadata === FOREIGN ? undefined : jobId },
  };
  if (left.length === 0) return report({ ...resultOf(run, undefined), notes: [`no task of the job ${jobId} has failed: nothing to run again`] }, to);
  if (ownPool && (await batch.pool(run.poolId)) !== undefined) run.made.pool = run.poolId;
  around.interrupts.jobExists();
  return endRun(run, () => runAgain(run, left.filter(hasFailed), metadata), report);
}

async function openJob(batch: BatchAccount, jobId: string): Promise<JobSeen> {
  const job = await batch.job(jobId);
  if (job === undefined) throw new RunError('usage', `--rerun-failed ${jobId}: there is no such job`);
  const state = job.state?.toLowerCase() ?? '';
  if (['completed', 'terminating', 'deleting'].includes(state)) {
    throw new RunError('usage', `--rerun-failed ${jobId}: the job is ${state}, and Batch runs nothing more in it; give the run again what it was given, as another job`);
  }
  return job;
}

async function runAgain(run: Run, failed: readonly TaskSeen[], { ownPool, pool }: RunMetadata): Promise<RunResult> {
  const { batch, jobId, tasks, around } = run;
  const { interrupts, progress, now } = around;
  progress.step(`job ${jobId}: ${failed.length} of ${run.total} tasks failed${tasks.length > failed.length ? `, ${tasks.length - failed.length} have not run` : ''}`);
  if (tasks.length > 0) await poolOfJob({ ...run, wish: ownPool ? pool : undefined, progress, now, pause: (ms) => pause(ms, interrupts.signal), signal: interrupts.signal });
  await inParallel(failed, REQUESTS, async ({ id = '' }) => {
    if (interrupts.decision() === 'end') return;
    await batch.reactivateTask(jobId, id).catch((error: unknown) => {
      // Its program ended with 0, and something else failed: Batch does not run it again.
      if (serviceCode(error) !== 'TaskSucceeded') throw error;
      progress.note(`${id} cannot be run again: ${refusalOf(error)?.message ?? ''}`);
    });
  });
  return waitAndFetch(run);
}

export function hasSucceeded({ state, executionInfo }: TaskSeen): boolean {
  return state?.toLowerCase() === 'completed' && executionInfo?.result?.toLowerCase() === 'success';
}

export function hasFailed(task: TaskSeen): boolean {
  return task.state?.toLowerCase() === 'completed' && !hasSucceeded(task);
}
