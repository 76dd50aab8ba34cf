import { askEnd, attach, attemptOn, detach, endStale, isOut, keyOf, managerOf, nodesOf, NOTHING_OUT, occupySlots, offerCommand, primaryOf, relist, wantedEnd } from './attempts.ts';
import { count, tallied } from './counts.ts';
import type { EndReason } from '../decisions.ts';
import type { AttemptEnd, AttemptOutcome } from '../events.ts';
import { exitActions } from './exitConditions.ts';
import { FAILURE_EXIT_CODE, LIFETIME_EXCEEDED, TASK_ENDED, WALL_CLOCK_EXCEEDED } from './failures.ts';
import type { TaskIntent } from '../intent.ts';
import type { AttemptKey, Instant, TaskNumber } from '../keys.ts';
import type { CoreState, Job, Live, Node, Task } from '../model.ts';
import { noteRecentTask, settleActivity } from '../node/activity.ts';
import type { Cause, FailureInfo, SubtaskStatus, TaskStatus } from '../status.ts';
import { isOverTime } from './lifetime.ts';
import { changed, neverAttempted, offeredStatus } from './row.ts';
import { endedSubtask, endSubtask, instanceFailureOf, moveSubtask, offeredSubtask, storedFailure } from './subtasks.ts';
import { at, BLOCKED, JOBS_LIMIT, LIVE, QUEUED } from './table.ts';
import { TASK_MS_WEIGHT } from '../tunables.ts';
import { addUsage, type TaskUsage } from './usage.ts';
import { wireTaskState } from '../wireState.ts';

/**
 * The life of a task.
 *
 * A new task is `active`: blocked while it depends on something unsatisfied, then queued in its job. Placement offers
 * an attempt of it to a node (`offered`: no slot is taken, clients still see `active`). The agent starts the attempt
 * (`running`), first of all the preparation of its job where that has not run (`preparing`), or it gives it back
 * (`active`): asked to, or because the preparation has failed. A started attempt ends:
 * - the process exits 0, and the task is `completed` with success; any other exit code is retried as often as allowed
 *   (`active` again, at the end of its job's queue; the retry is counted when it starts, until then the exit code of
 *   the last try stands in the row), then `completed` with failure;
 * - it could not be started, an upload failed, or its wall clock ran out: `completed` with failure, never retried;
 * - it was killed on our command: `completed` (`TaskEnded`) if the task, its job or the node's removal wanted it
 *   terminated, `active` again if it was to be requeued, or made room for a task of higher priority, or its node is to
 *   be taken back;
 * - it was added 180 days ago: killed and `completed`, or `active` for ever (lifetime.ts);
 * - its node was taken back: `active` again, which counts as a requeue, also where no notice came before;
 * - its node was lost: `active` again; neither a retry nor a requeue is counted. A completed task changes no more,
 *   unless a client makes a failed one active again. A deleted one goes as soon as no attempt of it is out.
 *
 * What an agent says of an attempt that is not out on its node is stale: it changes nothing, and a started one is told
 * to end.
 *
 * All of that is said of the primary (instance 0), and the task's row with it. When the primary is over, the other
 * instances are told to end, and the task runs again, or goes, only when the last of them is over. One that is over
 * without a result before its primary takes the primary with it. So does one that fails: the attempt then ends as that
 * one did, and is retried or not.
 *
 * The instances of a multi-instance task first run its coordination command. When all have said that theirs has
 * succeeded, the primary is told to go on (`proceed`), and again whenever an agent says that it holds one of them.
 */

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

function enqueue(state: CoreState, job: Job, entry: number, where: 'byNumber' | 'last'): void {
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

/** Offers the queued task: a new attempt, with an instance on each of these nodes. */
export function offer(state: CoreState, job: Job, entry: number, nodes: readonly [Node, ...Node[]], now: Instant): void {
  job.queue.dequeue(state.table, entry);
  const task = taskOf(state, job, entry);
  const { attempt } = task.status;
  const change = { attempt: attempt + 1, node: nodes[0].number };
  task.instanceFailure = null;
  if (nodes.length > 1) move(state, task, 'offered', now, 'offered', change);
  else {
    task.status = offeredStatus(task.status, change);
    state.changes.offered(task);
  }
  // What each is told names them all.
  const instances = nodes.map((node, instance) => attach(state, task, instance === 0 ? null : offeredSubtask(task, instance, node, now), node, now));
  for (const live of instances) {
    if (live.subtask !== null) state.changes.subtask(live.subtask);
    state.changes.nodeActivity(live.node);
    state.changes.command(offerCommand(state, live));
  }
}

/** The agent says that an attempt took its slots and waits for the preparation of its job. */
export function preparing(state: CoreState, node: Node, key: AttemptKey, reportedAt: Instant, now: Instant): void {
  const live = attemptOn(state, node, key);
  if (live === null) {
    state.changes.command(endStale(node, key));
    return;
  }
  if (live.started) return;
  const { task } = live;
  occupySlots(state, live);
  live.preparing = true;
  if (live.subtask === null) move(state, task, 'preparing', within(reportedAt, task.status.since, now), 'started', {});
  else moveSubtask(state, live, live.subtask, 'preparing', within(reportedAt, live.subtask.since, now), {});
  settleActivity(state, node, now);
  const reason = wantedEnd(live);
  if (reason !== null) askEnd(state, live, reason);
}

/** The agent says that an attempt took its slots. */
export function started(state: CoreState, node: Node, key: AttemptKey, reportedAt: Instant, now: Instant): void {
  const live = attemptOn(state, node, key);
  if (live === null) {
    state.changes.command(endStale(node, key));
    return;
  }
  live.missingSince = null;
  if (!hasBegun(live)) start(state, live, reportedAt, now);
}

function hasBegun({ started, preparing }: Live): boolean {
  return started && !preparing;
}

function start(state: CoreState, live: Live, reportedAt: Instant, now: Instant): void {
  const { node, task } = live;
  if (!live.started) occupySlots(state, live);
  live.preparing = false;
  if (live.subtask !== null) {
    const startedAt = within(reportedAt, live.subtask.since, now);
    moveSubtask(state, live, live.subtask, 'running', startedAt, { startedAt });
    noteRecentTask(state, live);
  } else {
    const { status } = task;
    const startedAt = within(reportedAt, status.since, now);
    const retries = status.exitCode !== null;
    const retryCount = retries ? status.retryCount + 1 : status.retryCount;
    move(state, task, 'running', startedAt, 'started', { startedAt, exitCode: null, retryCount, lastRetryAt: retries ? startedAt : status.lastRetryAt });
    node.totalTasksRun += 1;
    noteRecentTask(state, live);
  }
  settleActivity(state, node, now);
  const reason = wantedEnd(live);
  if (reason !== null) askEnd(state, live, reason);
}

/** The agent says that the coordination command of an instance has succeeded. */
export function coordinated(state: CoreState, node: Node, key: AttemptKey): void {
  const live = attemptOn(state, node, key);
  if (live === null || !hasBegun(live)) return;
  live.coordinated = true;
  const { task, attempt } = live;
  const primary = primaryOf(task);
  if (primary === null || primary.attempt !== attempt || primary.ending !== null) return;
  const together = task.live.filter((other) => other.attempt === attempt && other.coordinated);
  if (together.length === task.instances) state.changes.command({ kind: 'proceed', node: primary.node.number, key: keyOf(primary) });
}

/**
 * The agent gives an offer back: it has not started and never will. Of an attempt that had started it says that the
 * agent has lost it.
 */
export function revoked(state: CoreState, node: Node, key: AttemptKey, now: Instant): void {
  const live = attemptOn(state, node, key);
  if (live !== null) overWithoutResult(state, live, 'revoked', now);
}

/** The agent says how an attempt ended. */
export function ended(state: CoreState, node: Node, end: AttemptEnd, now: Instant): void {
  const live = attemptOn(state, node, end.key);
  if (live === null) return;
  if (!hasBegun(live) && end.startedAt !== null) start(state, live, end.startedAt, now);
  if (end.startedAt !== null) learnPace(node, end.endedAt - end.startedAt);
  const { outcome } = end;
  const { task } = live;
  // An owner before this one may have wanted that.
  if (outcome.kind === 'killed' && outcome.reason !== undefined && RUNS_AGAIN.has(outcome.reason)) live.ending ??= outcome.reason;
  spend(state, task, outcome.used);
  if (live.subtask === null) primaryOver(state, live, outcome, within(end.endedAt, task.status.since, now), now);
  else instanceOver(state, live, live.subtask, outcome, within(end.endedAt, live.subtask.since, now), now);
}

/**
 * What an instance has used is the task's, also where its primary has ended the task before. If the rules do not
 * remember that any more, a client may have asked for something meanwhile: then it is lost.
 */
function spend(state: CoreState, task: Task, used: TaskUsage | undefined): void {
  if (used === undefined) return;
  const { job, number, status } = task;
  if (status.state === 'completed' && job.recent.get(number) !== task) return;
  task.status = changed(status, { used: addUsage(status.used, used) }, status);
  state.changes.task(task);
  if (status.state === 'completed') state.changes.remember(task);
}

/** The primary is over, by itself or because another instance has failed. */
function primaryOver(state: CoreState, live: Live, said: AttemptOutcome, endedAt: Instant, now: Instant): void {
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

/** Why an attempt is ended so that its task runs again, and which no row says. */
const RUNS_AGAIN: ReadonlySet<EndReason> = new Set(['outranked', 'preempted']);

function isWithoutResult({ kind }: AttemptOutcome): boolean {
  return kind === 'killed' || kind === 'lost';
}

function learnPace(node: Node, tookMs: number): void {
  node.taskMs = node.taskMs === null ? tookMs : node.taskMs + (tookMs - node.taskMs) * TASK_MS_WEIGHT;
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

const LOST: AttemptOutcome = { kind: 'lost' };

/** An instance beside the primary is over. */
function instanceOver(state: CoreState, live: Live, subtask: SubtaskStatus, outcome: AttemptOutcome, endedAt: Instant, now: Instant): void {
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

function endOthers(state: CoreState, task: Task): void {
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

/** The other instances of the task's last attempt, as their rows say. Its primary is in place, if it is out. */
export function loadInstances(state: CoreState, task: Task, rows: readonly SubtaskStatus[], now: Instant): void {
  let isLost = false;
  for (const row of rows.filter(({ attempt }) => attempt === task.status.attempt)) {
    const node = state.nodes.get(row.node);
    if (row.state === 'completed') {
      task.instanceFailure ??= storedFailure(row);
      isLost = true;
    } else if (node === undefined) {
      state.changes.subtask(endedSubtask(row, LOST, now));
      isLost = true;
    } else {
      state.table.queueState[task.entry] = LIVE;
      attach(state, task, row, node, now);
    }
  }
  const primary = primaryOf(task);
  if (primary === null) endOthers(state, task);
  else if (isLost) askEnd(state, primary, 'stale');
}

/**
 * Instances that were out although their task had ended: whoever ended them waits for them no more. An agent that still
 * has one hears that it is stale.
 */
export function forgetInstances(state: CoreState, rows: readonly SubtaskStatus[], now: Instant): void {
  for (const row of rows) {
    if (row.state === 'completed') continue;
    state.changes.subtask(endedSubtask(row, LOST, now));
    const node = state.nodes.get(row.node);
    if (node !== undefined) state.changes.nodeActivity(node);
  }
}

/** A row says that an attempt is out on a node that is no more. */
export function resumeFromLost(state: CoreState, task: Task, now: Instant): void {
  return move(state, task, 'active', now, 'nodeLost', { startedAt: null });
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

/** Tasks that depend on this id have one thing less to wait for. */
export function satisfy(state: CoreState, job: Job, idKey: string | null): void {
  if (job.dependencies === null || idKey === null) return;
  for (const tasks of job.dependencies.satisfied(idKey)) state.releases.push({ job, tasks, done: 0 });
}

/** The row that says `satisfy` goes or changes: the store keeps the id as satisfied, also for the next owner. */
export function keepSatisfied(state: CoreState, { job, status }: Task, idKey: string | null): void {
  if (job.dependencies !== null && idKey !== null && status.dependency === 'satisfy') state.changes.satisfied(job.number, idKey);
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

/** The rules believe an agent's clock as far as it fits the owner's. */
function within(reported: Instant, from: Instant, to: Instant): Instant {
  return Math.max(Math.min(reported, to), Math.min(from, to));
}
