import type { Pool } from '../../model.ts';
import type { Filter } from '../filter.ts';

/** A task that needs more slots than a node of the pool has is accepted and never runs (task semantics 6.13). */
export const fitsPool: Filter<{ readonly pool: Pick<Pool, 'intent'>; readonly slots: number }> = ({ pool: { intent }, slots }) =>
  slots <= intent.taskSlotsPerNode ? null : { code: 'TooManySlots', poolId: intent.id, requiredSlots: slots, taskSlotsPerNode: intent.taskSlotsPerNode };
