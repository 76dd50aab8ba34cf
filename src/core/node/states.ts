import { reviewEndingJobs } from '../jobNode/release.ts';
import type { Instant } from '../keys.ts';
import type { CoreState, Node } from '../model.ts';
import { nodeTakesTasks } from '../placement/filters/nodeTakesTasks.ts';
import { isFree } from '../cost/meter.ts';
import type { NodeState, StartTaskStatus } from '../status.ts';
import { FIRST_WORD_MS } from '../tunables.ts';

/** The state of a node, and what hangs on it. */

export function enterState(state: CoreState, node: Node, to: NodeState, now: Instant): void {
  if (node.state !== to) {
    if (isFree(node.state) !== isFree(to)) state.review.pools.add(node.pool);
    node.state = to;
    node.since = now;
    state.changes.node(node);
    reviewEndingJobs(state, node);
  }
  updateCapacity(state, node);
}

/** Adds the node to those that take tasks, or removes it from them. */
export function updateCapacity(state: CoreState, node: Node): void {
  const { pool } = node;
  if (nodeTakesTasks({ node }) === null) {
    pool.capacity.add(node);
    state.review.placement.add(pool);
  } else pool.capacity.remove(node);
}

/** Its life is to end as a client or its pool wants: what its agent says of the node changes its state no more. */
export function isEnding({ state, restart }: Node): boolean {
  return state === 'leavingpool' || restart !== null;
}

/** Asked of the provider, and not heard of yet. One that was deallocated is `starting` before it is heard. */
export function isComingUp(node: Node): boolean {
  const { state, restart, bootedAt } = node;
  return state === 'creating' || state === 'preempted' || (restart === null && (state === 'rebooting' || state === 'reimaging')) || (state === 'starting' && bootedAt === null) || isOverdue(node);
}

/** Its agent has not said its first word in time. */
export function isOverdue({ state, errors }: Pick<Node, 'state' | 'errors'>): boolean {
  return state === 'unusable' && errors.some(({ code }) => code === NOT_RESPONDING);
}

const NOT_RESPONDING = 'NodeNotResponding';

/** Nobody can use it: it is as any other unusable node until its agent comes after all, or this life is ended. */
export function giveUpWaiting(state: CoreState, node: Node, now: Instant): void {
  if (node.firstWordBy === null || node.firstWordBy > now || !isComingUp(node)) return;
  node.firstWordBy = null;
  const message = `The agent of the node has said nothing within ${FIRST_WORD_MS / 1000} seconds of its start. The node is used when it does; one that can be ended for its silence is started again.`;
  node.errors = [{ code: NOT_RESPONDING, message }];
  enterState(state, node, 'unusable', now);
}

/** The state of a node whose agent is there and not ready. */
export function booting(node: Node): NodeState {
  const { startTask } = node;
  const waits = node.pool.intent.startTask?.waitForSuccess === true;
  if (startTask === null || !waits) return 'starting';
  if (startTask.state === 'running') return 'waitingforstarttask';
  return failed(startTask) ? 'starttaskfailed' : 'waitingforstarttask';
}

function failed(startTask: StartTaskStatus): boolean {
  return startTask.result === 'failure';
}

export function noteObtained(state: CoreState, node: Node): void {
  node.pending = null;
  if (node.obtained) return;
  node.obtained = true;
  state.review.pools.add(node.pool);
}
