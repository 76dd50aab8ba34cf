import { parseDuration } from '../../wire/durations.ts';

/** As long as the service's own longest duration: added to any time of day it is still an exact number. */
const LONGEST_MS = 922_337_203_685_477;

/** Milliseconds of a stored duration, `otherwise` without one; finite, for columns and sums. */
export function durationMs(text: string | undefined, otherwise: number): number {
  return text === undefined ? otherwise : Math.min(parseDuration(text) ?? otherwise, LONGEST_MS);
}
