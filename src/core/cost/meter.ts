import type { Instant } from '../keys.ts';
import type { CoreState, Node, Pool } from '../model.ts';
import type { NodeState, PoolMeter } from '../status.ts';

/**
 * A pool's meter: the time that its nodes cost, by kind. A node counts from when it has been obtained until it is gone,
 * rebooting and broken ones too; not while it is preempted or deallocated. Between two changes of the number nothing is
 * written: the status says since when how many count, and whoever reads adds the rest.
 */

const HOUR_MS = 3_600_000;

/** It has been obtained, and neither taken away nor given back for a while. */
function costs({ obtained, state, isDeallocated }: Node): boolean {
  return obtained && !isDeallocated && !isFree(state);
}

/** In this state a node is the pool's and costs nothing. */
export function isFree(state: NodeState): boolean {
  return state === 'preempted' || state === 'deallocated';
}

/** Counts the time until now, where the number of nodes that cost has changed. */
export function meterNodes(state: CoreState, pool: Pool, now: Instant): void {
  let dedicated = 0;
  let lowPriority = 0;
  for (const node of pool.nodes) {
    if (!costs(node)) continue;
    if (node.dedicated) dedicated += 1;
    else lowPriority += 1;
  }
  set(state, pool, { dedicated, lowPriority }, now);
}

/** The service goes down and has ended all agents. */
export function stopMeter(state: CoreState, pool: Pool, now: Instant): void {
  set(state, pool, { dedicated: 0, lowPriority: 0 }, now);
}

function set(state: CoreState, pool: Pool, counts: Omit<PoolMeter, 'at'>, now: Instant): void {
  const meter = pool.status.meter ?? NOTHING;
  if (meter.dedicated === counts.dedicated && meter.lowPriority === counts.lowPriority) return;
  const usage = { pool: pool.number, poolId: pool.intent.id, size: pool.intent.machine?.size ?? '', busyMs: 0, lostMs: 0 };
  for (const { hour, nodeMs, lowPriority } of meteredUntil(meter, now)) state.changes.usage({ ...usage, hour, nodeMs, lowPriority });
  pool.status = { ...pool.status, meter: { ...counts, at: Math.max(now, meter.at) } };
  state.changes.pool(pool);
}

const NOTHING: PoolMeter = { at: 0, dedicated: 0, lowPriority: 0 };

/** What the meter has counted and nobody has written down, hour by hour. */
export function* meteredUntil({ at, dedicated, lowPriority }: PoolMeter, now: Instant): Generator<{ readonly hour: number; readonly nodeMs: number; readonly lowPriority: boolean }> {
  if (dedicated + lowPriority === 0) return;
  for (let from = at; from < now; ) {
    const hour = hourOf(from);
    const until = Math.min(now, (hour + 1) * HOUR_MS);
    if (dedicated > 0) yield { hour, nodeMs: dedicated * (until - from), lowPriority: false };
    if (lowPriority > 0) yield { hour, nodeMs: lowPriority * (until - from), lowPriority: true };
    from = until;
  }
}

/** Hours since 1970. */
export function hourOf(at: Instant): number {
  return Math.floor(at / HOUR_MS);
}
