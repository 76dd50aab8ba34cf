/** When a job will be done, from how fast its tasks have ended. */
import type { ExplainedReason } from '../../wire/own/explanation.ts';

/** How many had ended at a time. */
export interface Progress {
  readonly at: number;
  readonly done: number;
}

export interface Estimate {
  /** Tasks a second, of late. */
  readonly perSecond: number;
  /** From now; the range is between the rate of late and that since the beginning. */
  readonly leftMs: number;
  readonly leastMs: number;
  readonly mostMs: number;
}

const LEAST_TASKS = 20;
const LEAST_MS = 2 * 60_000;
/** Of late. */
const RECENT_MS = 5 * 60_000;

/** null: too little is known yet, or nothing is left. */
export function estimate(history: readonly Progress[], { startedAt, all, now }: { readonly startedAt: number; readonly all: number; readonly now: number }): Estimate | null {
  const last = history.at(-1);
  if (last === undefined || last.done >= all) return null;
  if (last.done < LEAST_TASKS && now - startedAt < LEAST_MS) return null;
  const overall = last.done / Math.max(1, last.at - startedAt);
  const first = history.find(({ at }) => at >= last.at - RECENT_MS) ?? last;
  const recent = last.at - first.at >= 20_000 ? (last.done - first.done) / (last.at - first.at) : overall;
  if (overall <= 0 || recent <= 0) return null;
  const left = all - last.done;
  const both = [left / recent, left / overall];
  return { perSecond: recent * 1_000, leftMs: left / recent, leastMs: Math.min(...both), mostMs: Math.max(...both) };
}

/** How many of a job's tasks can never start as they are, by the reasons that its waiting ones have. */
export function neverOf(reasons: readonly Pick<ExplainedReason, 'never' | 'count'>[]): number {
  return reasons.reduce((sum, { never, count = 0 }) => (never ? sum + count : sum), 0);
}
