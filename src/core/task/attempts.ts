import type { Command, EndReason } from '../decisions.ts';
import type { DisableJobOption, NodeDeallocationOption } from '../intent.ts';
import type { AttemptKey, Instant } from '../keys.ts';
import { enterNode } from '../job/onNode.ts';
import type { CoreState, Job, Live, Node, Pool, Task } from '../model.ts';
import { updateReady } from '../job/queue.ts';
import { END_DEADLINE_MS } from '../tunables.ts';

/**
 * Attempts that are out on nodes, and the slots that go with them. An attempt is offered (it waits on the node, in
 * order, and takes a slot when the agent starts it) or started. A command asks either back. The attempt stays where it
 * is until the agent answers, or is proved dead.
 */

export function keyOf(task: Task): AttemptKey {
  return { job: task.job.number, task: task.number, attempt: task.status.attempt, instance: 0 };
}

/** The task whose present attempt this is, on this node; null: it is stale. */
export function currentAttempt(state: CoreState, node: Node, key: AttemptKey): (Task & { live: Live }) | null {
  const job = state.jobs.get(key.job);
  const task = job === undefined ? null : (state.table.records[job.directory.get(key.task)] ?? null);
  return task !== null && isLive(task) && task.live.node === node && task.status.attempt === key.attempt && key.instance === 0 ? task : null;
}

export function isLive(task: Task): task is Task & { live: Live } {
  return task.live !== null;
}

function started(task: Task): boolean {
  return task.status.state !== 'offered';
}

/** Puts an attempt on a node. */
export function attach(state: CoreState, task: Task, node: Node, now: Instant): void {
  const { priority } = task.job.intent;
  task.live = { node, offeredAt: now, priority, revoking: null, ending: null, missingSince: null };
  task.job.live.add(task);
  enterNode(task.job, node);
  node.pool.capacity.change(node, -task.slots);
  if (started(task)) {
    node.running.add(task);
    node.runningSlots += task.slots;
  } else {
    node.offers.add(task);
    addTo(node.pool.offered, priority, task.slots);
  }
  relist(state, task.job);
}

/** The offered attempt has taken its slots. */
export function occupySlots(task: Task & { live: Live }): void {
  const { node } = task.live;
  uncountOffer(task, node.pool);
  task.live.revoking = null;
  node.offers.delete(task);
  node.running.add(task);
  node.runningSlots += task.slots;
}

/** The attempt is over: its slots are free again. Call it before the status says so. */
export function detach(state: CoreState, task: Task & { live: Live }): void {
  const { node } = task.live;
  const { pool } = node;
  if (started(task)) {
    node.running.delete(task);
    node.runningSlots -= task.slots;
  } else {
    uncountOffer(task, pool);
    node.offers.delete(task);
  }
  pool.capacity.change(node, task.slots);
  state.changes.node(node);
  state.review.placement.add(pool);
  if (node.state === 'leavingpool') state.review.nodes.add(node);
  const { job } = task;
  job.live.delete(task);
  (task as Task).live = null;
  if (job.live.size === 0) state.review.jobs.add(job);
  relist(state, job);
}

/** The offer no longer counts: neither as waiting, nor as being taken back. */
function uncountOffer(task: Task & { live: Live }, pool: Pool): void {
  const { live, slots } = task;
  if (live.revoking === null && live.ending === null) addTo(pool.offered, live.priority, -slots);
  else if (live.revoking === 'steal') pool.stealing -= slots;
}

/** Asks an un-started offer back. The agent says `revoked`, or `started` if it was quicker. */
export function askRevoke(state: CoreState, task: Task & { live: Live }, why: NonNullable<Live['revoking']>): void {
  const { live, slots } = task;
  if (started(task) || live.revoking !== null || live.ending !== null) return;
  addTo(live.node.pool.offered, live.priority, -slots);
  if (why === 'steal') live.node.pool.stealing += slots;
  live.revoking = why;
  state.changes.command({ kind: 'revoke', node: live.node.number, key: keyOf(task) });
}

export function endCommand(node: Node, key: AttemptKey, reason: EndReason): Command {
  return { kind: 'end', node: node.number, key, reason, deadlineMs: END_DEADLINE_MS[reason] };
}

/** Asks the agent to end a started attempt, or never to start an offered one. It answers `ended` or `revoked`. */
export function askEnd(state: CoreState, task: Task & { live: Live }, reason: EndReason): void {
  const { live, slots } = task;
  if (live.ending !== null) return;
  if (!started(task)) {
    if (live.revoking === null) addTo(live.node.pool.offered, live.priority, -slots);
    else if (live.revoking === 'steal') live.node.pool.stealing -= slots;
    live.revoking = 'withdrawn';
  }
  live.ending = reason;
  state.changes.command(endCommand(live.node, keyOf(task), reason));
}

/** Ends or revokes an attempt that must not go on where it is. Does nothing to any other. */
export function withdraw(state: CoreState, task: Task): void {
  if (!isLive(task)) return;
  const reason = wantedEnd(task);
  if (reason !== null) askEnd(state, task, reason);
  else if (!mayStart(task)) askRevoke(state, task, 'withdrawn');
}

/**
 * Why a started attempt has to end now; null: it may go on. The client's word on the task goes before the job's, the
 * job's before the node's.
 */
export function wantedEnd(task: Task & { live: Live }): EndReason | null {
  const { job, live } = task;
  if (task.terminated || task.deleted) return 'terminate';
  if (job.intent.deletedAt !== null || job.status.state === 'terminating') return 'terminate';
  if (job.status.state === 'disabling') {
    const option = disableOption(job);
    if (option !== 'wait') return option;
  }
  if (live.node.state === 'leavingpool') {
    const option = deallocation(live.node.pool);
    if (option === 'requeue' || option === 'terminate') return option;
  }
  return null;
}

function mayStart(task: Task & { live: Live }): boolean {
  const { node } = task.live;
  return task.job.status.state === 'active' && node.scheduling === 'enabled' && node.state !== 'leavingpool' && node.state !== 'unusable';
}

/** An exit condition disables with `requeue` (task semantics 6.9), whatever a client asked for some time before. */
function disableOption(job: Job): DisableJobOption {
  return job.intent.action.kind === 'disable' && job.intent.actionSequence === job.status.actionSequence ? job.intent.action.tasks : 'requeue';
}

/** A pool that is deleted requeues what runs on it. */
function deallocation(pool: Pool): NodeDeallocationOption {
  return (pool.intent.deletedAt === null ? pool.intent.nodeDeallocation : 'requeue');
}

export function relist(state: CoreState, job: Job): void {
  updateReady(job);
  const { pool } = job.poolQueue;
  if (job.listed !== null && pool !== null) state.review.placement.add(pool);
}

function addTo(map: Map<number, number>, key: number, by: number): void {
  const sum = (map.get(key) ?? 0) + by;
  if (sum === 0) map.delete(key);
  else map.set(key, sum);
}
