import type { Reason } from '../../reasons.ts';
import type { Node } from '../../model.ts';
import type { Filter } from './filter.ts';

export type WithSlots = Pick<Node, 'id' | 'free' | 'slots' | 'runningSlots' | 'offers'>;

/** What is running on the node and what has been offered to it leave room for the task. */
export const hasFreeSlots: Filter<{ readonly node: WithSlots; readonly slots: number }> = ({ node, slots }) => (node.free >= slots ? null : noFreeSlots(node, slots));

export function noFreeSlots({ id, runningSlots, slots: taskSlotsPerNode, offers }: WithSlots, requiredSlots: number): Reason {
  return { code: 'NoFreeSlots', nodeId: id, requiredSlots, runningSlots, taskSlotsPerNode, offers: offers.size };
}
