import type { Instant } from '../keys.ts';
import type { CoreState, Node } from '../model.ts';
import { allocationFailed } from '../resizeErrors.ts';
import { NODE_SETTLED_MS, seekWaitMs } from '../tunables.ts';
import { removeNode } from './leaving.ts';
import { deallocate } from './restart.ts';
import { enterState, updateCapacity } from './states.ts';
import { disconnect, isGivenUp, loseRuns, withdrawAll } from './work.ts';

/**
 * A low-priority node is taken back (Batch documentation, "Use Spot VMs with Batch workloads").
 *
 * With a notice: from then on no task comes, those there are told to end and run again elsewhere, which counts as a
 * requeue and as no retry. The node keeps its state until its time has come, or a program there lets go of it; then it
 * is released with all that lies on it. Without: it is gone, and its tasks run again just so.
 *
 * It stays listed as `preempted` and is sought again with the same id, after a wait that doubles each time it cannot be
 * had. When the provider gives it, it comes up like a new one. Any end of a life that has a notice is a preemption.
 */

/** It is to be taken back. Only the first notice of a life counts. */
export function givenNotice(state: CoreState, node: Node, graceMs: number, now: Instant): void {
  if (node.dedicated || node.goneAt !== null || node.notice !== null || node.isDeallocated || node.state === 'preempted' || node.life === 0 || node.acquireAt !== null) return;
  node.notice = { notBefore: now + graceMs, graceMs };
  state.changes.node(node);
  state.timers.set({ at: node.notice.notBefore, kind: 'node', node: node.number });
  remindOfNotice(state, node);
  updateCapacity(state, node);
  withdrawAll(state, node);
  state.review.nodes.add(node);
}

/** Its agent tells the programs there. */
export function remindOfNotice(state: CoreState, { number, notice, connected }: Node): void {
  if (notice !== null && connected) state.changes.command({ kind: 'preempt', node: number, notBefore: notice.notBefore });
}

/** A program there is done with it. */
export function letGo(state: CoreState, node: Node, now: Instant): void {
  if (node.notice === null || node.notice.notBefore <= now) return;
  node.notice = { ...node.notice, notBefore: now };
  state.changes.node(node);
  state.review.nodes.add(node);
}

/** Its time has come: it is released, whatever still runs there. Returns false where it has not. */
export function takeBackWhenDue(state: CoreState, node: Node, now: Instant): boolean {
  if (node.notice === null) return false;
  if (node.notice.notBefore > now) {
    // The next owner has no timer yet.
    state.timers.set({ at: node.notice.notBefore, kind: 'node', node: node.number });
    return false;
  }
  if (!node.released) {
    node.released = true;
    state.changes.command({ kind: 'release', node: node.number, life: node.life, silent: isGivenUp(node) });
  }
  return true;
}

/** It was taken back. */
export function preempted(state: CoreState, node: Node, now: Instant): void {
  const { pool } = node;
  disconnect(node);
  loseRuns(state, node, 'nodePreempted', now, true);
  node.notice = null;
  node.firstWordBy = null;
  pool.status = { ...pool.status, preemptions: (pool.status.preemptions ?? 0) + 1 };
  state.changes.pool(pool);
  if (node.state === 'leavingpool') return removeNode(state, node, now);
  node.released = false;
  if (node.restart?.kind === 'deallocate') return deallocate(state, node, now);
  const settled = node.bootedAt !== null && now - node.bootedAt >= NODE_SETTLED_MS;
  node.seeks = settled ? 0 : node.seeks + 1;
  node.losses = 0;
  node.restart = null;
  node.isRestarting = false;
  node.silence = null;
  node.startTask = null;
  node.retainUntil = 0;
  node.errors = [];
  enterState(state, node, 'preempted', now);
  seekAgain(state, node, now);
}

/** One that was taken back cannot be had. `reason`: why; null: nothing is known. */
export function notObtained(state: CoreState, node: Node, reason: string | null, now: Instant): void {
  if (reason !== null) node.errors = [allocationFailed('lowPriority', reason)];
  node.seeks += 1;
  seekAgain(state, node, now);
}

function seekAgain(state: CoreState, node: Node, now: Instant): void {
  node.pending = null;
  node.acquireAt = now + seekWaitMs(node.seeks);
  state.timers.set({ at: node.acquireAt, kind: 'node', node: node.number });
  state.changes.node(node);
  state.review.nodes.add(node);
  state.review.pools.add(node.pool);
}

/** It was taken back, and is not asked for again yet. */
export function isBetweenLives({ state, acquireAt }: Node): boolean {
  return state === 'preempted' && acquireAt !== null;
}

/** The provider gives it again: it comes up like a new one. */
export function obtainedAgain(state: CoreState, node: Node, now: Instant): void {
  if (node.state !== 'preempted') return;
  node.errors = [];
  enterState(state, node, 'creating', now);
  state.review.pools.add(node.pool);
}
