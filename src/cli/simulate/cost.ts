import type { Outcome } from '../../simulation/whatIf/meter.ts';
import { hourlyPrice } from '../../wire/sizes/prices.ts';

/** US dollars; null: the price of a kind of node that there was is not known. */
export interface Cost {
  readonly dedicated: number | null;
  readonly lowPriority: number | null;
  readonly total: number | null;
}

export const HOUR_MS = 3_600_000;

/** `given`: prices of an hour that take the place of those known. */
export function costOf({ dedicated, lowPriority }: Outcome, vmSize: string, region: string | undefined, given: { readonly dedicated: number | null; readonly low: number | null }): Cost {
  const part = (nodeMs: number, price: number | null): number | null => (nodeMs === 0 ? 0 : price === null ? null : (nodeMs / HOUR_MS) * price);
  const ofDedicated = part(dedicated.nodeMs, given.dedicated ?? hourlyPrice(vmSize, 'dedicated', region));
  const ofLowPriority = part(lowPriority.nodeMs, given.low ?? hourlyPrice(vmSize, 'low', region));
  return { dedicated: ofDedicated, lowPriority: ofLowPriority, total: ofDedicated === null || ofLowPriority === null ? null : ofDedicated + ofLowPriority };
}
