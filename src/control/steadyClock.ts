import type { Instant } from '../core/keys.ts';

/** A wall clock that was set back further than this was wrong before: the new time is believed at once. */
const MOST_AHEAD_MS = 24 * 3_600_000;
/**
 * How fast the steady clock runs while it is ahead of the wall clock: the wall clock catches up, and timers still come
 * due.
 */
const RATE_AHEAD = 0.5;

/**
 * The time of day, which never goes back while the wall clock is corrected by a day or less: it follows the wall clock
 * forward, and runs at half the speed while it is ahead. `monotonic`: milliseconds that only grow, whatever is done to
 * the wall clock.
 */
export function steadyClock(wall: () => Instant, monotonic: () => number): () => Instant {
  let shown = wall();
  let shownAt = monotonic();
  return () => {
    const [now, at] = [wall(), monotonic()];
    const steady = shown + (at - shownAt) * RATE_AHEAD;
    shown = now >= steady || steady - now > MOST_AHEAD_MS ? now : steady;
    shownAt = at;
    return Math.floor(shown);
  };
}
