import type { Pool } from '../../model.ts';
import type { Filter } from '../filter.ts';

/** A job names its pool by id; the pool may not exist yet, or not any more. */
export const poolExists: Filter<{ readonly pool: Pool | null; readonly poolId: string }> = {
  code: 'PoolNotFound',
  passes: ({ pool }) => pool !== null && pool.intent.deletedAt === null,
  message: ({ pool, poolId }) => (pool === null ? `There is no pool ${poolId}.` : `Pool ${poolId} is being deleted.`),
};
