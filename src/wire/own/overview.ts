import type { Fix, Ref, Rev } from './common.ts';

/** `GET /linarite/overview`: the account on one screen. */
export interface Overview {
  readonly rev: Rev;
  /** What somebody should see to, the most harmful first; at most 100. */
  readonly attention: readonly Attention[];
  readonly counts: OverviewCounts;
  /** Those that have a limit. */
  readonly quotas: readonly QuotaUse[];
  readonly cost: OverviewCost;
}

interface OverviewCounts {
  readonly pools: number;
  readonly nodes: number;
  readonly targetNodes: number;
  readonly activeJobs: number;
  /** Tasks that run or are prepared. */
  readonly running: number;
  /** Tasks that have not begun. */
  readonly waiting: number;
  /** Tasks that have ended in failure in the last 24 hours, and have not been run again. */
  readonly failed24h: number;
}

export interface QuotaUse {
  readonly name: 'dedicatedCores' | 'lowPriorityCores' | 'pools' | 'activeJobs';
  readonly used: number;
  readonly limit: number;
}

/** From list prices (docs/cost.md). */
export interface OverviewCost {
  /** Of the nodes that there are now. */
  readonly perHour: number;
  /** Since the first of this month, UTC. */
  readonly month: number;
  readonly currency: string;
  /** Sizes without a known price are left out. */
  readonly estimated: boolean;
}

export interface Attention {
  readonly code: 'PoolStuck' | 'FormulaFailed' | 'NodeUnusable' | 'StartTaskFailed' | 'JobCannotFinish' | 'TasksFailed';
  readonly sentence: string;
  readonly object: Ref;
  readonly since: string;
  /** Of nodes or tasks; 1 where it is about the object itself. */
  readonly count: number;
  readonly fixes: readonly Fix[];
}
