import { hint } from '../hint.ts';
import type { BatchAccount, JobSeen, TaskSeen } from './account/batchAccount.ts';
import type { Connection } from './account/connection.ts';
import { RunError } from './failure.ts';
import { readMetadata, type RunMetadata } from './plan/metadata.ts';
import { MATCHED_FIELDS } from './plan/matching.ts';
import { commandDigest } from './planRun.ts';
import type { WishedPool } from './pool.ts';
import type { RunOptions } from './workflow.ts';

/** A job that a run adds to. */
export interface JoinedJob {
  readonly job: JobSeen;
  readonly poolId: string;
  /** Undefined for a job that no run has made. */
  readonly metadata: RunMetadata | undefined;
  readonly seen: readonly TaskSeen[];
}

const OVER: readonly string[] = ['completed', 'terminating', 'deleting'];

/**
 * The job that `--resume` or `--depends-on` adds to; undefined when there is none yet, and the run makes it.
 * @throws RunError usage, when it cannot be added to, or exists and neither was asked for
 */
export async function jobToJoin(options: RunOptions, batch: BatchAccount, connection: Connection): Promise<JoinedJob | undefined> {
  const { job: id, resume, template } = options;
  if (id === undefined) return undefined;
  const job = await batch.job(id);
  if (job === undefined) {
    if (template.dependsOn !== undefined && !resume) throw new RunError('usage', `there is no job ${id}, so --depends-on ${template.dependsOn} names no task: --job has to be one that exists`);
    return undefined;
  }
  if (!resume && template.dependsOn === undefined) {
    const { dataDir } = connection.local ?? {};
    throw new RunError('usage', `there is a job ${id} already: give another --job, come back to it with ${hint(`run --attach ${id}`, dataDir)}, or add --resume to run what of it is missing`);
  }
  const metadata = readMetadata(job.metadata);
  checkJob(options, job, metadata);
  return { job, poolId: poolOf(job), metadata, seen: await batch.tasks(id, `${MATCHED_FIELDS}${template.merge === undefined ? '' : ',outputFiles'}`) };
}

/**
 * What to make where the pool of the job has gone with the run that made it; undefined for one that no run has made.
 */
export function poolMadeAgain({ resume, poolWish, image }: RunOptions, { metadata }: JoinedJob): WishedPool | undefined {
  if (metadata?.ownPool !== true) return undefined;
  return resume ? { ...poolWish, ...(image === undefined ? {} : { image }) } : metadata.pool;
}

/** The pool that a job runs on. */
export function poolOf({ executionInfo, poolInfo }: JobSeen): string {
  return executionInfo?.poolId ?? poolInfo?.poolId ?? '';
}

/** Whether a job stays open when its tasks are completed. */
export function isOpen({ state, onAllTasksComplete }: JobSeen): boolean {
  return !OVER.includes(state?.toLowerCase() ?? '') && onAllTasksComplete?.toLowerCase() !== 'terminatejob';
}

function checkJob({ resume, template, pool }: RunOptions, job: JobSeen, metadata: RunMetadata | undefined): void {
  const { id = '', usesTaskDependencies } = job;
  if (resume && metadata === undefined) throw new RunError('usage', `--resume: the job ${id} was not made by linarite run: nothing says what of it is done`);
  const waits = template.dependsOn !== undefined || template.merge !== undefined;
  if (waits && usesTaskDependencies !== true) throw new RunError('usage', `${template.dependsOn === undefined ? '--merge' : '--depends-on'}: the job ${id} was made without usesTaskDependencies, so none of its tasks can wait for others`);
  if (pool !== undefined && pool !== poolOf(job)) throw new RunError('usage', `--pool ${pool}: the job ${id} runs on the pool ${poolOf(job)}`);
  if (template.merge !== undefined && metadata?.merge !== undefined && metadata.merge.of !== commandDigest(template)) {
    throw new RunError('usage', `--merge: the job ${id} has a merge already, of another command; give another --job`);
  }
}

/** Told before anything is made. @throws RunError usage, when the job is over and something would have to run in it */
export function refuseOver({ job: { id = '', state } }: JoinedJob, missing: number): void {
  const said = state?.toLowerCase() ?? '';
  if (missing > 0 && OVER.includes(said)) throw new RunError('usage', `the job ${id} is ${said}, and Batch runs nothing more in it: ${missing} ${missing === 1 ? 'task' : 'tasks'} would have to; give another --job`);
}
