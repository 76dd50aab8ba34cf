import { managerOf } from '../jobManager.ts';
import { noteRecentTask, settleActivity } from '../activity.ts';
import type { AttemptOutcome } from '../events.ts';
import type { Instant } from '../keys.ts';
import type { CoreState, Job, Live, Node, Task } from '../model.ts';
import type { Cause, FailureInfo, SubtaskStatus } from '../status.ts';
import { askEnd, detach, hasBegun, isOut, nodesOf, primaryOf, wantedEnd } from './attempts.ts';
import { count, tallied } from './counts.ts';
import { exitActions } from './exitConditions.ts';
import { FAILURE_EXIT_CODE, LIFETIME_EXCEEDED, TASK_ENDED, WALL_CLOCK_EXCEEDED } from './failures.ts';
import { enqueue, forgetTask, keepSatisfied, move, satisfy } from './open.ts';
import { endSubtask, instanceFailureOf } from './subtasks.ts';
import { at, JOBS_LIMIT, LIVE, QUEUED } from './table.ts';

/**
 * How attempts end, and what becomes of their tasks: completed, back to the queue, or gone (life.ts tells when). All of
 * it is said of the primary; the other instances end with it, and only then the task goes on.
 */

/** The primary is over, by itself or because another instance has failed. */
export function primaryOver(state: CoreState, live: Live, said: AttemptOutcome, endedAt: Instant, now: Instant): void {
  const { task } = live;
  const outcome = isWithoutResult(said) && !task.terminated ? (task.instanceFailure ?? said) : said;
  switch (outcome.kind) {
    case 'exited':
      if (outcome.exitCode !== 0 && mayRetry(state, live)) returnToQueue(state, live, 'retry', endedAt, outcome.exitCode);
      else complete(state, task, { endedAt, outcome, exitCode: outcome.exitCode, failure: outcome.exitCode === 0 ? null : (outcome.failure ?? FAILURE_EXIT_CODE), cause: 'exited' });
      return;
    case 'notStarted':
      complete(state, task, { endedAt, outcome, exitCode: null, failure: outcome.failure, cause: 'exited' });
      return;
    case 'uploadFailed':
      complete(state, task, { endedAt, outcome, exitCode: outcome.exitCode, failure: outcome.failure, cause: 'exited' });
      return;
    case 'timedOut':
      complete(state, task, { endedAt, outcome, exitCode: outcome.exitCode, failure: WALL_CLOCK_EXCEEDED, cause: 'exited' });
      return;
    case 'killed':
      returnToQueue(state, live, 'nodeLost', endedAt, outcome.exitCode);
      return;
    case 'lost':
      returnToQueue(state, live, 'nodeLost', now);
      return;
  }
}

/** An instance beside the primary is over. */
export function instanceOver(state: CoreState, live: Live, subtask: SubtaskStatus, outcome: AttemptOutcome, endedAt: Instant, now: Instant): void {
  const { task, node } = live;
  detach(state, live, isWithoutResult(outcome) && primaryOf(task)?.attempt === live.attempt);
  endSubtask(state, live, subtask, outcome, endedAt);
  if (subtask.startedAt !== null) retain(state, task, node, endedAt);
  noteRecentTask(state, live);
  settleActivity(state, node, now);
  const primary = primaryOf(task);
  if (primary === null) {
    afterPrimary(state, task, now);
    return;
  }
  if (primary.attempt !== live.attempt) return;
  task.instanceFailure ??= instanceFailureOf(live.instance, outcome);
  if (task.instanceFailure !== null || isWithoutResult(outcome)) askEnd(state, primary, 'stale');
}

/** Why all that runs on a node is over. */
export type Loss = 'nodeLost' | 'nodePreempted' | 'shutdown';

/** The node's agent and everything it started are dead, or the service has ended them all. */
export function loseAttempts(state: CoreState, node: Node, cause: Loss, now: Instant): void {
  for (const live of [...node.running, ...node.offers]) overWithoutResult(state, live, cause, now);
}

/** The attempt is over, or nobody waits to hear how it ends. */
export function overWithoutResult(state: CoreState, live: Live, cause: Cause, now: Instant): void {
  if (live.subtask !== null) {
    const primary = primaryOf(live.task);
    if (cause === 'nodePreempted' && primary?.attempt === live.attempt) askEnd(state, primary, 'preempted');
    instanceOver(state, live, live.subtask, LOST, now, now);
  } else if (live.task.instanceFailure !== null) primaryOver(state, live, LOST, now, now);
  else returnToQueue(state, live, cause, now);
}

export const LOST: AttemptOutcome = { kind: 'lost' };

function isWithoutResult({ kind }: AttemptOutcome): boolean {
  return kind === 'killed' || kind === 'lost';
}

export function endOthers(state: CoreState, task: Task): void {
  for (const live of task.live) askEnd(state, live, 'stale');
}

/** The task's primary is over. When the other instances are too, the task goes on. */
function afterPrimary(state: CoreState, task: Task, now: Instant): void {
  endOthers(state, task);
  if (isOut(task)) return;
  const { job, entry, status } = task;
  if (task.deleted) remove(state, task);
  else if (entry === -1 || status.state !== 'active' || at(state.table.queueState, entry) !== LIVE) return;
  else if (task.terminated) complete(state, task, { endedAt: now, outcome: null, exitCode: null, failure: TASK_ENDED, cause: 'terminatedByUser' });
  else enqueue(state, job, entry, status.cause === 'retry' && managerOf(task) === null ? 'last' : 'byNumber');
}

/**
 * Counted only for nonzero exit codes (task semantics 6.10), and not where the task or its job is coming to its end.
 */
function mayRetry(state: CoreState, live: Live): boolean {
  const { task } = live;
  const { job } = task;
  if (live.ending === 'terminate' || wantedEnd(live) === 'terminate') return false;
  const own = at(state.table.retryLimit, task.entry);
  const limit = own === JOBS_LIMIT ? job.intent.maxTaskRetryCount : own;
  return limit < 0 || task.status.retryCount < limit;
}

/**
 * An attempt was over at `overAt` without a result. Its task ends if that was wanted, else it waits for another
 * attempt.
 */
function returnToQueue(state: CoreState, live: Live, cause: Cause, overAt: Instant, exitCode: number | null = null): void {
  const { task, node } = live;
  const { status, job } = task;
  const hadStarted = hasBegun(live);
  // Asked to end so that it runs again, and meanwhile its job, or its node's pool, wants it ended for good.
  const reason = wantedEnd(live) === 'terminate' ? 'terminate' : (live.ending ?? wantedEnd(live));
  if (task.deleted) {
    remove(state, task);
    return;
  }
  if (task.terminated || (hadStarted && reason === 'terminate' && cause !== 'retry')) {
    const isOverTime = !task.terminated && task.isOverTime === true;
    const by = task.terminated ? 'terminatedByUser' : isOverTime ? 'overTime' : cameFrom(job, live, false);
    complete(state, task, { endedAt: overAt, outcome: null, exitCode, failure: isOverTime ? LIFETIME_EXCEEDED : TASK_ENDED, cause: by });
    return;
  }
  const isRequeue = cause === 'nodePreempted' || reason === 'requeue' || reason === 'outranked' || reason === 'preempted';
  const requeued = hadStarted && isRequeue && cause !== 'retry' && cause !== 'shutdown';
  detach(state, live, hadStarted && cause !== 'retry');
  const earlier = hadStarted && status.startedAt !== null ? { earlierMs: status.earlierMs + Math.max(0, overAt - status.startedAt) } : null;
  const counted = requeued ? { requeueCount: status.requeueCount + 1, lastRequeueAt: overAt } : null;
  const because = requeued || (live.ending === 'outranked' && cause === 'revoked') ? cameFrom(job, live, cause === 'nodePreempted' || live.ending === 'preempted') : cause;
  move(state, task, 'active', overAt, because, { startedAt: null, ...(cause === 'retry' ? { exitCode } : null), ...counted, ...earlier });
  noteRecentTask(state, live);
  settleActivity(state, node, overAt);
  afterPrimary(state, task, overAt);
}

/** Who wanted a started attempt ended, in the order of `wantedEnd`. */
function cameFrom(job: Job, live: Live, isTakenBack: boolean): Cause {
  if (job.status.state === 'terminating' || job.intent.deletedAt !== null) return 'jobTerminated';
  if (job.status.state === 'disabling') return 'jobDisabled';
  if (nodesOf(live).some(({ state }) => state === 'leavingpool')) return 'nodeRemoved';
  if (live.ending === 'outranked') return 'preempted';
  return isTakenBack ? 'nodePreempted' : 'nodeOperation';
}

interface Completion {
  readonly endedAt: Instant;
  /** null: ended from outside. */
  readonly outcome: AttemptOutcome | null;
  readonly exitCode: number | null;
  readonly failure: FailureInfo | null;
  readonly cause: Cause;
}

export function complete(state: CoreState, task: Task, { endedAt, outcome, exitCode, failure, cause }: Completion): void {
  if (task.deleted) {
    remove(state, task);
    return;
  }
  const { job, entry } = task;
  const primary = primaryOf(task);
  if (primary !== null) detach(state, primary);
  else if (at(state.table.queueState, entry) === QUEUED) job.queue.dequeue(state.table, entry);
  const particulars = job.particulars.get(task.number);
  const actions = exitActions(particulars?.exitConditions ?? null, outcome);
  const result = failure === null ? 'success' : 'failure';
  const container = outcome !== null && 'container' in outcome ? outcome.container : null;
  move(state, task, 'completed', endedAt, cause, { endedAt, exitCode, failure, container, result, dependency: actions.dependency });
  if (primary !== null) {
    const { node } = primary;
    if (result === 'success') node.totalTasksSucceeded += 1;
    retain(state, task, node, endedAt);
    noteRecentTask(state, primary);
    settleActivity(state, node, endedAt);
  }
  if (actions.dependency === 'satisfy') satisfy(state, job, particulars?.idKey ?? null);
  const byJob = cause === 'jobTerminated' || cause === 'jobDisabled' || cause === 'nodeRemoved' || cause === 'nodeOperation';
  if (job.intent.onTaskFailure === 'performexitoptionsjobaction' && actions.job !== 'none' && !byJob) {
    job.exitAction = job.exitAction === 'terminate' ? 'terminate' : actions.job;
  }
  if (managerOf(task)?.killJobOnCompletion === true && job.exitAction !== 'terminate') job.exitAction = 'managerDone';
  forgetTask(state, task);
  endOthers(state, task);
}

/** What the task leaves on the node stays there for its retention time. */
function retain({ table }: CoreState, { entry }: Task, node: Node, endedAt: Instant): void {
  if (entry !== -1) node.retainUntil = Math.max(node.retainUntil, endedAt + at(table.retentionSeconds, entry) * 1000);
}

/** Removes a deleted task for good, with its directory on the node, once none of its instances is out. */
export function remove(state: CoreState, task: Task): void {
  const { job, entry } = task;
  const primary = primaryOf(task);
  const node = primary?.node ?? null;
  const ran = task.status.node === null ? undefined : state.nodes.get(task.status.node);
  if (primary !== null) detach(state, primary);
  endOthers(state, task);
  if (isOut(task)) {
    if (primary === null || node === null) return;
    // Its row names the node no more, so that the next owner expects nothing there.
    move(state, task, 'active', task.status.since, task.status.cause, { startedAt: null });
    settleActivity(state, node, node.since);
    return;
  }
  if (at(state.table.queueState, entry) === QUEUED) job.queue.dequeue(state.table, entry);
  keepSatisfied(state, task, job.particulars.get(task.number)?.idKey ?? null);
  count(job, tallied(task.status), null, task.slots);
  state.changes.job(job);
  state.changes.taskGone(job.number, task.number);
  // Instances may have run on any node where something of the job lies.
  const nodes = task.instances > 1 ? job.nodes.keys() : ran === undefined ? [] : [ran];
  for (const { number } of nodes) state.changes.command({ kind: 'discard', node: number, job: job.number, task: task.number });
  forgetTask(state, task);
  if (primary === null || node === null) return;
  noteRecentTask(state, primary);
  settleActivity(state, node, node.since);
}
