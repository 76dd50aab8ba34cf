import { joinShared, leaveShared } from '../job/autoPool.ts';
import { terminateJob } from '../job/life.ts';
import type { ScheduleIntake } from '../events.ts';
import { scheduledJobId, type Instant } from '../keys.ts';
import type { CoreState, Schedule } from '../model.ts';
import type { ScheduleState, ScheduleStatus } from '../status.ts';
import type { Timer } from '../timers.ts';
import { JOBS_PER_DELETION } from '../tunables.ts';
import { dueAfter, isOver, nextChange, passMissed } from './timing.ts';

/**
 * The life of a job schedule.
 *
 * `active`: makes its jobs, each when it is due (timing.ts) and the one before is over; it asks for a job in the tick
 * that counts it (`Decisions.requests`), and knows of it for certain once it comes as a client's would. `disabled`:
 * makes none; a job that runs goes on, and what became due meanwhile is made after all if it is not too late.
 * Terminate: `terminating`, while its job is terminated; with that over `completed`. It also completes when no job will
 * be due any more and the last one is over. Delete: all its jobs are deleted, and it goes with the last of them.
 */

export function upsertSchedule(state: CoreState, { intent, status, jobs }: ScheduleIntake): void {
  let schedule = state.schedules.get(intent.schedule);
  if (schedule === undefined) {
    // Nothing becomes of it any more but that it goes: not kept in memory until then.
    if (status?.state === 'completed' && intent.deletedAt === null) return;
    schedule = { number: intent.schedule, intent, status: status ?? unseen(intent), job: null, isAwaited: false, jobsLeft: null, doomed: 0, timer: null, poolQueue: null, gone: false, dirty: false };
    state.schedules.set(intent.schedule, schedule);
    if (schedule.status.autoPoolId !== null && schedule.status.state !== 'completed') joinShared(state, schedule, schedule.status.autoPoolId);
    if (status === null) state.changes.schedule(schedule);
  }
  schedule.intent = intent;
  if (intent.deletedAt !== null) schedule.jobsLeft ??= jobs;
  state.review.schedules.add(schedule);
}

function unseen({ schedule, createdAt }: Schedule['intent']): ScheduleStatus {
  return {
    schedule,
    state: 'active',
    since: createdAt,
    previousState: null,
    previousSince: null,
    actionSequence: 0,
    timingSequence: 0,
    due: null,
    lastDue: null,
    runs: 0,
    endedAt: null,
    autoPoolId: null,
  };
}

/** Advances a schedule as far as it goes now. */
export function reviewSchedule(state: CoreState, schedule: Schedule, now: Instant): void {
  const { intent } = schedule;
  if (schedule.gone || state.shuttingDown) return;
  if (intent.deletedAt !== null) {
    deleteJobs(state, schedule, now);
    return;
  }
  if (intent.actionSequence > schedule.status.actionSequence) applyAction(state, schedule, now);
  if (schedule.status.state === 'active') makeJobs(state, schedule, now);
  if (schedule.status.state === 'terminating') endJob(state, schedule, now);
}

function applyAction(state: CoreState, schedule: Schedule, now: Instant): void {
  const { action, actionSequence, actionAt } = schedule.intent;
  change(state, schedule, { actionSequence });
  const { state: before } = schedule.status;
  const at = Math.max(Math.min(actionAt, now), Math.min(schedule.status.since, now));
  if (action.kind === 'disable' && before === 'active') move(state, schedule, 'disabled', at);
  if (action.kind === 'enable' && before === 'disabled') move(state, schedule, 'active', at);
  if (action.kind === 'terminate' && before !== 'completed') move(state, schedule, 'terminating', at);
  // It may be forced to end now, whatever it waits for.
  if (schedule.job !== null) state.review.jobs.add(schedule.job);
}

function makeJobs(state: CoreState, schedule: Schedule, now: Instant): void {
  const { intent } = schedule;
  const { lastDue, timingSequence } = schedule.status;
  if (intent.timingSequence > timingSequence) change(state, schedule, { timingSequence: intent.timingSequence, due: dueAfter(intent, lastDue) });
  pass(state, schedule, now);
  const isBusy = schedule.job !== null || schedule.isAwaited;
  const { due } = schedule.status;
  if (!isBusy && due !== null && due <= now) makeJob(state, schedule, due);
  else if (!isBusy && (isOver(intent, now) || (due === null && intent.recurrenceMs === null))) {
    complete(state, schedule, now);
    return;
  }
  setTimer(state, schedule, nextChange(intent, schedule.status.due, now), now);
}

/** Due times that are over by now, and those that no job may have. */
function pass(state: CoreState, schedule: Schedule, now: Instant): void {
  const { intent, status } = schedule;
  const passed = passMissed(intent, status.due, status.lastDue, now);
  const isTooLate = isOver(intent, Math.max(now, passed.due ?? now));
  const due = isTooLate ? null : passed.due;
  if (due !== status.due || passed.lastDue !== status.lastDue) change(state, schedule, { due, lastDue: passed.lastDue });
}

function makeJob(state: CoreState, schedule: Schedule, due: Instant): void {
  const { intent, number } = schedule;
  const run = schedule.status.runs + 1;
  change(state, schedule, { runs: run, lastDue: due, due: withinTime(schedule, dueAfter(intent, due)) });
  schedule.isAwaited = true;
  state.changes.request({ kind: 'addJob', schedule: number, run, id: scheduledJobId(intent.id, run) });
}

function withinTime({ intent }: Schedule, due: Instant | null): Instant | null {
  return due === null || isOver(intent, due) ? null : due;
}

function endJob(state: CoreState, schedule: Schedule, now: Instant): void {
  if (schedule.job !== null) terminateJob(state, schedule.job, 'TerminateJobSchedule', now);
  else if (!schedule.isAwaited) complete(state, schedule, now);
}

function complete(state: CoreState, schedule: Schedule, now: Instant): void {
  move(state, schedule, 'completed', now);
  change(state, schedule, { endedAt: now, due: null });
  setTimer(state, schedule, null, now);
  state.schedules.delete(schedule.number);
  leaveShared(state, schedule);
}

/** In pages: a schedule may have made hundreds of thousands. */
function deleteJobs(state: CoreState, schedule: Schedule, now: Instant): void {
  const { number, jobsLeft } = schedule;
  if (jobsLeft === null) throw new Error(`of schedule ${number}, which is being deleted, it is not known how many jobs there are`);
  setTimer(state, schedule, null, now);
  if (schedule.job !== null) state.review.jobs.add(schedule.job);
  if (jobsLeft === 0) {
    schedule.gone = true;
    state.schedules.delete(number);
    leaveShared(state, schedule);
    state.changes.scheduleGone(number);
    return;
  }
  if (schedule.doomed > 0) return;
  schedule.doomed = Math.min(jobsLeft, JOBS_PER_DELETION);
  state.changes.request({ kind: 'deleteJobs', schedule: number, most: schedule.doomed });
}

function setTimer(state: CoreState, schedule: Schedule, at: Instant | null, now: Instant): void {
  if (schedule.timer === at) return;
  const former = schedule.timer;
  schedule.timer = at;
  // One that has been due is there no more.
  if (former !== null && former > now) state.timers.outdate((timer) => isNeeded(state, timer));
  if (at !== null) state.timers.set({ at, kind: 'schedule', schedule: schedule.number });
}

function isNeeded(state: CoreState, timer: Timer): boolean {
  return timer.kind !== 'schedule' || state.schedules.get(timer.schedule)?.timer === timer.at;
}

function move(state: CoreState, schedule: Schedule, to: ScheduleState, at: Instant): void {
  const { state: from, since } = schedule.status;
  if (from !== to) change(state, schedule, { state: to, since: at, previousState: from, previousSince: since });
}

function change(state: CoreState, schedule: Schedule, to: Partial<ScheduleStatus>): void {
  schedule.status = { ...schedule.status, ...to };
  state.changes.schedule(schedule);
}
