import type { CoreState, Job, Schedule } from '../model.ts';

/** A job of the schedule has come into memory. */
export function enterSchedule(state: CoreState, job: Job): void {
  const schedule = scheduleOf(state, job);
  if (schedule === null || job.status.state === 'completed' || job.intent.schedule?.run !== schedule.status.runs) return;
  schedule.job = job;
  schedule.isAwaited = false;
  state.review.schedules.add(schedule);
}

/** The job is over, and that holds; or it is gone. */
export function leaveSchedule(state: CoreState, job: Job): void {
  const schedule = scheduleOf(state, job);
  if (schedule === null) return;
  if (schedule.job === job) schedule.job = null;
  if (job.gone && schedule.jobsLeft !== null) {
    schedule.jobsLeft -= 1;
    schedule.doomed = Math.max(0, schedule.doomed - 1);
  }
  state.review.schedules.add(schedule);
}

/** null: it has none in memory. */
export function scheduleOf(state: CoreState, { intent }: Job): Schedule | null {
  return intent.schedule === null ? null : (state.schedules.get(intent.schedule.schedule) ?? null);
}
