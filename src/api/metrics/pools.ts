import type { PoolCensus } from '../../core/census.ts';
import type { AccountFigures } from '../../ports.ts';
import type { Series } from './exposition.ts';

/**
 * So many pools of all accounts have series of their own: those with most tasks and nodes. The others are one, called
 * `other`, which no pool's series can be taken for: it has no account.
 */
export const MOST_POOLS = 200;
const OTHER = 'other';

interface PoolFigures {
  readonly account: string;
  readonly pool: string;
  readonly census: PoolCensus;
}

/** The pools that have series, the last of them maybe that of all others. */
export function poolsShown(accounts: readonly AccountFigures[]): readonly PoolFigures[] {
  const all = accounts.flatMap(({ account, pools }) => pools.map((census) => ({ account, pool: census.id, census })));
  if (all.length <= MOST_POOLS) return all;
  const largest = all.toSorted((one, other) => weightOf(other.census) - weightOf(one.census));
  const rest = largest.slice(MOST_POOLS).map(({ census }) => census);
  return [...largest.slice(0, MOST_POOLS), { account: '', pool: OTHER, census: sumOf(rest) }];
}

export function taskSeries(pools: readonly PoolFigures[]): readonly Series[] {
  return pools.flatMap(({ account, pool, census: { tasks } }) => [
    { labels: [account, pool, 'active'], value: tasks.active },
    { labels: [account, pool, 'running'], value: tasks.running },
  ]);
}

export function slotSeries(pools: readonly PoolFigures[]): readonly Series[] {
  return pools.flatMap(({ account, pool, census: { slots } }) => [
    { labels: [account, pool, 'used'], value: slots.used },
    { labels: [account, pool, 'free'], value: slots.free },
  ]);
}

export function nodeSeries(pools: readonly PoolFigures[]): readonly Series[] {
  return pools.flatMap(({ account, pool, census: { nodes } }) => nodes.map(({ state, dedicated, nodes: value }) => ({ labels: [account, pool, state, kindOf(dedicated)], value })));
}

export function kindOf(dedicated: boolean): 'dedicated' | 'low_priority' {
  return dedicated ? 'dedicated' : 'low_priority';
}

function weightOf({ tasks, nodes }: PoolCensus): number {
  return tasks.active + tasks.running + nodes.reduce((sum, { nodes: count }) => sum + count, 0);
}

function sumOf(all: readonly PoolCensus[]): PoolCensus {
  const tasks = { active: 0, running: 0 };
  const slots = { used: 0, free: 0 };
  const nodes = new Map<string, { -readonly [K in keyof PoolCensus['nodes'][number]]: PoolCensus['nodes'][number][K] }>();
  for (const census of all) {
    tasks.active += census.tasks.active;
    tasks.running += census.tasks.running;
    slots.used += census.slots.used;
    slots.free += census.slots.free;
    for (const one of census.nodes) {
      const sum = nodes.get(`${one.state} ${one.dedicated}`);
      if (sum === undefined) nodes.set(`${one.state} ${one.dedicated}`, { ...one });
      else sum.nodes += one.nodes;
    }
  }
  return { id: OTHER, tasks, slots, nodes: [...nodes.values()] };
}
