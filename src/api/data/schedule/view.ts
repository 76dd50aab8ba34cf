import type { ScheduleAction } from '../../../core/intent.ts';
import { scheduledJobId } from '../../../core/keys.ts';
import { scheduleState, type StateView, type WireScheduleState } from '../../../core/wireState.ts';
import type { ScheduleWithStatus } from '../../../store/intents/schedules.ts';
import type { JobRules, JobTemplate, ScheduleRules } from '../../../store/rules.ts';
import type { ScheduleWithDefaults, ScheduledJobWithDefaults } from '../../../wire/defaults.ts';
import { parseDuration } from '../../../wire/durations.ts';
import { formatTimestamp, parseTimestamp } from '../../../wire/timestamps.ts';
import type { JobSchedule, JobScheduleExecutionInfo, Schedule } from '../../../wire/types.generated.ts';
import { etag } from '../../answer.ts';
import { autoPoolTemplate } from '../job/autoPool.ts';
import { managerTask } from '../job/manager.ts';
import { jobRules } from '../job/view.ts';
import { newTask } from '../task/add.ts';

/** The specification as the handlers stored it: it was read through the shape table then, so its type is known. */
export function storedSchedule(row: { readonly spec: string }): ScheduleWithDefaults {
  return JSON.parse(row.spec) as ScheduleWithDefaults;
}

export function viewOfSchedule(row: ScheduleWithStatus): StateView<WireScheduleState> {
  const intent = { ...row, action: JSON.parse(row.action) as ScheduleAction };
  if (row.state === null) return scheduleState(intent, null);
  const { state, since, previousState, previousSince, seenActionSequence: actionSequence } = row;
  return scheduleState(intent, { state, since, previousState, previousSince, actionSequence });
}

export function wireSchedule(row: ScheduleWithStatus, baseUrl: string): JobSchedule {
  const { schedule, ...spec } = storedSchedule(row);
  const view = viewOfSchedule(row);
  return {
    ...spec,
    id: row.id,
    url: `${baseUrl}/jobschedules/${row.id}`,
    eTag: etag(row.modifiedAt),
    lastModified: formatTimestamp(row.modifiedAt),
    creationTime: formatTimestamp(row.createdAt),
    state: view.state,
    stateTransitionTime: formatTimestamp(view.since),
    previousState: view.previousState ?? undefined,
    previousStateTransitionTime: view.previousSince === null ? undefined : formatTimestamp(view.previousSince),
    schedule,
    executionInfo: executionInfo(row, baseUrl),
  };
}

function executionInfo(row: ScheduleWithStatus, baseUrl: string): JobScheduleExecutionInfo {
  if (row.state === null) return { nextRunTime: formatTimestamp(timing(storedSchedule(row).schedule).doNotRunUntil ?? row.createdAt) };
  const { runs, due, endedAt } = row;
  const id = scheduledJobId(row.id, runs);
  return {
    nextRunTime: due === null ? undefined : formatTimestamp(due),
    recentJob: runs === 0 ? undefined : { url: `${baseUrl}/jobs/${id}`, id },
    endTime: endedAt === null ? undefined : formatTimestamp(endedAt),
  };
}

/** What the rules need of a schedule's specification. */
export function timing({ doNotRunUntil, doNotRunAfter, startWindow, recurrenceInterval }: Schedule): ScheduleRules {
  return { doNotRunUntil: instant(doNotRunUntil), doNotRunAfter: instant(doNotRunAfter), startWindowMs: span(startWindow), recurrenceMs: span(recurrenceInterval) };
}

function instant(text: string | undefined): number | null {
  return text === undefined ? null : (parseTimestamp(text) ?? null);
}

/** null: without a bound. */
function span(text: string | undefined): number | null {
  const ms = text === undefined ? Infinity : (parseDuration(text) ?? Infinity);
  return Number.isFinite(ms) ? ms : null;
}

/** What the owner makes the schedule's jobs of. `more`: what the rules are told besides. */
export function jobTemplate(spec: ScheduledJobWithDefaults, more: Partial<JobRules>): JobTemplate {
  const manager = managerTask(spec);
  return { spec, rules: { ...jobRules(spec), ...more }, autoPool: autoPoolTemplate(spec.poolInfo), manager: manager === null ? null : managerTemplate(newTask(manager, 0)) };
}

function managerTemplate({ id, spec, requiredSlots, rules }: ReturnType<typeof newTask>): JobTemplate['manager'] {
  return { id, spec: JSON.parse(spec) as object, requiredSlots, rules };
}
