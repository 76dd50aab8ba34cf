import { timeMs } from '../../base/times.ts';
import type { Distribution } from './distribution.ts';

/** A load that is made up. */
export interface Synthetic {
  readonly tasks: number;
  readonly duration: Distribution;
  readonly arrival: Arrival;
  readonly slots: Mix;
  readonly priority: Mix;
  /** The part of all runs that end with exit code 1. */
  readonly failures: number;
  readonly retries: number;
}

/** When tasks come. */
export type Arrival =
  | { readonly kind: 'all' }
  | { readonly kind: 'every'; readonly ms: number }
  | { readonly kind: 'poisson'; readonly perMs: number }
  /** Over the 24 hours of a day, most in the early afternoon, few at night. */
  | { readonly kind: 'daily' };

/** Values with how often each occurs, beside the others. */
export type Mix = readonly { readonly value: number; readonly weight: number }[];

export const ARRIVAL_FORMS = "all, 'every 2s', 'poisson 5/s' or daily";

/** Reads `all`, `every 2s`, `poisson 5/s` (also /min, /h) and `daily`; undefined: it is none of them. */
export function readArrival(text: string): Arrival | undefined {
  const [word = '', ...rest] = text.trim().toLowerCase().split(/\s+/);
  const value = rest.join(' ');
  if (value === '') return word === 'all' || word === 'daily' ? { kind: word } : undefined;
  if (word === 'every') {
    const ms = timeMs(value);
    return ms === undefined ? undefined : { kind: 'every', ms };
  }
  if (word !== 'poisson') return undefined;
  const perMs = readRate(value);
  return perMs === undefined ? undefined : { kind: 'poisson', perMs };
}

/** `5/s`, `30 / min`: so many in a millisecond. */
function readRate(text: string): number | undefined {
  const [, amount, unit] = /^(\d+(?:\.\d+)?)\s*\/\s*([a-z]+)$/.exec(text) ?? [];
  const unitMs = unit === undefined ? undefined : timeMs(`1${unit}`);
  return unitMs === undefined || Number(amount) === 0 ? undefined : Number(amount) / unitMs;
}

/** Reads `4` or, with weights, `0:9,100:1`; undefined: it is neither, or a value is out of bounds. */
export function readMix(text: string, least: number, most: number): Mix | undefined {
  const items = text.split(',').map((part) => {
    const [, value, weight = '1'] = /^\s*(-?\d+)\s*(?::\s*(\d+(?:\.\d+)?)\s*)?$/.exec(part) ?? [];
    return { value: Number(value ?? Number.NaN), weight: Number(weight) };
  });
  return items.every(({ value, weight }) => value >= least && value <= most && weight > 0) ? items : undefined;
}
