import type { JobIntent } from '../../core/intent.ts';
import type { JobState, JobStatus } from '../../core/status.ts';
import type { StoryLine } from './line.ts';

/** What a committed row tells of a job. `before`: the state that it was in; null: none yet. */
export function jobLines(intent: JobIntent, before: JobState | null, now: JobStatus): StoryLine[] {
  const { state, terminateReason, tasks } = now;
  if (state === before) return [];
  const fields = { ...fieldsOf(intent), ...(terminateReason === null ? {} : { reason: terminateReason }) };
  switch (state) {
    case 'active':
      return [{ level: 'info', message: 'job active', fields: { ...fields, poolId: now.autoPoolId ?? intent.poolId } }];
    case 'terminating':
      return [{ level: 'info', message: 'job terminating', fields: { ...fields, running: tasks.running } }];
    case 'completed':
      return [{ level: 'info', message: 'job completed', fields: { ...fields, succeeded: tasks.succeeded, failed: tasks.failed, active: tasks.active } }];
    case 'disabling':
    case 'disabled':
    case 'enabling':
      return [{ level: 'info', message: `job ${state}`, fields }];
  }
}

/** A client has asked for it. */
export function jobDeleting(intent: JobIntent): StoryLine {
  return { level: 'info', message: 'job deleting', fields: fieldsOf(intent) };
}

/** It has gone, and its tasks with it. */
export function jobDeleted(intent: JobIntent): StoryLine {
  return { level: 'info', message: 'job deleted', fields: fieldsOf(intent) };
}

function fieldsOf({ id, job }: JobIntent): { jobId: string; job: number } {
  return { jobId: id, job };
}
