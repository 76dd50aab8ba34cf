import type { Command, EndReason, Host } from '../decisions.ts';
import type { DisableJobOption, NodeDeallocationOption } from '../intent.ts';
import { managerOf } from '../jobManager.ts';
import type { AttemptKey, Instant } from '../keys.ts';
import { neededPreparation } from '../jobNode/preparation.ts';
import { enterNode } from '../jobNode/onNode.ts';
import type { CoreState, Job, Live, Node, Pool, Task } from '../model.ts';
import { useSlots } from '../cost/usage.ts';
import { updateReady } from './queue.ts';
import { pay } from './owed.ts';
import type { SubtaskStatus } from '../status.ts';
import { END_DEADLINE_MS } from '../tunables.ts';

/**
 * Attempts that are out on nodes, and the slots that go with them. An attempt is offered (it waits on the node, in
 * order, and takes a slot when the agent starts it) or started. A command asks either back. The attempt stays where it
 * is until the agent answers, or is proved dead.
 *
 * A task may have several attempts out: the instances of one attempt, each on a node of its own. Instance 0 is the
 * primary. Instances of an earlier attempt may be among them, but never a second primary.
 */

/** Of a task of which nothing is out. */
export const NOTHING_OUT: readonly Live[] = [];

export function keyOf({ task, attempt, instance }: Live): AttemptKey {
  return { job: task.job.number, task: task.number, attempt, instance };
}

/** The attempt of this key that is out on this node; null: what is said of it is stale. */
export function attemptOn(state: CoreState, node: Node, key: AttemptKey): Live | null {
  const job = state.jobs.get(key.job);
  const task = job === undefined ? null : (state.table.records[job.directory.get(key.task)] ?? null);
  for (const live of task?.live ?? NOTHING_OUT) if (isOf(live, key)) return live.node === node ? live : null;
  // Instances beside the primary may be out although their task is completed.
  if (key.instance > 0) for (const live of [...node.running, ...node.offers]) if (isOf(live, key)) return live;
  return null;
}

function isOf({ task, attempt, instance }: Live, key: AttemptKey): boolean {
  return attempt === key.attempt && instance === key.instance && task.number === key.task && task.job.number === key.job;
}

/** The attempt whose end is the task's; null: it is not out. */
export function primaryOf({ live }: Task): Live | null {
  const first = live[0];
  if (first === undefined || first.instance === 0) return first ?? null;
  return live.find(({ instance }) => instance === 0) ?? null;
}

export function isOut(task: Task): boolean {
  return task.live.length > 0;
}

/**
 * Puts an instance of the task's present attempt on a node. `subtask`: its row, of another than the primary.
 */
export function attach(state: CoreState, task: Task, subtask: SubtaskStatus | null, node: Node, now: Instant): Live {
  const { job } = task;
  const { state: stage, startedAt, since } = subtask ?? task.status;
  const exclusive = managerOf(task)?.runExclusive === true;
  const slots = exclusive ? Math.max(task.slots, node.slots) : task.slots;
  const { priority } = job.intent;
  const { attempt } = task.status;
  const started = stage !== 'offered';
  const live: Live = {
    task, attempt, instance: subtask?.instance ?? 0, node, slots, started, preparing: stage === 'preparing', offeredAt: now, occupiedAt: started ? (startedAt ?? since) : null, priority,
    revoking: null, ending: null, missingSince: null, coordinated: false, subtask,
  };
  task.live = isOut(task) ? [...task.live, live] : [live];
  job.live.add(task);
  enterNode(job, node);
  node.pool.capacity.change(node, -slots);
  if (exclusive) node.heldBy = live;
  if (started) {
    node.running.add(live);
    node.runningSlots += slots;
  } else {
    node.offers.add(live);
    addTo(node.pool.offered, priority, slots);
  }
  relist(state, job);
  return live;
}

/** The offered attempt has taken its slots. */
export function occupySlots(state: CoreState, live: Live): void {
  const { node } = live;
  // It was quicker than those for whom it should make room.
  if (live.revoking === 'outranked') state.review.placement.add(node.pool);
  uncountOffer(live, node.pool);
  pay(state, live);
  live.revoking = null;
  live.started = true;
  live.occupiedAt = state.now;
  node.offers.delete(live);
  node.running.add(live);
  node.runningSlots += live.slots;
}

/** The attempt is over: its slots are free again. `isLost`: what it did has to be done again. */
export function detach(state: CoreState, live: Live, isLost = false): void {
  useSlots(state, live, isLost);
  const { node, task } = live;
  const { pool } = node;
  if (live.started) {
    node.running.delete(live);
    node.runningSlots -= live.slots;
  } else {
    uncountOffer(live, pool);
    node.offers.delete(live);
  }
  pool.capacity.change(node, live.slots);
  if (node.heldBy === live) node.heldBy = null;
  state.changes.nodeActivity(node);
  state.review.placement.add(pool);
  if (node.state === 'leavingpool' || node.restart !== null) state.review.nodes.add(node);
  const { job } = task;
  task.live = task.live.length === 1 ? NOTHING_OUT : task.live.filter((other) => other !== live);
  if (!isOut(task)) job.live.delete(task);
  if (job.live.size === 0) state.review.jobs.add(job);
  relist(state, job);
}

/** The offer no longer counts: neither as waiting, nor as being taken back. */
function uncountOffer(live: Live, pool: Pool): void {
  if (live.revoking === null && live.ending === null) addTo(pool.offered, live.priority, -live.slots);
  else if (live.revoking === 'steal') pool.stealing -= live.slots;
}

/** Asks an un-started offer back. The agent says `revoked`, or `started` if it was quicker. */
export function askRevoke(state: CoreState, live: Live, why: NonNullable<Live['revoking']>): void {
  if (live.started || live.revoking !== null || live.ending !== null) return;
  addTo(live.node.pool.offered, live.priority, -live.slots);
  if (why === 'steal') live.node.pool.stealing += live.slots;
  live.revoking = why;
  state.changes.command({ kind: 'revoke', node: live.node.number, key: keyOf(live) });
}

/** What an offer says to its node, also when it is said again. */
export function offerCommand(state: CoreState, live: Live): Command {
  const { node, slots, task } = live;
  const preparation = neededPreparation(state, task.job, node);
  const offer = { kind: 'offer', node: node.number, key: keyOf(live), slots, ...(task.instances === 0 ? null : { hosts: hostsOf(task, live.attempt) }) } as const;
  return preparation === null ? offer : { ...offer, preparation };
}

/** Of all instances of the attempt, in their order. */
function hostsOf({ live }: Task, attempt: number): readonly Host[] {
  const instances = live.filter((other) => other.attempt === attempt).sort((one, other) => one.instance - other.instance);
  return instances.map(({ node: { agent } }) => ({ address: agent?.ipAddress ?? '', cores: agent?.cores ?? 1 }));
}

/** To an agent that holds an attempt of which the rules know nothing. */
export function endStale(node: Node, key: AttemptKey): Command {
  return { kind: 'end', node: node.number, key, reason: 'stale', deadlineMs: END_DEADLINE_MS.stale };
}

/** What is said of an attempt that is being ended, also when it is said again. */
export function endCommand(live: Live, reason: EndReason): Command {
  return { kind: 'end', node: live.node.number, key: keyOf(live), reason, deadlineMs: reason === 'preempted' ? graceOf(live) : END_DEADLINE_MS[reason] };
}

/** Of its nodes that are to be taken back the first counts. */
function graceOf(live: Live): number {
  const graces = nodesOf(live).flatMap(({ notice }) => notice?.graceMs ?? []);
  return graces.length === 0 ? 0 : Math.min(...graces);
}

/** Asks the agent to end a started attempt, or never to start an offered one. It answers `ended` or `revoked`. */
export function askEnd(state: CoreState, live: Live, reason: EndReason): void {
  // What has time to end loses it where its end is wanted for good.
  if (live.ending !== null && !(live.ending === 'preempted' && live.started && reason === 'terminate')) return;
  if (!live.started) {
    uncountOffer(live, live.node.pool);
    live.revoking = 'withdrawn';
  }
  live.ending = reason;
  state.changes.command(endCommand(live, reason));
}

/** Ends or revokes an attempt that must not go on where it is. Does nothing to any other. */
export function withdraw(state: CoreState, live: Live): void {
  const reason = wantedEnd(live);
  if (reason !== null) askEnd(state, live, reason);
  else if (!mayStart(live)) askRevoke(state, live, 'withdrawn');
}

/** The same for all that is out of the task. */
export function withdrawTask(state: CoreState, task: Task): void {
  for (const live of task.live) withdraw(state, live);
}

/**
 * Why a started attempt has to end now; null: it may go on. The client's word on the task goes before the job's, the
 * job's before the node's.
 */
export function wantedEnd(live: Live): EndReason | null {
  const { task } = live;
  const { job } = task;
  if (task.terminated || task.deleted || task.isOverTime === true) return 'terminate';
  if (job.intent.deletedAt !== null || job.status.state === 'terminating') return 'terminate';
  if (job.status.state === 'disabling') {
    const option = disableOption(job);
    if (option !== 'wait') return option;
  }
  for (const node of nodesOf(live)) {
    const option = endOn(node);
    if (option !== null) return option;
  }
  return null;
}

/** Those that the attempt is on: a multi-instance task ends as a whole, whichever of its nodes wants that. */
export function nodesOf({ task, attempt, node }: Live): readonly Node[] {
  return task.instances < 2 ? [node] : [node, ...task.live.flatMap((live) => (live.attempt === attempt ? [live.node] : []))];
}

/** Why what runs on the node has to end; null: for nothing that the node itself is to do. */
function endOn({ state, pool, restart, intent, notice }: Node): EndReason | null {
  const options = [state === 'leavingpool' ? deallocation(pool) : null, restart?.tasks ?? null, intent?.schedulingDisabled ?? null];
  for (const option of options) if (option === 'requeue' || option === 'terminate') return option;
  return notice === null ? null : 'preempted';
}

/** What it runs has begun, not only the preparation of its job. */
export function hasBegun({ started, preparing }: Live): boolean {
  return started && !preparing;
}

function mayStart(live: Live): boolean {
  const { task, node } = live;
  return task.job.status.state === 'active' && ((node.scheduling === 'enabled' && node.restart === null && node.notice === null) || isUnderWay(live)) && node.state !== 'leavingpool' && node.state !== 'unusable';
}

/** Another instance of the attempt has started: this one belongs to what runs on its node. */
function isUnderWay({ task, attempt }: Live): boolean {
  return task.instances > 1 && task.live.some((other) => other.attempt === attempt && other.started);
}

/** An exit condition disables with `requeue` (task semantics 6.9), whatever a client asked for some time before. */
function disableOption(job: Job): DisableJobOption {
  return job.intent.action.kind === 'disable' && job.intent.actionSequence === job.status.actionSequence ? job.intent.action.tasks : 'requeue';
}

/** What becomes of what runs on nodes that go. A pool that is deleted requeues it. */
export function deallocation({ intent, status }: Pool): NodeDeallocationOption {
  if (intent.deletedAt !== null) return 'requeue';
  return intent.autoScale ? (status.autoScale?.option ?? 'requeue') : intent.nodeDeallocation;
}

export function relist(state: CoreState, job: Job): void {
  updateReady(job);
  const { pool } = job.poolQueue;
  if (pool !== null && (job.listed !== null || pool.keeping?.job === job)) state.review.placement.add(pool);
}

function addTo(map: Map<number, number>, key: number, by: number): void {
  const sum = (map.get(key) ?? 0) + by;
  if (sum === 0) map.delete(key);
  else map.set(key, sum);
}
