import { reviewEndingJobs } from '../job/release.ts';
import type { Instant } from '../keys.ts';
import type { CoreState, Node } from '../model.ts';
import { nodeTakesTasks } from '../placement/filters/nodeTakesTasks.ts';
import { isFree } from '../pool/meter.ts';
import type { NodeState, StartTaskStatus } from '../status.ts';

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
export function isComingUp({ state, restart, bootedAt }: Node): boolean {
  return state === 'creating' || (restart === null && (state === 'rebooting' || state === 'reimaging')) || (state === 'starting' && bootedAt === null);
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
