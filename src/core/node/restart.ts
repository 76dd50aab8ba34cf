import type { NodeRestart } from '../intent.ts';
import type { Instant } from '../keys.ts';
import type { CoreState, Node } from '../model.ts';
import { ASKED_STATES } from '../wireState.ts';
import { enterState } from './states.ts';
import { isGivenUp, isHeld, withdrawAll } from './work.ts';

/**
 * A client asks for a restart: `rebooting` or `reimaging` at once, so that no task comes; those there are ended or
 * waited for as when the pool shrinks. Then this life is ended, with the node's files where it is reimaged, and the
 * next begins. A reboot is over with any end of its life, a reimage only when the provider has said so of a release.
 *
 * A deallocation goes the same way: `deallocating`, and when the provider has proved that nothing of the node is left,
 * `deallocated`. The node stays in its pool, and counts there. When a client starts it, it is `starting`, as on the
 * real service, and its next life begins on an empty disk.
 *
 * A node whose machine is lent for a time that is nearly over is rebooted once its tasks have ended. Those that go on
 * until the machine is gone run again elsewhere, which counts as no retry.
 */

/** What was asked for begins, unless the node is on its way out. */
export function obeyRestart(state: CoreState, node: Node, now: Instant): void {
  if (node.intent === null || node.intent.restartSequence <= node.restartSequence) return;
  node.restartSequence = node.intent.restartSequence;
  state.changes.node(node);
  const { restart } = node.intent;
  if (restart === null || node.state === 'leavingpool' || node.isDeallocated !== (restart.kind === 'start')) return;
  enterState(state, node, ASKED_STATES[restart.kind], now);
  if (restart.kind === 'start') return start(node, now);
  node.restart = restart;
  withdrawAll(state, node);
}

/** The engine takes its machine soon: what is asked of the node already, or the notice that it has, goes before. */
export function expires(state: CoreState, node: Node, now: Instant): void {
  if (node.state === 'leavingpool' || node.restart !== null || node.notice !== null || node.life === 0 || node.acquireAt !== null) return;
  enterState(state, node, ASKED_STATES.reboot, now);
  node.restart = { kind: 'reboot', tasks: 'taskcompletion', at: now };
  state.changes.node(node);
  withdrawAll(state, node);
  state.review.nodes.add(node);
}

function start(node: Node, now: Instant): void {
  node.isDeallocated = false;
  node.bootedAt = null;
  node.acquireAt = now;
}

/** Ends the life that is to end for it, once nothing holds it. */
export function restartWhenEmpty(state: CoreState, node: Node, { kind, tasks }: NodeRestart, now: Instant): void {
  if (node.isRestarting || isHeld(state, node, tasks, now)) return;
  node.isRestarting = true;
  node.acquireAt = null;
  const command = { node: node.number, life: node.life, silent: isGivenUp(node) };
  state.changes.command(kind === 'reboot' ? { kind: 'halt', ...command } : { kind: 'release', ...command });
}

/** Its life is over, as a deallocation asked for. */
export function deallocate(state: CoreState, node: Node, now: Instant): void {
  node.restart = null;
  node.isRestarting = false;
  node.isDeallocated = true;
  node.losses = 0;
  node.acquireAt = null;
  node.errors = [];
  enterState(state, node, 'deallocated', now);
}
