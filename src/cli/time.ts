import { InvalidArgumentError } from 'commander';
import { timeMs } from '../base/times.ts';

/** A reader of times as options have them (`45s`, `3min`, `1h`), in milliseconds. `form`: what one looks like. */
export function timeBetween(leastMs: number, mostMs: number, form: string): (text: string) => number {
  return (text) => {
    const ms = Math.round(timeMs(text) ?? Number.NaN);
    if (ms >= leastMs && ms <= mostMs) return ms;
    throw new InvalidArgumentError(form);
  };
}
