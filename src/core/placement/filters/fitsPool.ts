import type { Pool } from '../../model.ts';
import type { Filter } from './filter.ts';

/**
 * A task that needs more slots than a node of the pool has is accepted and never runs (task semantics 6.13). Nor does a
 * multi-instance task without inter-node communication, or where nodes have several slots (Batch documentation, "Use
 * multi-instance tasks", requirements).
 */
export const fitsPool: Filter<{ readonly pool: Pick<Pool, 'intent'>; readonly slots: number; readonly instances: number }> = ({ pool: { intent }, slots, instances }) =>
  instances > 0 && (intent.interNode !== true || intent.taskSlotsPerNode > 1)
    ? { code: 'PoolNotForMultiInstance', poolId: intent.id, enableInterNodeCommunication: intent.interNode === true, taskSlotsPerNode: intent.taskSlotsPerNode }
    : slots <= intent.taskSlotsPerNode ? null : { code: 'TooManySlots', poolId: intent.id, requiredSlots: slots, taskSlotsPerNode: intent.taskSlotsPerNode };
