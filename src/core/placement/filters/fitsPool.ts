import type { Pool } from '../../model.ts';
import type { Filter } from '../filter.ts';

/** A task that needs more slots than a node of the pool has is accepted and never runs (task semantics 6.13). */
export const fitsPool: Filter<{ readonly pool: Pool; readonly slots: number }> = {
  code: 'TooManySlots',
  passes: ({ pool, slots }) => slots <= pool.intent.taskSlotsPerNode,
  message: ({ pool, slots }) => `The task needs ${slots} slots on one node; nodes of pool ${pool.intent.id} have ${pool.intent.taskSlotsPerNode}. It will never run here.`,
};
