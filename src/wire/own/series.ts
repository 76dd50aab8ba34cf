import type { Rev } from './common.ts';

/**
 * What there are series of. Targets and current nodes are levels that hold from one point to the next, noted as resizes
 * begin and end; of pools with a formula the rest is sampled each 30 s, and current nodes with it.
 */
export const SERIES = ['targetDedicatedNodes', 'targetLowPriorityNodes', 'currentDedicatedNodes', 'currentLowPriorityNodes', 'waitingTasks', 'runningTasks', 'cpuPercent', 'memoryMiB'] as const;
export type SeriesName = (typeof SERIES)[number];

/** In milliseconds since 1970, ascending. */
export type Point = readonly [at: number, value: number];

/** `GET /linarite/pools/{pool}/series`. */
export interface PoolSeries {
  readonly rev: Rev;
  readonly from: number;
  readonly to: number;
  /** From here on it is known when resizes began and ended. */
  readonly since: number;
  /** Those that were asked for. */
  readonly series: Partial<Record<SeriesName, readonly Point[]>>;
  /** Of those without a point: why. */
  readonly missing: Partial<Record<SeriesName, string>>;
}

/** A run of a pool's formula. */
export interface PoolEvaluation {
  readonly time: string;
  /** `$Name=value;…`, as the data plane has it. */
  readonly results: string;
  readonly errors: readonly { readonly code: string; readonly message: string }[];
}

/** `GET /linarite/pools/{pool}/evaluations`. */
export interface PoolEvaluations {
  readonly rev: Rev;
  readonly from: string;
  readonly to: string;
  /** From here on there are all, or the last ones up to `count`. */
  readonly since: string;
  /** The newest first. */
  readonly evaluations: readonly PoolEvaluation[];
}
