import { askRevoke, isLive } from '../attempts.ts';
import type { CoreState, Node, Pool } from '../model.ts';
import { aheadSlots } from '../tunables.ts';

/**
 * Priority among offers. Agents start what they were offered in that order, so a task that is offered ahead has the offers of lower priority on its node taken back:
 * they come back to their queues and line up behind it. What has slots already, or gets them at once, is left alone: running tasks are never preempted (task
 * semantics 6.13).
 */
export const outrank = (state: CoreState, node: Node, priority: number): void => {
  if (!anyBelow(node.pool, priority)) return;
  for (const task of lower(node, priority)) if (isLive(task)) askRevoke(state, task, 'outranked');
};

/** A node without room ahead that has it once the offers below this priority are taken back. */
export const nodeToOutrank = (pool: Pool, priority: number, slots: number): Node | null => {
  if (!anyBelow(pool, priority)) return null;
  for (const node of pool.capacity.overcommitted()) {
    if (slots > node.slots) continue;
    const cleared = lower(node, priority).reduce((sum, task) => sum + task.slots, node.free);
    if (cleared > node.free && slots - cleared <= aheadSlots(node.slots, node.taskMs)) return node;
  }
  return null;
};

const anyBelow = (pool: Pool, priority: number): boolean => {
  for (const offered of pool.offered.keys()) if (offered < priority) return true;
  return false;
};

/** Offers of lower priority that wait for a slot and are not being taken back. */
const lower = (node: Node, priority: number) => {
  let room = node.slots - node.runningSlots;
  return [...node.offers].filter((task) => {
    room -= task.slots;
    return room < 0 && isLive(task) && task.live.priority < priority && task.live.revoking === null && task.live.ending === null;
  });
};
