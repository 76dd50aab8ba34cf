import { hourlyPrice } from '../../wire/sizes/prices.ts';

/** Time of nodes of one pool, size and kind. */
export interface Share {
  readonly poolId: string;
  readonly size: string;
  readonly lowPriority: boolean;
  readonly nodeMs: number;
  readonly busyMs: number;
  readonly lostMs: number;
}

export interface Line {
  readonly pool: string;
  readonly size: string;
  readonly kind: 'dedicated' | 'low';
  readonly nodeSeconds: number;
  readonly idleSeconds?: number;
  readonly idleShare?: number;
  readonly lostSeconds: number;
  /** null: nobody here knows the price. */
  readonly hourlyPrice: number | null;
  readonly cost: number | null;
}

const SECONDS_AN_HOUR = 3_600;

/** `isOfNodes`: whole nodes are counted, which may be idle; else shares of tasks, which are not. */
export function lineOf({ poolId, size, lowPriority, nodeMs, busyMs, lostMs }: Share, region: string, isOfNodes: boolean): Line {
  const kind = lowPriority ? 'low' : 'dedicated';
  const price = hourlyPrice(size, kind, region);
  const nodeSeconds = nodeMs / 1000;
  // Tasks have their slots a moment longer than an agent says that they ran.
  const idleSeconds = Math.max(0, nodeMs - busyMs) / 1000;
  return {
    pool: poolId,
    size,
    kind,
    nodeSeconds,
    ...(isOfNodes ? { idleSeconds, idleShare: shareOf(idleSeconds, nodeSeconds) } : {}),
    lostSeconds: lostMs / 1000,
    hourlyPrice: price,
    cost: price === null ? null : money((nodeSeconds / SECONDS_AN_HOUR) * price),
  };
}

export function shareOf(part: number, whole: number): number {
  return whole === 0 ? 0 : Number((part / whole).toFixed(4));
}

/** To a hundredth of a cent. */
export function money(amount: number): number {
  return Number(amount.toFixed(4));
}
