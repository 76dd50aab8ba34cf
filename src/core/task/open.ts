import type { TaskIntent } from '../intent.ts';
import type { Instant, TaskNumber } from '../keys.ts';
import type { CoreState, Job, Task } from '../model.ts';
import type { Cause, TaskStatus } from '../status.ts';
import { NOTHING_OUT, relist } from './attempts.ts';
import { count, tallied } from './counts.ts';
import { isOverTime } from './lifetime.ts';
import { changed, neverAttempted } from './row.ts';
import { at, BLOCKED, JOBS_LIMIT } from './table.ts';
import { wireTaskState } from '../wireState.ts';

/** Open tasks: their rows in the table, their places in the queue, and each change of their status. */

/** Gives a task a row in the table, and keeps its particulars. The task is not queued yet. */
export function addOpenTask(state: CoreState, job: Job, intent: TaskIntent): number {
  const entry = state.table.add({
    number: intent.task,
    createdAt: intent.createdAt,
    slots: intent.requiredSlots,
    retryLimit: intent.maxTaskRetryCount ?? JOBS_LIMIT,
    retentionMs: intent.retentionMs,
    instances: intent.instances ?? 0,
  });
  job.directory.set(intent.task, entry);
  const { idKey, exitConditions, affinity, dependsOn } = intent;
  if (job.dependencies !== null || exitConditions !== null || affinity !== null) {
    job.particulars.set(intent.task, { idKey, exitConditions, affinity, dependsOn });
  }
  return entry;
}

/** Queues an open task, or leaves it blocked by what it depends on. */
export function enqueueUnlessBlocked(state: CoreState, job: Job, entry: number, intent: TaskIntent): void {
  const unmet = job.dependencies === null || intent.dependsOn === null ? 0 : job.dependencies.wait(intent.task, intent.dependsOn);
  state.table.unmet[entry] = unmet;
  if (unmet === 0) enqueue(state, job, entry, 'byNumber');
}

export function enqueue(state: CoreState, job: Job, entry: number, where: 'byNumber' | 'last'): void {
  if (isOverTime(state, at(state.table.createdAt, entry))) {
    state.table.queueState[entry] = BLOCKED;
    return;
  }
  job.queue.enqueue(state.table, entry, where);
  relist(state, job);
}

/** The task object of an open task, made when first needed. */
export function taskOf(state: CoreState, job: Job, entry: number): Task {
  const known = state.table.records[entry];
  if (known !== null && known !== undefined) return known;
  const number = at(state.table.number, entry);
  const status = neverAttempted(job.number, number, at(state.table.createdAt, entry));
  const task: Task = {
    job, number, slots: at(state.table.slots, entry), instances: at(state.table.instances, entry), instanceFailure: null, status, entry, live: NOTHING_OUT, terminated: false, deleted: false, dirty: false,
  };
  state.table.records[entry] = task;
  return task;
}

/**
 * The task has one dependency less. At zero the rules look again at what it depends on: a task that was made active
 * again is on the same list twice.
 */
export function releaseDependant(state: CoreState, job: Job, number: TaskNumber): void {
  const entry = job.directory.get(number);
  if (entry === -1) return;
  const unmet = at(state.table.unmet, entry) - 1;
  state.table.unmet[entry] = unmet;
  if (unmet > 0 || at(state.table.queueState, entry) !== BLOCKED) return;
  const on = job.particulars.get(number)?.dependsOn ?? null;
  if (on === null || job.dependencies === null || job.dependencies.missing(on, 1).length === 0) enqueue(state, job, entry, 'byNumber');
}

/** Tasks that depend on this id have one thing less to wait for. */
export function satisfy(state: CoreState, job: Job, idKey: string | null): void {
  if (job.dependencies === null || idKey === null) return;
  for (const tasks of job.dependencies.satisfied(idKey)) state.releases.push({ job, tasks, done: 0 });
}

/** The row that says `satisfy` goes or changes: the store keeps the id as satisfied, also for the next owner. */
export function keepSatisfied(state: CoreState, { job, status }: Task, idKey: string | null): void {
  if (job.dependencies !== null && idKey !== null && status.dependency === 'satisfy') state.changes.satisfied(job.number, idKey);
}

/** The task is completed or gone: the rules keep only how it ended, for a few ticks. */
export function forgetTask(state: CoreState, task: Task): void {
  const { job, entry, number } = task;
  state.table.remove(entry);
  job.directory.delete(number);
  job.particulars.delete(number);
  task.entry = -1;
  state.changes.remember(task);
  state.review.jobs.add(job);
  relist(state, job);
}

/**
 * Changes a task's status. Times and previous states follow what clients see: between `active` and `offered` they see
 * nothing.
 */
export function move(state: CoreState, task: Task, to: TaskStatus['state'], when: Instant, cause: Cause, change: Partial<TaskStatus>): void {
  const { status, job } = task;
  const from = wireTaskState(status.state);
  const seen = from !== wireTaskState(to);
  task.status = changed(status, change, {
    state: to,
    since: seen ? when : status.since,
    previousState: seen ? from : status.previousState,
    previousSince: seen ? status.since : status.previousSince,
    cause,
  });
  if (count(job, tallied(status), tallied(task.status), task.slots)) state.changes.job(job);
  state.changes.task(task);
  if (seen) state.changes.taskMoved(from, task);
}
