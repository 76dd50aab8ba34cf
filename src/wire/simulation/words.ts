import { timeMs } from '../../base/times.ts';
import { parseTimestamp } from '../timestamps.ts';
import { DISTRIBUTION_FORMS, readDistribution } from './distribution.ts';
import { ARRIVAL_FORMS, type Mix, readArrival, readMix } from './synthetic.ts';

/** What a text of a simulation's request may be. */
export interface Word<Value> {
  /** For people, after "write". */
  readonly form: string;
  /** undefined: it is not of the form. */
  readonly read: (text: string) => Value | undefined;
}

/** Of a load that is made up. */
export const LOAD_WORDS = {
  duration: { form: DISTRIBUTION_FORMS, read: readDistribution },
  arrival: { form: ARRIVAL_FORMS, read: readArrival },
  slots: { form: "a whole number from 1 to 256, or several with weights such as '1:9,4:1'", read: (text: string): Mix | undefined => readMix(text, 1, 256) },
  priority: { form: "a whole number from -1000 to 1000, or several with weights such as '0:9,100:1'", read: (text: string): Mix | undefined => readMix(text, -1_000, 1_000) },
  failures: { form: 'a share such as 2%', read: share },
} as const satisfies Readonly<Record<string, Word<unknown>>>;

/** Where they are not said. */
export const LOAD_DEFAULTS = { duration: '1min', arrival: 'all', slots: '1', priority: '0', failures: '0%' } as const satisfies Readonly<Record<keyof typeof LOAD_WORDS, string>>;

/** Of what a load does not say. */
export const MODEL_WORDS = {
  boot: { form: DISTRIBUTION_FORMS, read: readDistribution },
  startTask: { form: DISTRIBUTION_FORMS, read: readDistribution },
  preemption: { form: 'a rate below 100%, such as 10%/h or 1%/min', read: readPreemption },
  start: { form: 'a moment such as 2026-11-30T08:00:00Z', read: parseTimestamp },
  until: { form: 'a time above 0, such as 90min, 24h or 7d', read: (text: string): number | undefined => above0(timeMs(text)) },
} as const satisfies Readonly<Record<string, Word<unknown>>>;

const HOUR_MS = 3_600_000;

/** `10%/h`, `1%/min`: the part that an hour takes. */
function readPreemption(rate: string): number | undefined {
  const [percent = '', unit, ...more] = rate.split('/');
  const part = share(percent.trim());
  const unitMs = unit === undefined || more.length > 0 ? undefined : timeMs(`1${unit.trim()}`);
  return part === undefined || part >= 1 || unitMs === undefined ? undefined : 1 - (1 - part) ** (HOUR_MS / unitMs);
}

function share(text: string): number | undefined {
  const [, percent] = /^(\d+(?:\.\d+)?)\s*%$/.exec(text) ?? [];
  return percent === undefined || Number(percent) > 100 ? undefined : Number(percent) / 100;
}

function above0(ms: number | undefined): number | undefined {
  return ms === undefined || ms === 0 ? undefined : ms;
}
