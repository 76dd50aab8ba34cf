import type { Instant } from '../keys.ts';
import type { CoreState, Job } from '../model.ts';
import { relist, withdrawTask } from './attempts.ts';
import { at, BLOCKED, LIVE, QUEUED } from './table.ts';
import { LIMITS } from '../../wire/limits.ts';
import { LIFETIME_LOOK_MS } from '../tunables.ts';

/**
 * A task ends 180 days after it was added at the latest, whatever its constraints say, and one that waits by then never
 * runs: it stays active (API reference, "Add a task": it is terminated and left in the state in which it was; "Enable a
 * job": tasks added more than 180 days ago will not run). One that runs is ended and completed: that it should read
 * `running` for ever would help nobody.
 *
 * A job looks at its open tasks when the first of them may be as old as that.
 */

/** Whether a task that was added then is over its time. */
export function isOverTime({ overTimeUntil }: CoreState, createdAt: Instant): boolean {
  return createdAt <= overTimeUntil;
}

/** The rules know tasks that are as old as that by now. */
export function passTime(state: CoreState, now: Instant): void {
  state.overTimeUntil = Math.max(state.overTimeUntil, now - LIMITS.taskLifetimeMs);
}

/** When the job's tasks have to be looked at first: none of them is older than it. */
export function firstLook(createdAt: Instant): Instant {
  return createdAt + LIMITS.taskLifetimeMs;
}

/** Ends those that run, takes those that wait out of the queue, and says when to look next. */
export function endOverTime(state: CoreState, job: Job, now: Instant): Instant {
  const { table } = state;
  let next = now + LIMITS.taskLifetimeMs;
  for (const entry of job.directory.entries()) {
    const createdAt = at(table.createdAt, entry);
    if (!isOverTime(state, createdAt)) {
      next = Math.min(next, createdAt + LIMITS.taskLifetimeMs);
      continue;
    }
    const queueState = at(table.queueState, entry);
    if (queueState === QUEUED) {
      job.queue.dequeue(table, entry);
      table.queueState[entry] = BLOCKED;
      relist(state, job);
    }
    const task = queueState === LIVE ? table.records[entry] : null;
    if (task === null || task === undefined) continue;
    task.isOverTime = true;
    withdrawTask(state, task);
  }
  return Math.max(next, now + LIFETIME_LOOK_MS);
}
