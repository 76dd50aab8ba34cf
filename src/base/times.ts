const UNITS: readonly (readonly [pattern: RegExp, ms: number])[] = [
  [/^(?:d|days?)$/, 86_400_000],
  [/^(?:h|hrs?|hours?)$/, 3_600_000],
  [/^(?:m|min|mins|minutes?)$/, 60_000],
  [/^(?:s|secs?|seconds?)$/, 1_000],
  [/^ms$/, 1],
];
const PART = /(\d+(?:\.\d+)?)\s*([a-z]+)/gi;

/** Milliseconds of a time as people write it: `90s`, `30min`, `1h30m`, `2days 4h`, `250ms`; undefined: it is none. */
export function timeMs(text: string): number | undefined {
  const parts = [...text.matchAll(PART)];
  if (parts.length === 0 || text.replaceAll(PART, '').trim() !== '') return undefined;
  const ms = parts.reduce((sum, [, amount, unit = '']) => sum + Number(amount) * (unitMs(unit) ?? Number.NaN), 0);
  return Number.isFinite(ms) ? ms : undefined;
}

function unitMs(unit: string): number | undefined {
  return UNITS.find(([pattern]) => pattern.test(unit.toLowerCase()))?.[1];
}

/** As people read it, in its two largest units: `3 h 20 min`, `1 d 2 h`, `45.2 s`, `120 ms`. */
export function timeText(ms: number): string {
  if (ms < 1_000) return `${Math.round(ms)} ms`;
  const tenths = Math.round(ms / 100);
  if (tenths < 600) return `${tenths % 10 === 0 ? tenths / 10 : (tenths / 10).toFixed(1)} s`;
  const seconds = Math.round(ms / 1_000);
  if (seconds < 3_600) return two(seconds, 60, 'min', 's');
  const minutes = Math.round(ms / 60_000);
  return minutes < 1_440 ? two(minutes, 60, 'h', 'min') : two(Math.round(ms / 3_600_000), 24, 'd', 'h');
}

function two(amount: number, of: number, large: string, small: string): string {
  const rest = amount % of;
  return `${Math.floor(amount / of)} ${large}${rest === 0 ? '' : ` ${rest} ${small}`}`;
}
