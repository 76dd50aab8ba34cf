import type { Node } from '../../model.ts';
import { aheadSlots } from '../../tunables.ts';
import type { Filter } from './filter.ts';
import { noFreeSlots, type WithSlots } from './hasFreeSlots.ts';

/**
 * The node has no free slots for the task, but may have it wait there for its turn: some slots' worth of tasks, and any
 * one task.
 */
export const roomAhead: Filter<{ readonly node: WithSlots & Pick<Node, 'taskMs'>; readonly slots: number }> = ({ node, slots }) =>
  slots <= node.slots && (node.free >= 0 || slots - node.free <= aheadSlots(node.slots, node.taskMs)) ? null : noFreeSlots(node, slots);
