import { noteRecentTask, settleActivity } from '../activity.ts';
import type { EndReason } from '../decisions.ts';
import type { AttemptEnd } from '../events.ts';
import type { AttemptKey, Instant } from '../keys.ts';
import type { CoreState, Job, Live, Node, Task } from '../model.ts';
import type { SubtaskStatus } from '../status.ts';
import { askEnd, attach, attemptOn, endStale, hasBegun, keyOf, occupySlots, offerCommand, primaryOf, wantedEnd } from './attempts.ts';
import { endOthers, instanceOver, LOST, overWithoutResult, primaryOver } from './endings.ts';
import { move, taskOf } from './open.ts';
import { changed, offeredStatus } from './row.ts';
import { endedSubtask, moveSubtask, offeredSubtask, storedFailure } from './subtasks.ts';
import { LIVE } from './table.ts';
import { addUsage, type TaskUsage } from './usage.ts';
import { TASK_MS_WEIGHT } from '../tunables.ts';

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

/** Why an attempt is ended so that its task runs again, and which no row says. */
const RUNS_AGAIN: ReadonlySet<EndReason> = new Set(['outranked', 'preempted']);

function learnPace(node: Node, tookMs: number): void {
  node.taskMs = node.taskMs === null ? tookMs : node.taskMs + (tookMs - node.taskMs) * TASK_MS_WEIGHT;
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

/** The rules believe an agent's clock as far as it fits the owner's. */
function within(reported: Instant, from: Instant, to: Instant): Instant {
  return Math.max(Math.min(reported, to), Math.min(from, to));
}
