import type { Rev } from './common.ts';

/** `GET /linarite/jobs/{job}/timeline`: which task ran where and when, by pixels. Times are milliseconds since 1970. */
export interface Timeline {
  readonly rev: Rev;
  readonly from: number;
  readonly to: number;
  readonly width: number;
  /** Those that were asked for: a slot of a node each. */
  readonly lanes: readonly TimelineLane[];
  readonly total: { readonly lanes: number; readonly attempts: number };
  /** By pixel: how many slots of all lanes were in use at once, at most. */
  readonly busy: readonly number[];
}

interface TimelineLane {
  readonly node: string;
  readonly pool: string;
  readonly slot: number;
  readonly runs: readonly TimelineRun[];
}

/**
 * The first pixel and how many there are; the outcome (0 ended well, 1 runs, 2 failed), the
 * worst where there are several; how
 * many attempts it holds; of one, its task's number and id (the first 5,000 ids).
 */
export type TimelineRun = readonly [px: number, pixels: number, outcome: 0 | 1 | 2, n: number, number?: number, task?: string];
