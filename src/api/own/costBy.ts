import type { AccountNumber, Instant } from '../../core/keys.ts';
import { hourOf } from '../../core/cost/meter.ts';
import type { Database } from '../../store/intents/statement.ts';
import { usageByJob, usageOfPools } from '../../store/intents/usage.ts';
import { MOST_COST_ROWS, type CostBy, type CostSum } from '../../wire/own/cost.ts';
import { formatTimestamp } from '../../wire/timestamps.ts';
import { lineOf, money, type Share } from './costLines.ts';

export type CostKey = CostBy['by'];

interface Asked {
  readonly by: CostKey;
  /** null: all. */
  readonly pool: string | null;
  /** null: from the beginning. */
  readonly from: Instant | null;
  readonly to: Instant;
  readonly now: Instant;
  readonly region: string;
}

const HOUR_MS = 3_600_000;

/** `GET /linarite/cost?by=…`; times are whole hours, as usage is kept. */
export async function costBy(database: Database, account: AccountNumber, { by, pool, from, to, now, region }: Asked): Promise<CostBy> {
  const keyed = by === 'job' ? (await usageByJob(database, account, now)).map((share) => [share.jobId, { ...share, nodeMs: share.ms, busyMs: share.ms }] as const) : await ofPools();
  const rows = sumsOf(keyed, { region, isOfNodes: by !== 'job' });
  const sorted = by === 'day' ? rows.toSorted((one, other) => one.key.localeCompare(other.key)) : rows.toSorted((one, other) => other.cost - one.cost || other.nodeSeconds - one.nodeSeconds);
  // The last days, the dearest of others.
  const shown = by === 'day' ? sorted.slice(-MOST_COST_ROWS) : sorted.slice(0, MOST_COST_ROWS);
  const others = sorted.filter((row) => !shown.includes(row));
  return {
    by,
    ...(from === null ? {} : { from: formatTimestamp(from) }),
    to: formatTimestamp(to),
    currency: 'USD',
    region,
    rows: shown,
    ...(others.length === 0 ? {} : { others: { count: others.length, sum: added(others) } }),
  };

  async function ofPools(): Promise<readonly (readonly [string, Share])[]> {
    const hours = await usageOfPools(database, account, { since: from ?? 0, now, poolId: pool });
    return hours.filter(({ hour }) => hour <= hourOf(to - 1)).map((one) => [by === 'day' ? formatTimestamp(one.hour * HOUR_MS).slice(0, 10) : one.poolId, one]);
  }
}

/** Of each key, in any case. Prices are those of the sums, so that nothing is rounded hour by hour. */
export function sumsOf(keyed: readonly (readonly [key: string, share: Share])[], { region, isOfNodes }: { readonly region: string; readonly isOfNodes: boolean }): readonly CostSum[] {
  const shares = new Map<string, { readonly key: string; readonly share: Share }>();
  for (const [key, share] of keyed) {
    const place = JSON.stringify([key.toLowerCase(), share.size, share.lowPriority]);
    const { nodeMs = 0, busyMs = 0, lostMs = 0 } = shares.get(place)?.share ?? {};
    shares.set(place, { key, share: { ...share, nodeMs: nodeMs + share.nodeMs, busyMs: busyMs + share.busyMs, lostMs: lostMs + share.lostMs } });
  }
  const sums = new Map<string, CostSum>();
  for (const { key, share } of shares.values()) {
    const { size, kind, nodeSeconds, idleSeconds, lostSeconds, cost } = lineOf(share, region, isOfNodes);
    const one = { nodeSeconds, ...(idleSeconds === undefined ? {} : { idleSeconds }), lostSeconds, cost: cost ?? 0, unknownPrices: cost === null ? [`${size || 'unknown size'} ${kind}`] : [] };
    const before = sums.get(key.toLowerCase());
    sums.set(key.toLowerCase(), { key, ...(before === undefined ? one : added([before, one])) });
  }
  return [...sums.values()];
}

function added(sums: readonly Omit<CostSum, 'key'>[]): Omit<CostSum, 'key'> {
  const sum = (of: (one: Omit<CostSum, 'key'>) => number): number => sums.reduce((all, one) => all + of(one), 0);
  return {
    nodeSeconds: sum(({ nodeSeconds }) => nodeSeconds),
    ...(sums.every(({ idleSeconds }) => idleSeconds === undefined) ? {} : { idleSeconds: sum(({ idleSeconds = 0 }) => idleSeconds) }),
    lostSeconds: sum(({ lostSeconds }) => lostSeconds),
    cost: money(sum(({ cost }) => cost)),
    unknownPrices: [...new Set(sums.flatMap(({ unknownPrices }) => unknownPrices))],
  };
}
