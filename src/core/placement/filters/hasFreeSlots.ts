import type { Node } from '../../model.ts';
import type { Filter } from '../filter.ts';

/** What is running on the node and what has been offered to it leave room for the task. */
export const hasFreeSlots: Filter<{ readonly node: Pick<Node, 'id' | 'free' | 'slots' | 'runningSlots' | 'offers'>; readonly slots: number }> = ({ node, slots }) =>
  node.free >= slots
    ? null
    : { code: 'NoFreeSlots', nodeId: node.id, requiredSlots: slots, runningSlots: node.runningSlots, taskSlotsPerNode: node.slots, offers: node.offers.size };
