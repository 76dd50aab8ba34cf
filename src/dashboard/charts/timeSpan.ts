/** A window of time that is looked at, in milliseconds since 1970. */
export interface TimeSpan {
  readonly from: number;
  readonly to: number;
}

const LEAST_MS = 200;

/** Around a moment, so many times as long; within `whole`. */
export function zoomed({ from, to }: TimeSpan, around: number, factor: number, whole: TimeSpan): TimeSpan {
  const length = Math.min(whole.to - whole.from, Math.max(LEAST_MS, (to - from) * factor));
  const start = around - ((around - from) / Math.max(1, to - from)) * length;
  const first = Math.min(Math.max(start, whole.from), whole.to - length);
  return { from: first, to: first + length };
}
