/** `GET /linarite/cost?by=pool|job|day`: what nodes cost, in sums (docs/cost.md). */
export interface CostBy {
  readonly by: 'pool' | 'job' | 'day';
  /** Left out: from the beginning. */
  readonly from?: string;
  readonly to: string;
  readonly currency: string;
  readonly region: string;
  /** Days in their order; pools and jobs, the dearest first, at most `MOST_COST_ROWS`. */
  readonly rows: readonly CostSum[];
  /** Of those that are left out: their number, and their sum. */
  readonly others?: { readonly count: number; readonly sum: Omit<CostSum, 'key'> };
}

export interface CostSum {
  /** The id, or the day in UTC: `2026-11-30`. */
  readonly key: string;
  readonly nodeSeconds: number;
  /** Of pools and days: that no task had. */
  readonly idleSeconds?: number;
  readonly lostSeconds: number;
  readonly cost: number;
  /** Sizes without a known price: the cost is without them. */
  readonly unknownPrices: readonly string[];
}

export const MOST_COST_ROWS = 400;
