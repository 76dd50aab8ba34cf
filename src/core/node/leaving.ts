import { forgetNodeOfJobs } from '../jobNode/onNode.ts';
import type { Instant } from '../keys.ts';
import type { CoreState, Node } from '../model.ts';
import { deallocation } from '../task/attempts.ts';
import { workingState } from '../activity.ts';
import { booting, enterState } from './states.ts';
import { disconnect, isGivenUp, isHeld, loseRuns, withdrawAll } from './work.ts';

/** How a node leaves its pool. */

/**
 * The pool does not want the node any more. A node that is leaving already may be waiting for its tasks or their data:
 * a deleted pool waits for neither.
 */
export function startLeaving(state: CoreState, node: Node, now: Instant): void {
  enterState(state, node, 'leavingpool', now);
  node.restart = null;
  node.isRestarting = false;
  withdrawAll(state, node);
  state.review.nodes.add(node);
}

/** The resize was stopped or timed out before it could leave. Returns false if it is too late. */
export function stayAfterAll(state: CoreState, node: Node, now: Instant): boolean {
  if (node.state !== 'leavingpool' || node.released) return false;
  if (node.isDeallocated) enterState(state, node, 'deallocated', now);
  else if (node.acquireAt !== null) {
    enterState(state, node, 'creating', now);
    state.review.nodes.add(node);
  } else if (!node.connected) enterState(state, node, 'unknown', now);
  else enterState(state, node, node.ready ? workingState(node) : booting(node), now);
  return true;
}

export function releaseWhenEmpty(state: CoreState, node: Node, now: Instant): void {
  if (node.released || isHeld(state, node, deallocation(node.pool), now)) return;
  node.released = true;
  if (node.life === 0 || node.isDeallocated) removeNode(state, node, now);
  else state.changes.command({ kind: 'release', node: node.number, life: node.life, silent: isGivenUp(node) });
}

/**
 * The node is gone for good. Its row stays as long as a task names it, with only what that needs: thousands of such
 * rows may gather.
 */
export function removeNode(state: CoreState, node: Node, now: Instant): void {
  disconnect(node);
  loseRuns(state, node, 'nodeLost', now);
  node.pool.capacity.remove(node);
  node.state = 'leavingpool';
  node.goneAt = now;
  node.recentTasks = [];
  node.startTask = null;
  node.errors = [];
  state.changes.node(node);
  state.nodes.delete(node.number);
  state.nodesById.delete(node.id.toLowerCase());
  node.pool.nodes.delete(node);
  forgetNodeOfJobs(node);
  state.review.pools.add(node.pool);
}
