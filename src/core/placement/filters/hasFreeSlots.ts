import type { Node } from '../../model.ts';
import type { Filter } from '../filter.ts';

/** What is running on the node and what has been offered to it leave room for the task. */
export const hasFreeSlots: Filter<{ readonly node: Pick<Node, 'id' | 'free' | 'slots' | 'runningSlots' | 'offers'>; readonly slots: number }> = {
  code: 'NoFreeSlots',
  passes: ({ node, slots }) => node.free >= slots,
  message: ({ node, slots }) =>
    `The task needs ${slots} slots; on node ${node.id} tasks are running in ${node.runningSlots} of ${node.slots}, and ${node.offers.size} more are about to start there.`,
};
