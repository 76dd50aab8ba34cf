import type { Decisions } from '../../src/core/decisions.ts';
import type { JobNumber, ScheduleNumber } from '../../src/core/keys.ts';
import type { JobStatus, ScheduleStatus } from '../../src/core/status.ts';

export function jobStatus(job: JobNumber, change: Partial<JobStatus> = {}): JobStatus {
  return {
    job,
    state: 'active',
    since: 1,
    previousState: null,
    previousSince: null,
    actionSequence: 0,
    endedAt: null,
    terminateReason: null,
    autoPoolId: null,
    schedulingError: null,
    open: null,
    ingested: 0,
    tasks: { active: 0, running: 0, succeeded: 0, failed: 0 },
    slots: { active: 0, running: 0, succeeded: 0, failed: 0 },
    usage: null,
    ...change,
  };
}

/**
 * The row of a job that ends by itself, and the guard that goes with it. `change`: what the row would be without that.
 */
export function endingOf(job: JobNumber, change: Partial<JobStatus> = {}, reactivations = 0): { readonly row: JobStatus; readonly guards: Decisions['guards'] } {
  const otherwise = jobStatus(job, change);
  const row = { ...otherwise, state: 'completed' as const, previousState: 'terminating' as const, previousSince: 5, since: 5, endedAt: 5, terminateReason: 'AllTasksComplete' };
  return { row, guards: [{ job, ingested: otherwise.ingested, reactivations, otherwise }] };
}

export function scheduleStatus(schedule: ScheduleNumber, change: Partial<ScheduleStatus> = {}): ScheduleStatus {
  return {
    schedule,
    state: 'active',
    since: 1,
    previousState: null,
    previousSince: null,
    actionSequence: 0,
    timingSequence: 1,
    due: null,
    lastDue: null,
    runs: 0,
    endedAt: null,
    autoPoolId: null,
    ...change,
  };
}
