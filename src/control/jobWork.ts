import { taskDirectory, type PreparationWork, type Work } from '../agent/frames.ts';
import type { JobTaskKey } from '../core/keys.ts';
import { DEFAULT_RETENTION_MS } from '../store/rules.ts';
import type { JobPreparationTask, JobReleaseTask } from '../wire/types.generated.ts';
import { containerOf } from './containerWork.ts';
import { bounded, type JobSpec, mergedEnvironment, PREPARATION_ID, preparationPlace, resourceFileWork, runAs, type Signer } from './work.ts';

/** Default id, which is the name of its directory too (recorded; API reference, "Add a job"). */
const RELEASE_ID = 'jobrelease';
/** Default and maximum of a release task's wall clock (API reference, jobReleaseTask: 15 minutes). */
const RELEASE_WALL_CLOCK_MS = 15 * 60_000;

/** What an agent needs of a job's preparation task. Throws if the job has none. */
export function preparationWork(key: JobTaskKey, job: JobSpec, sign: Signer): PreparationWork {
  const task = job.spec.jobPreparationTask;
  if (task === undefined) throw new Error('its job has no preparation task');
  const { waitForSuccess, constraints } = task;
  const wallClockMs = bounded(constraints?.maxWallClockTime);
  return {
    key,
    work: { ...ownWork(task, task.id ?? PREPARATION_ID, job, sign), wallClockMs, retentionMs: retentionOf(constraints?.retentionTime) },
    waitForSuccess: waitForSuccess ?? true,
    maxTaskRetryCount: constraints?.maxTaskRetryCount ?? 0,
  };
}

/** What an agent needs of a job's release task. Throws if the job has none. */
export function releaseWork(job: JobSpec, sign: Signer): Work {
  const task = job.spec.jobReleaseTask;
  if (task === undefined) throw new Error('its job has no release task');
  return {
    ...ownWork(task, task.id ?? RELEASE_ID, job, sign),
    ...preparationPlace(job),
    wallClockMs: bounded(task.maxWallClockTime) ?? RELEASE_WALL_CLOCK_MS,
    retentionMs: retentionOf(task.retentionTime),
  };
}

function ownWork(task: JobPreparationTask | JobReleaseTask, id: string, job: JobSpec, sign: Signer): Omit<Work, 'wallClockMs' | 'retentionMs'> {
  return {
    job: job.id,
    task: id,
    directory: taskDirectory(job.id, id),
    slots: 0,
    commandLine: task.commandLine,
    environment: mergedEnvironment(job.spec.commonEnvironmentSettings ?? [], task.environmentSettings ?? []),
    resourceFiles: (task.resourceFiles ?? []).map((file) => resourceFileWork(file, sign)),
    outputFiles: [],
    user: runAs(task.userIdentity),
    ...containerOf(task),
  };
}

function retentionOf(duration: string | undefined): number | null {
  return duration === undefined ? DEFAULT_RETENTION_MS : bounded(duration);
}
