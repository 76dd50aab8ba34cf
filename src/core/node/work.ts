import type { NodeDeallocationOption } from '../intent.ts';
import { outdateJobTasks } from '../jobNode/preparation.ts';
import type { Instant } from '../keys.ts';
import type { CoreState, Node } from '../model.ts';
import { withdrawTask } from '../task/attempts.ts';
import { type Loss, loseAttempts } from '../task/endings.ts';

/** What runs on a node, as seen by one that leaves, restarts or is lost. */

/** All that must not go on there; of a multi-instance task, what runs of it elsewhere as well. */
export function withdrawAll(state: CoreState, node: Node): void {
  for (const { task } of [...node.offers, ...node.running]) withdrawTask(state, task);
}

/** Attempts are there that are to end first, or data that is to be kept for some time. */
export function isHeld(state: CoreState, node: Node, option: NodeDeallocationOption, now: Instant): boolean {
  if (isGivenUp(node)) return false;
  if (node.offers.size + node.running.size > 0) return true;
  if (option !== 'retaineddata' || node.retainUntil <= now) return false;
  state.timers.set({ at: node.retainUntil, kind: 'node', node: node.number });
  return true;
}

/** Its agent does not answer: what runs there is not waited for. */
export function isGivenUp({ silence }: Node): boolean {
  return silence === 'gone' || silence === 'restart';
}

/** All that ran on the node is dead. `isWiped`: what lay there is gone as well. */
export function loseRuns(state: CoreState, node: Node, cause: Loss, now: Instant, isWiped = false): void {
  loseAttempts(state, node, cause, now);
  outdateJobTasks(state, node, isWiped);
}

export function disconnect(node: Node): void {
  node.connected = false;
  node.ready = false;
}
