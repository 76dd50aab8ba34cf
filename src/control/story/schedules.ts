import type { ScheduleIntent } from '../../core/intent.ts';
import type { ScheduleState, ScheduleStatus } from '../../core/status.ts';
import type { StoryLine } from './line.ts';

/** What a committed row tells of a job schedule. `before`: the state that it was in; null: none yet. */
export function scheduleLines(intent: ScheduleIntent, before: ScheduleState | null, { state, runs }: ScheduleStatus): StoryLine[] {
  return state === before ? [] : [{ level: 'info', message: `job schedule ${state}`, fields: { ...fieldsOf(intent), jobs: runs } }];
}

/** A client has asked for it. */
export function scheduleDeleting(intent: ScheduleIntent): StoryLine {
  return { level: 'info', message: 'job schedule deleting', fields: fieldsOf(intent) };
}

/** It has gone, and its jobs with it. */
export function scheduleDeleted(intent: ScheduleIntent): StoryLine {
  return { level: 'info', message: 'job schedule deleted', fields: fieldsOf(intent) };
}

function fieldsOf({ id, schedule }: ScheduleIntent): { jobScheduleId: string; schedule: number } {
  return { jobScheduleId: id, schedule };
}
