import type { Rev } from './common.ts';

/** `GET /linarite/jobs/{job}/timeline`: which task ran where and when, by pixels. Times are milliseconds since 1970. */
export interface Timeline {
  readonly rev: Rev;
  readonly from: number;
  readonly to: number;
  readonly width: number;
  /** Those that were asked for: a slot of a node each. */
  readonly lanes: readonly TimelineLane[];
  /** `isAll`: earlier attempts of tasks that ran again are in it as far back as events are kept. */
  readonly total: { readonly lanes: number; readonly attempts: number; readonly isAll: boolean };
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
 * 0 ended well, 1 runs, 2 failed; 3 was preempted, with its node or by a task of higher priority; 4 was given up
 * otherwise, and its task ran again: a client asked for it, or its node was lost.
 */
export type Outcome = 0 | 1 | 2 | 3 | 4;

export const WORST_FIRST: readonly Outcome[] = [2, 3, 4, 1, 0];

/**
 * The first pixel and how many there are; the outcome, the worst where there are several; how many attempts it holds;
 * of one, its task's number and id (the first 5,000 ids).
 */
export type TimelineRun = readonly [px: number, pixels: number, outcome: Outcome, n: number, number?: number, task?: string];
