import { parseDuration } from '../wire/durations.ts';

/** Milliseconds of a stored duration, `otherwise` without one. */
export const durationMs = (text: string | undefined, otherwise: number): number => (text === undefined ? otherwise : (parseDuration(text) ?? otherwise));
