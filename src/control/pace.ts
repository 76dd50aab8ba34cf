import type { CoreEvent } from '../core/events.ts';
import type { NodeNumber } from '../core/keys.ts';

/** Ticks that nobody waits for begin so far apart: what agents say in that time is one commit instead of many. */
export const PACE_MS = 16;
/**
 * While much is said: half as many commits and frames, a tenth of what the service costs a task and of what its agent
 * does.
 */
const BUSY_PACE_MS = 2 * PACE_MS;
/** Of such ticks, one after the other, an owner has 500 events a second. */
const BUSY_FROM = 8;
/**
 * A node that says more in a tick gets so much done that what waits there (`aheadSlots`) would not last for a longer
 * one.
 */
const MOST_OF_A_NODE = 20;

/** How far apart ticks begin that nobody waits for, by what the last one took in. */
export function paceAfter(events: readonly CoreEvent[]): number {
  if (events.length < BUSY_FROM) return PACE_MS;
  const byNode = new Map<NodeNumber, number>();
  for (const event of events) {
    if (event.kind !== 'agent') continue;
    const count = (byNode.get(event.node) ?? 0) + 1;
    if (count > MOST_OF_A_NODE) return PACE_MS;
    byNode.set(event.node, count);
  }
  return BUSY_PACE_MS;
}
