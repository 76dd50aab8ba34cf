import { askRevoke, relist, withdrawTask } from '../task/attempts.ts';
import { Dependencies } from '../task/dependencies.ts';
import type { JobIntent } from '../intent.ts';
import { discardJob, forgetJobOnNodes } from '../jobNode/onNode.ts';
import type { Instant, JobNumber } from '../keys.ts';
import type { CoreState, Job } from '../model.ts';
import { followPool, makePool } from './autoPool.ts';
import { joinQueue, leaveQueue, releasePool } from './poolQueue.ts';
import { JobQueue, type PoolQueue } from '../task/queue.ts';
import { releaseNodes } from '../jobNode/release.ts';
import { enterSchedule, leaveSchedule, scheduleOf } from './ofSchedule.ts';
import type { Random } from '../port.ts';
import type { JobState, JobStatus } from '../status.ts';
import { TaskDirectory } from '../task/directory.ts';
import { overWithoutResult } from '../task/endings.ts';
import { endOverTime, firstLook } from '../task/lifetime.ts';
import type { Timer } from '../timers.ts';
import { COMPLETED_JOBS_KEPT } from '../tunables.ts';

/**
 * The life of a job.
 *
 * `active`: its tasks are placed. Disable: `disabling`, while offers are taken back and running tasks are requeued,
 * terminated or waited for; with none left `disabled`. Enable: `enabling`, and in the same breath `active`. Whatever
 * ends it (a client, its wall clock, its last task, an exit condition): `terminating`, while running tasks are
 * terminated and then its nodes released (release.ts); with nothing left `completed`. Its waiting tasks stay `active`
 * for ever, and the rules forget them. What ends by itself ends in one step, and may have to come back: the commit
 * refuses the end beside a task that was added or made active again meanwhile. Delete: running tasks are terminated
 * and, if it was not completed, its nodes released; with nothing left the job goes, and its tasks with it. What is
 * forced to end does not wait for its nodes: they are told, and what they say of it later is stale.
 *
 * The rules apply requests in the order of their sequence, however late. A request that came too late for the job's
 * state is only noted.
 */

const REASONS = { wallClock: 'MaxWallClockTimeExpiry', allComplete: 'AllTasksComplete', taskFailed: 'TaskFailed', managerDone: 'JMComplete' } as const;

export function upsertJob(state: CoreState, intent: JobIntent, status: JobStatus | null): Job {
  let job = state.jobs.get(intent.job);
  if (job === undefined) {
    job = make(intent, status, joinQueue(state, status?.autoPoolId ?? intent.poolId));
    state.jobs.set(intent.job, job);
    if (status === null) state.changes.job(job);
    if (status?.state === 'completed') state.completedJobs.add(job);
    enterSchedule(state, job);
  }
  const { intent: before } = job;
  job.intent = intent;
  if (intent.priority !== before.priority || intent.allowTaskPreemption !== before.allowTaskPreemption) placeAnew(state, job);
  followPool(state, job);
  setTimer(state, job);
  state.review.jobs.add(job);
  relist(state, job);
  return job;
}

/**
 * The job has another priority, or its tasks have to make room from now on, or no more. Those that wait on nodes come
 * back, to be placed as it is now.
 */
function placeAnew(state: CoreState, job: Job): void {
  const { poolQueue: { pool } } = job;
  if (pool !== null) state.review.placement.add(pool);
  for (const task of job.live) for (const live of task.live) if (live.priority !== job.intent.priority) askRevoke(state, live, 'withdrawn');
}

/** For its wall clock, and for tasks that may be over their time. */
function setTimer(state: CoreState, job: Job): void {
  const { createdAt, maxWallClockMs } = job.intent;
  const at = job.status.state === 'completed' ? null : Math.min(job.looksAt, maxWallClockMs === null ? Number.POSITIVE_INFINITY : createdAt + maxWallClockMs);
  if (job.timer === at) return;
  const former = job.timer;
  job.timer = at;
  if (former !== null) state.timers.outdate((timer) => isNeeded(state, timer));
  if (at !== null) state.timers.set({ at, kind: 'job', job: job.number });
}

function isNeeded(state: CoreState, timer: Timer): boolean {
  return timer.kind !== 'job' || state.jobs.get(timer.job)?.timer === timer.at;
}

function make(intent: JobIntent, stored: JobStatus | null, poolQueue: PoolQueue): Job {
  const none = { active: 0, running: 0, succeeded: 0, failed: 0 };
  const status: JobStatus = stored ?? {
    job: intent.job,
    state: 'active',
    since: intent.createdAt,
    previousState: null,
    previousSince: null,
    actionSequence: 0,
    endedAt: null,
    terminateReason: null,
    autoPoolId: null,
    schedulingError: null,
    open: null,
    ingested: 0,
    tasks: none,
    slots: none,
  };
  return {
    number: intent.job,
    intent,
    status,
    ingested: status.ingested,
    tasks: { ...status.tasks },
    slots: { ...status.slots },
    usage: (status.usage ?? []).map((one) => ({ ...one })),
    directory: new TaskDirectory(),
    queue: new JobQueue(),
    poolQueue,
    listed: null,
    yielding: null,
    timer: null,
    looksAt: firstLook(intent.createdAt),
    live: new Set(),
    nodes: new Map(),
    nodesKnown: status.state !== 'completed',
    closedNodes: new Map(),
    particulars: new Map(),
    dependencies: intent.usesTaskDependencies && status.state !== 'completed' ? new Dependencies() : null,
    recent: new Map(),
    exitAction: null,
    ending: null,
    gone: false,
    dirty: false,
  };
}

/** Advances a job as far as it goes now. */
export function reviewJob(state: CoreState, job: Job, now: Instant, random: Random): void {
  if (job.gone) return;
  const { intent } = job;
  if (intent.deletedAt !== null) {
    withdrawAll(state, job);
    if (isForced(state, job)) abandon(state, job, now);
    if (job.live.size === 0 && (job.status.state === 'completed' || releaseNodes(state, job) || isForced(state, job))) removeJob(state, job);
    return;
  }
  if (intent.actionSequence > job.status.actionSequence) applyAction(state, job, now);
  if (!givePool(state, job, now, random)) return;
  if (job.exitAction !== null) applyExitAction(state, job, now);
  keepToLimit(state, job);
  if (intent.maxWallClockMs !== null && intent.createdAt + intent.maxWallClockMs <= now) terminate(state, job, REASONS.wallClock, now);
  if (job.looksAt <= now && job.status.state !== 'completed') {
    job.looksAt = endOverTime(state, job, now);
    setTimer(state, job);
  }
  // First: the last task that a disable waited for may have been the job's last.
  if (job.status.state === 'disabling' && job.live.size === 0) move(state, job, 'disabled', now);
  if (allTasksComplete(job)) endByItself(state, job, now);
  if (job.status.state !== 'terminating' || job.ending !== null) return;
  if (isForced(state, job)) abandon(state, job, now);
  if (job.live.size > 0 || !(releaseNodes(state, job) || isForced(state, job))) return;
  finish(state, job, now);
  letGo(state, job);
}

/** Returns false if the job is over for want of its auto pool (recorded: completed at once, without a reason). */
function givePool(state: CoreState, job: Job, now: Instant, random: Random): boolean {
  if (job.status.state === 'terminating' || job.status.state === 'completed') return true;
  const error = makePool(state, job, random);
  relist(state, job);
  if (error === null) return true;
  job.status = { ...job.status, schedulingError: error };
  finish(state, job, now);
  letGo(state, job);
  return false;
}

/** By itself, or with its schedule. */
function isForced(state: CoreState, job: Job): boolean {
  return [job.intent.action, scheduleOf(state, job)?.intent.action].some((action) => action?.kind === 'terminate' && action.force === true);
}

/** Its nodes have been told to end what runs of it. Whatever they make of that, it has ended. */
function abandon(state: CoreState, job: Job, now: Instant): void {
  for (const task of job.live) for (const live of task.live) overWithoutResult(state, live, 'revoked', now);
}

/** The job is over, and that holds, or it is gone. */
function letGo(state: CoreState, job: Job): void {
  leaveSchedule(state, job);
  releasePool(state, job.poolQueue, job);
}

/** What the job is part of hears of it once that holds: an end by itself may be refused. */
function finish(state: CoreState, job: Job, now: Instant): void {
  move(state, job, 'completed', now);
  job.status = { ...job.status, endedAt: now };
  setTimer(state, job);
  forgetTasks(state, job);
  keepCompleted(state, job);
}

function applyAction(state: CoreState, job: Job, now: Instant): void {
  const { action, actionSequence, actionAt } = job.intent;
  job.status = { ...job.status, actionSequence };
  state.changes.job(job);
  switch (action.kind) {
    case 'none':
      return;
    case 'disable':
      if (job.status.state === 'active' || job.status.state === 'enabling' || job.status.state === 'disabling') disable(state, job, actionAt, now);
      return;
    case 'enable':
      if (job.status.state !== 'disabled' && job.status.state !== 'disabling') return;
      move(state, job, 'enabling', within(actionAt, job, now));
      move(state, job, 'active', now);
      return;
    case 'terminate':
      terminate(state, job, action.reason, actionAt, now);
  }
}

/** Exit conditions of tasks (onTaskFailure) and the end of the job manager. Only an active job is disabled. */
function applyExitAction(state: CoreState, job: Job, now: Instant): void {
  const action = job.exitAction;
  job.exitAction = null;
  if (action === 'terminate') terminate(state, job, REASONS.taskFailed, now);
  if (action === 'managerDone') terminate(state, job, REASONS.managerDone, now);
  if (action === 'disable' && job.status.state === 'active') disable(state, job, now, now);
}

function disable(state: CoreState, job: Job, at: Instant, now: Instant): void {
  move(state, job, 'disabling', within(at, job, now));
  withdrawAll(state, job);
}

function terminate(state: CoreState, job: Job, reason: string, at: Instant, now: Instant = at): void {
  if (job.status.state === 'terminating' || job.status.state === 'completed') return;
  move(state, job, 'terminating', within(at, job, now));
  job.status = { ...job.status, terminateReason: reason };
  withdrawAll(state, job);
}

/** Something that the job is part of ends it. */
export function terminateJob(state: CoreState, job: Job, reason: string, now: Instant): void {
  if (job.intent.deletedAt !== null || job.status.state === 'terminating' || job.status.state === 'completed') return;
  terminate(state, job, reason, now);
  state.review.jobs.add(job);
}

/**
 * Every task is completed, also if there is none (task semantics 6.17). The job waits for a task that was added, or may
 * have been made active again, and that the rules have not heard of yet.
 */
function allTasksComplete({ intent, status, tasks, ingested, live }: Job): boolean {
  return intent.onAllTasksComplete === 'terminatejob' &&
  (status.state === 'active' || status.state === 'disabled') &&
  tasks.active + tasks.running + live.size === 0 &&
  ingested >= intent.nextTask - 1 &&
  intent.reactivations >= 0;
}

/**
 * No task of the job is open, so only its row changes. The guard keeps it from ending beside a task of which the rules
 * have not heard. A job with a preparation is `terminating` first: its nodes are released once the end is known to
 * hold.
 */
function endByItself(state: CoreState, job: Job, now: Instant): void {
  const { status, dependencies } = job;
  terminate(state, job, REASONS.allComplete, now);
  if (job.intent.preparation === null) finish(state, job, now);
  job.ending = { status, dependencies };
  state.endings.add(job);
  state.changes.ending(job, status);
}

/** The jobs that the last decide ended have ended: its commit is done, and no `endingRefused` came. */
export function confirmEndings(state: CoreState): void {
  for (const job of state.endings) {
    job.ending = null;
    if (job.status.state === 'terminating') state.review.jobs.add(job);
    else letGo(state, job);
  }
  state.endings.clear();
}

/** Whether a job goes on ending as soon as it is known that its end holds: the next decide does it. */
export function hasEndingToGoOn({ endings }: CoreState): boolean {
  for (const { status, intent } of endings) if (status.state === 'terminating' || intent.schedule !== null || intent.autoPool !== null) return true;
  return false;
}

/** The commit refused the job's end: the job is again what its row says. The tasks it has to wait for come next. */
export function undoEnding(state: CoreState, number: JobNumber): void {
  const job = state.jobs.get(number);
  if (job === undefined || job.ending === null) throw new Error(`job ${number} has not ended by itself in the last decide`);
  job.status = job.ending.status;
  job.dependencies = job.ending.dependencies;
  job.ending = null;
  state.endings.delete(job);
  state.completedJobs.delete(job);
  setTimer(state, job);
  relist(state, job);
  state.review.jobs.add(job);
}

/**
 * A lower maxParallelTasks does not touch running tasks. Offers above it are revoked, the latest first: agents would
 * start them by themselves.
 */
function keepToLimit(state: CoreState, job: Job): void {
  const { maxParallelTasks } = job.intent;
  if (maxParallelTasks < 0 || job.live.size <= maxParallelTasks) return;
  let excess = job.live.size - maxParallelTasks;
  for (const task of [...job.live].reverse()) {
    if (excess === 0) return;
    if (task.status.state !== 'offered') continue;
    for (const live of task.live) askRevoke(state, live, 'withdrawn');
    excess -= 1;
  }
}

function withdrawAll(state: CoreState, job: Job): void {
  for (const task of job.live) withdrawTask(state, task);
}

function move(state: CoreState, job: Job, to: JobState, at: Instant): void {
  const { status } = job;
  if (status.state !== to) job.status = { ...status, state: to, since: at, previousState: status.state, previousSince: status.since };
  state.changes.job(job);
  relist(state, job);
}

/** The time of a request, kept between the state before and now. */
function within(at: Instant, job: Job, now: Instant): Instant {
  return Math.max(Math.min(at, now), Math.min(job.status.since, now));
}

function forgetTasks(state: CoreState, job: Job): void {
  for (const entry of job.directory.entries()) {
    const task = state.table.records[entry];
    if (task !== null && task !== undefined) task.entry = -1;
    state.table.remove(entry);
  }
  job.directory.clear();
  job.queue.clear();
  job.particulars.clear();
  job.dependencies = null;
  relist(state, job);
}

function keepCompleted(state: CoreState, job: Job): void {
  state.completedJobs.add(job);
  for (const oldest of state.completedJobs) {
    if (state.completedJobs.size <= COMPLETED_JOBS_KEPT || oldest.dirty || oldest.recent.size > 0) return;
    state.completedJobs.delete(oldest);
    state.jobs.delete(oldest.number);
    forgetJobOnNodes(oldest);
    leaveQueue(state, oldest.poolQueue);
  }
}

/** Removes a deleted job for good. The store removes its tasks. */
function removeJob(state: CoreState, job: Job): void {
  forgetTasks(state, job);
  job.gone = true;
  relist(state, job);
  state.jobs.delete(job.number);
  state.completedJobs.delete(job);
  letGo(state, job);
  leaveQueue(state, job.poolQueue);
  if (job.timer !== null) state.timers.outdate((timer) => isNeeded(state, timer));
  state.changes.jobGone(job.number);
  discardJob(state, job);
  forgetJobOnNodes(job);
}
