import { connect, type ConnectionFlags } from '../account/connection.ts';
import { endRun, fetchOutputs, waitAndFetch, type Report, type Run, type RunResult, type RunSurroundings } from '../ending.ts';
import type { BatchAccount, JobSeen, TaskSeen } from '../account/batchAccount.ts';
import { RunError } from '../failure.ts';
import { readMetadata, type RunMetadata } from '../plan/metadata.ts';
import { isOpen, poolOf } from '../join.ts';
import { patternsOf } from '../plan/bodies.ts';
import { OUTCOME_FIELDS, outcomeOf } from './outcome.ts';
import { checkTarget } from '../plan/target.ts';
import { storageOf } from '../workflow.ts';

/** Of what a task that is come back to is made. */
export const SEEN_FIELDS = `${OUTCOME_FIELDS},displayName,outputFiles`;

/** `cut-2` before `cut-10`. */
export const byName = new Intl.Collator('en', { numeric: true });

/** How to come back to a job that a run has made, from any machine that has the account. */
export interface ComeBackOptions {
  readonly jobId: string;
  /** `--attach`: wait for its end, and remove what the run would have removed. Without it nothing is changed. */
  readonly wait: boolean;
  /** Default: where the run wanted its outputs. */
  readonly to?: string;
  readonly keep: boolean;
  readonly keepPool: boolean;
  readonly connection: ConnectionFlags;
}

/**
 * Comes back to a run that was left or killed. All that it needs stands in the job.
 * @throws RunError usage, when there is no such job, or none that a run has made
 */
export async function comeBack(options: ComeBackOptions, around: RunSurroundings, report: Report): Promise<RunResult> {
  const startedAt = around.now();
  const connection = await connect(options.connection, around.environment, (text) => around.progress.note(text));
  const { connectBatch } = await import('../account/batchAccount.ts');
  const batch = connectBatch(connection.batch);
  const { job, metadata } = await findRun(batch, options.jobId);
  const to = options.to ?? metadata.to;
  await checkTarget(to);
  const jobId = job.id ?? options.jobId;
  const poolId = poolOf(job);
  const seen = (await batch.tasks(jobId, SEEN_FIELDS)).toSorted((a, b) => byName.compare(a.id ?? '', b.id ?? ''));
  const run: Run = {
    options: { to, keepJob: !options.wait || options.keep || metadata.keep || metadata.resume === true, keepPool: !options.wait || options.keep || options.keepPool || metadata.keep || metadata.keepPool, detach: false },
    around,
    tasks: seen.map((task) => taskOf(task, metadata)),
    total: seen.length,
    foreign: false,
    waits: metadata.merge !== undefined || job.usesTaskDependencies === true,
    open: isOpen(job),
    connection,
    batch,
    storage: metadata.containers.length > 0 ? await storageOf(connection) : undefined,
    jobId,
    poolId,
    startedAt,
    made: { stage: 'submitted', containers: new Set(metadata.containers), pool: metadata.ownPool ? poolId : undefined, job: jobId },
  };
  around.interrupts.jobExists();
  return endRun(run, async () => lacking(options.wait ? await attach(run) : await fetchOnly(run, seen), metadata), report);
}

async function findRun(batch: BatchAccount, jobId: string): Promise<{ job: JobSeen; metadata: RunMetadata }> {
  await batch.probe();
  const job = await batch.job(jobId);
  if (job === undefined) throw new RunError('usage', `there is no job ${jobId}; after a success its run has removed it`);
  const metadata = readMetadata(job.metadata);
  if (metadata === undefined) throw new RunError('usage', `the job ${jobId} was not made by linarite run: it does not say what its outputs are`);
  return { job, metadata };
}

/** A task of a job as the end of a run needs to know it. */
export function taskOf(task: TaskSeen, { merge }: Pick<RunMetadata, 'merge'>): Run['tasks'][number] {
  const { id = '', displayName = id } = task;
  return { id, item: { label: displayName }, outputs: patternsOf(task), ...(merge === undefined || merge.task === id ? {} : { merged: true as const }) };
}

async function attach(run: Run): Promise<RunResult> {
  run.around.progress.step(`job ${run.jobId}: ${run.tasks.length} ${run.tasks.length === 1 ? 'task' : 'tasks'}`);
  return waitAndFetch(run);
}

/** What is there now, of tasks that are completed. */
async function fetchOnly(run: Run, seen: readonly TaskSeen[]): Promise<RunResult> {
  const completed = seen.filter(({ state }) => state?.toLowerCase() === 'completed');
  const done: Run = { ...run, tasks: run.tasks.filter(({ id }) => completed.some((task) => task.id === id)) };
  const result = await fetchOutputs(done, completed.map(outcomeOf));
  if (completed.length === seen.length) return result;
  return { ...result, failure: result.failure ?? 'leftRunning', message: [result.message, `${completed.length} of ${seen.length} tasks are completed`].filter((text) => text !== undefined).join('; ') };
}

/** A run that was killed while it added its tasks has not done what it was asked for. */
function lacking(result: RunResult, { tasks }: RunMetadata): RunResult {
  const { length } = result.outcomes;
  if (result.failure !== undefined || length === 0 || length >= tasks) return result;
  return { ...result, failure: 'taskFailed', message: `the run was cut off after it had added ${length} of its ${tasks} tasks` };
}
