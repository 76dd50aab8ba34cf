import { isOut, NOTHING_OUT, withdrawTask } from './attempts.ts';
import { count } from './counts.ts';
import type { TaskIntake } from '../events.ts';
import { TASK_ENDED } from './failures.ts';
import type { TaskIntent } from '../intent.ts';
import type { Instant } from '../keys.ts';
import type { CoreState, Job, Task } from '../model.ts';
import type { TaskStatus } from '../status.ts';
import { complete, remove } from './endings.ts';
import { forgetTask, keepSatisfied, enqueueUnlessBlocked, move, addOpenTask, taskOf } from './open.ts';
import { neverAttempted } from './row.ts';
import { JOBS_LIMIT } from './table.ts';

/** What clients ask of tasks: adding, terminating, deleting, making them active again, other constraints. */

/** A task that the job has not seen before: counted, and queued or blocked. */
export function ingest(state: CoreState, job: Job, intake: TaskIntake, now: Instant): void {
  const { intent } = intake;
  state.changes.taskAdded(job, intent);
  if (intent.deletedAt !== null) {
    state.changes.taskGone(job.number, intent.task);
    // The request that deleted it may still come by itself, with an older status: then it finds the task gone.
    state.changes.remember({ ...unopened(job, intent, null), deleted: true });
    return;
  }
  count(job, null, 'active', intent.requiredSlots);
  if (job.status.state === 'completed' || intake.aside === true) return;
  enqueueUnlessBlocked(state, job, addOpenTask(state, job, intent), intent);
  if (intent.terminateAt !== null) request(state, job, intake, now);
}

/**
 * A client asked something of a task. The rules know an open task. Of a completed one, or one in a completed job, they
 * believe the stored row, unless it ended so lately that they remember it.
 */
export function request(state: CoreState, job: Job, { intent, status }: TaskIntake, now: Instant): void {
  const entry = job.directory.get(intent.task);
  if (entry !== -1) {
    state.table.retryLimit[entry] = intent.maxTaskRetryCount ?? JOBS_LIMIT;
    state.table.retain(entry, intent.retentionMs);
    if (intent.deletedAt !== null || intent.terminateAt !== null) endOnRequest(state, taskOf(state, job, entry), intent, now);
    return;
  }
  const remembered = job.recent.get(intent.task);
  if (remembered?.deleted === true) return;
  const task = remembered ?? unopened(job, intent, status);
  const reactivate = intent.reactivateSequence > task.status.reactivateSequence;
  const terminate = intent.terminateAt !== null && task.status.state !== 'completed';
  if (intent.deletedAt === null && !reactivate && !terminate) return;
  task.entry = addOpenTask(state, job, intent);
  // Its row says where open tasks are.
  state.changes.job(job);
  state.table.records[task.entry] = task;
  if (intent.deletedAt !== null || terminate) endOnRequest(state, task, intent, now);
  else makeActive(state, task, intent, now);
}

/** A task that is not in memory, by its row. */
function unopened(job: Job, intent: TaskIntent, status: TaskStatus | null): Task {
  return {
    job,
    number: intent.task,
    slots: intent.requiredSlots,
    instances: intent.instances ?? 0,
    instanceFailure: null,
    status: status ?? neverAttempted(job.number, intent.task, intent.createdAt),
    entry: -1,
    live: NOTHING_OUT,
    terminated: false,
    deleted: false,
    dirty: false,
  };
}

function endOnRequest(state: CoreState, task: Task, intent: TaskIntent, now: Instant): void {
  if (intent.deletedAt !== null) task.deleted = true;
  else task.terminated = true;
  if (isOut(task)) withdrawTask(state, task);
  else if (task.deleted) remove(state, task);
  else complete(state, task, { endedAt: now, outcome: null, exitCode: null, failure: TASK_ENDED, cause: 'terminatedByUser' });
}

/** What its tries took until now. */
function ranBefore({ startedAt, endedAt, earlierMs }: TaskStatus): Pick<TaskStatus, 'earlierMs'> {
  return { earlierMs: startedAt === null || endedAt === null ? earlierMs : earlierMs + Math.max(0, endedAt - startedAt) };
}

/**
 * Reactivation (task semantics 6.20): the counts of tries begin anew, and what the task depended on stays satisfied. A
 * request to end it beside the reactivation came later: reactivating withdraws an older one.
 */
function makeActive(state: CoreState, task: Task, intent: TaskIntent, now: Instant): void {
  const { reactivateSequence, terminateAt } = intent;
  task.terminated = false;
  keepSatisfied(state, task, intent.idKey);
  const again = { reactivateSequence, result: null, exitCode: null, failure: null, container: null, dependency: null, startedAt: null, endedAt: null, retryCount: 0, lastRetryAt: null, ...ranBefore(task.status) };
  move(state, task, 'active', now, 'reactivated', again);
  if (terminateAt !== null) endOnRequest(state, task, intent, now);
  else if (task.job.status.state === 'completed') forgetTask(state, task);
  else enqueueUnlessBlocked(state, task.job, task.entry, intent);
}
