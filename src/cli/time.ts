import { InvalidArgumentError } from 'commander';

const UNITS: Readonly<Record<string, number>> = { ms: 1, s: 1_000, m: 60_000, min: 60_000, h: 3_600_000, d: 86_400_000 };

/** A reader of times as options have them (`45s`, `3min`, `1h`), in milliseconds. `form`: what one looks like. */
export function timeBetween(leastMs: number, mostMs: number, form: string): (text: string) => number {
  return (text) => {
    const [, amount, unit = ''] = /^(\d+(?:\.\d+)?)\s*([a-z]+)$/.exec(text.trim()) ?? [];
    const ms = Math.round(Number(amount) * (UNITS[unit] ?? Number.NaN));
    if (ms >= leastMs && ms <= mostMs) return ms;
    throw new InvalidArgumentError(form);
  };
}
