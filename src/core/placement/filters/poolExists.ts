import type { Pool } from '../../model.ts';
import type { Filter } from './filter.ts';

/** A job names its pool by id; the pool may not exist yet, or not any more. */
export const poolExists: Filter<{ readonly pool: Pick<Pool, 'intent'> | null; readonly poolId: string }> = ({ pool, poolId }) =>
  pool !== null && pool.intent.deletedAt === null ? null : { code: 'PoolNotFound', poolId, deleting: pool !== null };
