import { RunError } from '../failure.ts';

const UNITS: readonly (readonly [pattern: RegExp, seconds: number])[] = [
  [/^(?:d|days?)$/, 86_400],
  [/^(?:h|hrs?|hours?)$/, 3_600],
  [/^(?:m|min|mins|minutes?)$/, 60],
  [/^(?:s|sec|secs|seconds?)$/, 1],
];

/**
 * An ISO 8601 duration from what people write: `90s`, `30min`, `1h30m`, `2days 4h`; ISO durations pass. @throws
 * RunError usage
 */
export function readDuration(text: string, option: string): string {
  if (/^P(?=.)(\d+D)?(T(?=.)(\d+H)?(\d+M)?(\d+(\.\d+)?S)?)?$/i.test(text)) return text.toUpperCase();
  const parts = [...text.matchAll(/(\d+(?:\.\d+)?)\s*([a-z]+)/gi)];
  const rest = text.replaceAll(/(\d+(?:\.\d+)?)\s*([a-z]+)/gi, '').trim();
  const seconds = parts.map(([, amount = '', unit = '']) => Number(amount) * (UNITS.find(([pattern]) => pattern.test(unit.toLowerCase()))?.[1] ?? Number.NaN));
  const total = seconds.reduce((sum, part) => sum + part, 0);
  if (parts.length === 0 || rest !== '' || !(total > 0)) throw new RunError('usage', `${option} ${text}: write a time like 90s, 30min, 1h30m or 2days`);
  return `PT${Math.ceil(total)}S`;
}
