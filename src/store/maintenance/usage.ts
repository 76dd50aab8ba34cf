import type { Pool } from 'pg';
import type { Instant } from '../../core/keys.ts';
import { hourOf } from '../../core/cost/meter.ts';

const KEPT_MS = 400 * 86_400_000;
const HOURS_A_BATCH = 10_000;

/** Removes what nodes have cost more than 400 days ago. */
export async function clearUsage(pool: Pool, now: Instant, signal: AbortSignal): Promise<void> {
  for (let removed = HOURS_A_BATCH; removed === HOURS_A_BATCH && !signal.aborted; ) {
    const { rowCount } = await pool.query(`delete from usage_hour where ctid in (select ctid from usage_hour where hour < $1 limit ${HOURS_A_BATCH})`, [hourOf(now - KEPT_MS)]);
    removed = rowCount ?? 0;
  }
}
