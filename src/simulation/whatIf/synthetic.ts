import { timeMs } from '../../base/times.ts';
import { seededRandom } from '../../control/journal.ts';
import type { Random } from '../../core/port.ts';
import { type Distribution, draw } from './distribution.ts';
import { jobsByPriority, type Load } from './load.ts';

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

/** The same for the same seed, whatever pool it is tried on. */
export function syntheticLoad({ tasks, duration, arrival, slots, priority, failures, retries }: Synthetic, seed: number): Load {
  const random = seededRandom(seed);
  const arrivals = arrivalsOf(arrival, tasks, random);
  const made = arrivals.map((arrivalMs, index) => ({
    id: String(index + 1),
    arrivalMs,
    durationMs: Math.max(0, Math.round(draw(duration, random))),
    slots: pick(slots, random),
    priority: pick(priority, random),
    exits: failures === 0 ? [] : Array.from({ length: retries + 1 }, () => (random() < failures ? 1 : 0)),
  }));
  return { name: `${tasks.toLocaleString('en')} task${tasks === 1 ? '' : 's'}`, jobs: jobsByPriority(made, retries) };
}

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
const BUSIEST_MS = 14 * HOUR_MS;
/** At the busiest so much more, at the quietest so much less than at all times alike. */
const SWING = 0.9;

/** In their order. */
function arrivalsOf(arrival: Arrival, tasks: number, random: Random): number[] {
  switch (arrival.kind) {
    case 'all':
      return Array.from({ length: tasks }, () => 0);
    case 'every':
      return Array.from({ length: tasks }, (_, index) => Math.round(index * arrival.ms));
    case 'poisson': {
      let at = 0;
      return Array.from({ length: tasks }, () => Math.round((at += -Math.log(1 - random()) / arrival.perMs)));
    }
    case 'daily':
      return Array.from({ length: tasks }, () => momentOfDay(random)).sort((a, b) => a - b);
  }
}

function momentOfDay(random: Random): number {
  for (;;) {
    const at = random() * DAY_MS;
    const density = (1 + SWING * Math.cos((2 * Math.PI * (at - BUSIEST_MS)) / DAY_MS)) / (1 + SWING);
    if (random() < density) return Math.floor(at);
  }
}

function pick(mix: Mix, random: Random): number {
  if (mix.length === 1) return mix[0]?.value ?? 0;
  let left = random() * mix.reduce((sum, { weight }) => sum + weight, 0);
  for (const { value, weight } of mix) {
    left -= weight;
    if (left < 0) return value;
  }
  return mix.at(-1)?.value ?? 0;
}
