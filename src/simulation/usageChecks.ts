import type { AccountNumber, Instant, PoolNumber } from '../core/keys.ts';
import type { TickCommit } from '../store/ownerStore.ts';
import type { Tables } from './memoryStore.ts';

/**
 * What must hold of the time that nodes cost: in each pool it is what the numbers of its nodes, as they were committed,
 * add up to over the instants of the commits; whatever became of owners between them.
 */
export function createUsageChecks({ account, tables, violated: complain }: { readonly account: AccountNumber; readonly tables: () => Tables; readonly violated: (what: string) => void }): (tick: TickCommit) => void {
  const known = new Map<PoolNumber, { at: Instant; nodes: number; ms: number; written: number }>();
  return ({ now, decisions }) => {
    // What is in quarantine the rules do not see.
    const violated = tables().quarantine(account).length > 0 ? () => undefined : complain;
    for (const { pool, nodeMs } of decisions.usage ?? []) {
      const seen = known.get(pool);
      if (seen !== undefined) seen.written += nodeMs;
    }
    for (const { pool, meter } of decisions.pools) {
      if (!meter) continue;
      const nodes = meter.dedicated + meter.lowPriority;
      const seen = known.get(pool) ?? { at: now, nodes: 0, ms: 0, written: 0 };
      // Clocks are set back now and then: only a change is an instant to go by.
      if (nodes !== seen.nodes || meter.at !== seen.at) known.set(pool, { at: Math.max(now, seen.at), nodes, ms: seen.ms + seen.nodes * Math.max(0, now - seen.at), written: seen.written });
    }
    for (const { pool, meter, currentDedicated, currentLowPriority } of decisions.pools) {
      const seen = known.get(pool);
      if (seen === undefined || !meter) continue;
      if (seen.written !== seen.ms || meter.at !== seen.at) violated(`pool ${pool} has counted ${seen.written} ms of its nodes until ${meter.at}, and they were there for ${seen.ms} until ${seen.at}`);
      if (seen.nodes > currentDedicated + currentLowPriority) violated(`pool ${pool} counts more nodes than it has`);
    }
    for (const pool of decisions.gone.pools) {
      const seen = known.get(pool);
      if (seen === undefined) continue;
      const ms = seen.ms + seen.nodes * Math.max(0, now - seen.at);
      if (seen.written !== ms) violated(`pool ${pool} is gone and has counted ${seen.written} ms of its nodes, and they were there for ${ms}`);
    }
  };
}
