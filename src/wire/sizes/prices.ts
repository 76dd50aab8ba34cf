import { lowerAscii } from '../letters.ts';
import { EAST_US } from './eastUs.ts';
import { findVmSize, fullSize } from './find.ts';
import { hasOwnPrices, ownPrice } from './own.ts';
import { WEST_EUROPE } from './westEurope.ts';

export type NodeKind = 'dedicated' | 'low';

interface Price {
  readonly dedicated: number;
  readonly low: number | null;
}

/** The region that is meant where none is named: the one whose prices of both kinds are known. */
export const DEFAULT_REGION = 'westeurope';

/**
 * The part of the dedicated price that a low-priority node costs with Linux: a fixed discount of 80 %, but 60 % for two
 * families (of all 266 sizes with both prices in the list of West Europe). It stands in where a region's list has
 * dedicated prices alone.
 */
const LOW_SHARE = 0.2;
const LOW_SHARES: Readonly<Record<string, number>> = { standardDADSv5Family: 0.4, standardEADSv5Family: 0.4 };

const PRICES: ReadonlyMap<string, ReadonlyMap<string, Price>> = new Map([
  ['westeurope', readPrices(WEST_EUROPE)],
  ['eastus', readPrices(EAST_US)],
]);

/** The regions with prices of this table, as ARM names them. */
export const PRICED_REGIONS: readonly string[] = [...PRICES.keys()];

/**
 * US dollars for an hour of one node with Linux, or null where nobody here knows it. What the operator's own file says
 * comes first.
 * @param size a size in any case @param region as ARM names it, or written out (`West Europe`)
 */
export function hourlyPrice(size: string, kind: NodeKind, region: string = DEFAULT_REGION): number | null {
  const name = lowerAscii(size);
  const place = regionName(region);
  const own = ownPrice(name, kind, place);
  if (own !== undefined) return own;
  const price = PRICES.get(place)?.get(name) ?? PRICES.get(place)?.get(fullSize(name));
  if (price === undefined) return null;
  if (kind === 'dedicated') return price.dedicated;
  const known = findVmSize(name);
  return known?.lowPriorityCapable === true ? (price.low ?? lowPriceOf(price.dedicated, known.family)) : null;
}

function lowPriceOf(dedicated: number, family: string): number {
  return Number((dedicated * (LOW_SHARES[family] ?? LOW_SHARE)).toFixed(5));
}

/** Whether a price of that region is known, in the tables or in the operator's file. */
export function hasPrices(region: string): boolean {
  const name = regionName(region);
  return PRICES.has(name) || hasOwnPrices(name);
}

/** `West Europe` and `westeurope` are one region. */
function regionName(region: string): string {
  return lowerAscii(region.replaceAll(/\s/g, ''));
}

/** `name dedicated low, …`; the last is left out where only the first is known. */
function readPrices(text: string): ReadonlyMap<string, Price> {
  return new Map(
    text.split(',').map((row) => {
      const [name = '', dedicated, low] = row.trim().split(' ');
      return [lowerAscii(name), { dedicated: Number(dedicated), low: low === undefined ? null : Number(low) }];
    }),
  );
}
