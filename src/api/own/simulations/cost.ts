import type { SimulatedCost, SimulationOutcome } from '../../../wire/own/simulation.ts';
import { hourlyPrice } from '../../../wire/sizes/prices.ts';

export const HOUR_MS = 3_600_000;

/** US dollars of an hour that take the place of those known; null: the known one. */
export interface GivenPrices {
  readonly dedicated: number | null;
  readonly low: number | null;
}

/** `region`: undefined, the one whose prices count elsewhere too. */
export function costOf({ dedicated, lowPriority }: SimulationOutcome, vmSize: string, region: string | undefined, given: GivenPrices): SimulatedCost {
  const part = (nodeMs: number, price: number | null): number | null => (nodeMs === 0 ? 0 : price === null ? null : (nodeMs / HOUR_MS) * price);
  const ofDedicated = part(dedicated.nodeMs, given.dedicated ?? hourlyPrice(vmSize, 'dedicated', region));
  const ofLowPriority = part(lowPriority.nodeMs, given.low ?? hourlyPrice(vmSize, 'low', region));
  return { dedicated: ofDedicated, lowPriority: ofLowPriority, total: ofDedicated === null || ofLowPriority === null ? null : ofDedicated + ofLowPriority };
}
