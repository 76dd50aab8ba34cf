import { lowerAscii } from '../wire/letters.ts';

/**
 * Surrogate numbers. Ids may be used again after a delete, numbers never: a result that names a number of an earlier
 * life misses. Pools, jobs, schedules and nodes are numbered over all accounts, tasks within their job from 1 in the
 * order in which their adds committed.
 */
export type AccountNumber = number;
export type PoolNumber = number;
export type NodeNumber = number;
export type JobNumber = number;
export type ScheduleNumber = number;
export type TaskNumber = number;

/** Milliseconds since 1970-01-01T00:00:00Z. */
export type Instant = number;

/**
 * One try at running one instance of a task on one node. `attempt` counts from 1 within the task and never repeats,
 * whatever the cause of a new try. `instance` is 0 but for the subtasks of a multi-instance task. What an agent reports
 * of an attempt that is no longer the task's current one is stale and refused.
 */
export interface AttemptKey {
  readonly job: JobNumber;
  readonly task: TaskNumber;
  readonly attempt: number;
  readonly instance: number;
}

/** `job.task.attempt.instance`: the attempt's name in frames, journals, and in the environment of its processes. */
export function attemptName(key: AttemptKey): string {
  return `${key.job}.${key.task}.${key.attempt}.${key.instance}`;
}

/** Recorded: `batch_schedule:job-1`. */
export function scheduledJobId(scheduleId: string, run: number): string {
  return `${scheduleId}:job-${run}`;
}

export type JobTaskKind = 'preparation' | 'release';

/** A try of a task. */
export interface TaskKey {
  readonly account: AccountNumber;
  readonly job: JobNumber;
  readonly task: TaskNumber;
  readonly attempt: number;
}

/**
 * One run of a job's preparation or release task on one node, its retries included. `attempt` counts from 1 for each
 * job, kind and node: what an agent says of an earlier one is stale.
 */
export interface JobTaskKey {
  readonly job: JobNumber;
  readonly kind: JobTaskKind;
  readonly attempt: number;
}

/** Unique on a node. */
export function jobTaskName({ job, kind, attempt }: JobTaskKey): string {
  return `${job}.${kind}.${attempt}`;
}

/**
 * Ids keep their case and compare without it (limits of identifiers, API reference "Add a pool": case-preserving and
 * case-insensitive).
 */
export function idKey(id: string): string {
  return lowerAscii(id);
}
