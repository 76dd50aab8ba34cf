import type { JobIntent, ScheduleIntent } from '../intent.ts';
import type { Instant } from '../keys.ts';
import type { JobState, JobStatus, ScheduleState, ScheduleStatus } from '../status.ts';
import { given, type JobTransition, type ScheduleTransition } from './transition.ts';

/** What a row tells of a job. `before`: the state that it was in; null: none yet. */
export function jobTransitions(intent: JobIntent, before: JobState | null, row: JobStatus, scheduleId: string | null): JobTransition[] {
  const { state, since: at, terminateReason, tasks } = row;
  if (state === before) return [];
  const of = { ...jobOf(intent), ...given('poolId', row.autoPoolId ?? (intent.poolId === '' ? null : intent.poolId)), ...given('scheduleId', scheduleId) };
  const created: JobTransition[] = before === null ? [{ ...of, ...jobCreated(intent) }] : [];
  if (before === null && state === 'active') return created;
  const counts = state === 'terminating' || state === 'completed' ? { tasks } : {};
  return [...created, { ...of, kind: `job.${state}`, at, from: before ?? 'active', state, ...given('reason', terminateReason), ...counts }];
}

export function jobCreated(intent: JobIntent): JobTransition {
  return { ...jobOf(intent), kind: 'job.created', at: intent.createdAt, from: null, state: 'active' };
}

/** A client has asked for it. */
export function jobDeleting(intent: JobIntent, from: JobState | null, at: Instant): JobTransition {
  return { ...jobOf(intent), kind: 'job.deleting', at, from, state: 'deleting' };
}

/** It has gone, and its tasks with it. */
export function jobDeleted(intent: JobIntent, at: Instant): JobTransition {
  return { ...jobOf(intent), kind: 'job.deleted', at, from: 'deleting', state: 'deleted' };
}

function jobOf({ id, job }: JobIntent): Pick<JobTransition, 'job' | 'jobId'> {
  return { job, jobId: id };
}

/** What a row tells of a job schedule. `before`: the state that it was in; null: none yet. */
export function scheduleTransitions(intent: ScheduleIntent, before: ScheduleState | null, { state, since: at, runs }: ScheduleStatus): ScheduleTransition[] {
  if (state === before) return [];
  const of = { ...scheduleOf(intent), runs };
  const created: ScheduleTransition[] = before === null ? [{ ...of, ...scheduleCreated(intent) }] : [];
  if (before === null && state === 'active') return created;
  return [...created, { ...of, kind: `schedule.${state}`, at, from: before ?? 'active', state }];
}

export function scheduleCreated(intent: ScheduleIntent): ScheduleTransition {
  return { ...scheduleOf(intent), kind: 'schedule.created', at: intent.createdAt, from: null, state: 'active' };
}

/** A client has asked for it. */
export function scheduleDeleting(intent: ScheduleIntent, from: ScheduleState | null, at: Instant): ScheduleTransition {
  return { ...scheduleOf(intent), kind: 'schedule.deleting', at, from, state: 'deleting' };
}

/** It has gone, and its jobs with it. */
export function scheduleDeleted(intent: ScheduleIntent, at: Instant): ScheduleTransition {
  return { ...scheduleOf(intent), kind: 'schedule.deleted', at, from: 'deleting', state: 'deleted' };
}

function scheduleOf({ id, schedule }: ScheduleIntent): Pick<ScheduleTransition, 'schedule' | 'scheduleId'> {
  return { schedule, scheduleId: id };
}
