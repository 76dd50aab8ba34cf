import type { NodeDeallocationOption, NodeRestart } from '../intent.ts';
import type { Instant } from '../keys.ts';
import type { CoreState, Node } from '../model.ts';
import { enterState } from './states.ts';
import { isGivenUp, isHeld, withdrawAll } from './work.ts';

/**
 * A client asks for a restart: `rebooting` or `reimaging` at once, so that no task comes; those there are ended or
 * waited for as when the pool shrinks. Then this life is ended, with the node's files where it is reimaged, and the
 * next begins. A reboot is over with any end of its life, a reimage only when the provider has said so of a release.
 */

/** A restart that was asked for begins, unless the node is on its way out. */
export function obeyRestart(state: CoreState, node: Node, now: Instant): void {
  if (node.intent === null || node.intent.restartSequence <= node.restartSequence) return;
  node.restartSequence = node.intent.restartSequence;
  state.changes.node(node);
  if (node.state === 'leavingpool') return;
  node.restart = node.intent.restart;
  enterState(state, node, node.restart?.kind === 'reimage' ? 'reimaging' : 'rebooting', now);
  withdrawAll(state, node);
}

/** Ends the life that is to end for a restart, once nothing holds it. */
export function restartWhenEmpty(state: CoreState, node: Node, kind: NodeRestart['kind'], option: NodeDeallocationOption, now: Instant): void {
  if (node.isRestarting || isHeld(state, node, option, now)) return;
  node.isRestarting = true;
  node.acquireAt = null;
  const command = { node: node.number, life: node.life, silent: isGivenUp(node) };
  state.changes.command(kind === 'reboot' ? { kind: 'halt', ...command } : { kind: 'release', ...command });
}
