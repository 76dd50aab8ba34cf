const FIRST_RETRY_MS = 50;
const LONGEST_RETRY_MS = 2_000;
/** Over so long agents of other machines come back that lost a service at one instant: 10,000 are 1,000 a second. */
const SPREAD_MS = 10_000;
/** And so far apart an agent's tries become, at most; never a third of its lease. */
const LONGEST_FAR_RETRY_MS = 30_000;

/**
 * How long to wait before the next try, after `tries` that have failed since the last welcome. An agent of the
 * service's machine is back at once; one with a lease waits for a random part of a span that doubles, since as many as
 * there are come at the same time. `chance`: from 0 to 1.
 */
export function retryAfterMs(tries: number, leaseMs: number | null, chance: number): number {
  const grown = 2 ** Math.min(tries, 10);
  if (leaseMs === null) return Math.min(FIRST_RETRY_MS * grown, LONGEST_RETRY_MS) * (1 - chance / 4);
  return Math.min(SPREAD_MS * grown, LONGEST_FAR_RETRY_MS, leaseMs / 3) * chance;
}
