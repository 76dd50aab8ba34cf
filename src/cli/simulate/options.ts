import { timeMs } from '../../base/times.ts';
import type { Instant } from '../../core/keys.ts';
import { type Distribution, DISTRIBUTION_FORMS, readDistribution } from '../../simulation/whatIf/distribution.ts';
import { ARRIVAL_FORMS, type Mix, readArrival, readMix, type Synthetic } from '../../simulation/whatIf/synthetic.ts';
import { parseTimestamp } from '../../wire/timestamps.ts';
import { CommandError, EXIT } from '../errors.ts';

/** As commander gives them. */
export interface SimulateFlags {
  readonly compare?: string;
  readonly tasks?: number;
  readonly load?: string;
  readonly job?: string;
  readonly duration?: string;
  readonly arrival?: string;
  readonly slots?: string;
  readonly priority?: string;
  readonly failures?: string;
  readonly retries?: number;
  readonly boot?: string;
  readonly startTask?: string;
  readonly preemption?: string;
  readonly warm?: number;
  readonly start?: string;
  readonly until?: string;
  readonly seed: number;
  readonly region?: string;
  readonly price?: string;
  readonly lowPriorityPrice?: string;
  readonly sizes?: string;
  readonly format: 'table' | 'json';
  readonly svg?: string;
  readonly dataDir?: string;
}

export type LoadOptions = { readonly kind: 'made'; readonly synthetic: Synthetic } | { readonly kind: 'file'; readonly file: string; readonly retries: number } | { readonly kind: 'job'; readonly job: string };

export interface SimulateOptions {
  readonly load: LoadOptions;
  /** null: not said. */
  readonly boot: Distribution | null;
  readonly startTask: Distribution | null;
  readonly preemptedPerHour: number;
  readonly warm: number | null;
  readonly startsAt: Instant | null;
  readonly untilMs: number | null;
  readonly prices: { readonly dedicated: number | null; readonly low: number | null };
}

const HOUR_MS = 3_600_000;
const OF_TASKS_MADE = ['duration', 'arrival', 'slots', 'priority', 'failures'] as const;

/** @throws CommandError usage */
export function readOptions(flags: SimulateFlags): SimulateOptions {
  const { boot, startTask, preemption, start, until, price, lowPriorityPrice, warm } = flags;
  return {
    load: readLoad(flags),
    boot: boot === undefined ? null : distribution('--boot', boot),
    startTask: startTask === undefined ? null : distribution('--start-task', startTask),
    preemptedPerHour: preemption === undefined ? 0 : readPreemption(preemption),
    warm: warm ?? null,
    startsAt: start === undefined ? null : read('--start', start, 'a moment such as 2026-11-30T08:00:00Z', parseTimestamp),
    untilMs: until === undefined ? null : read('--until', until, 'a time above 0, such as 90min, 24h or 7d', (text) => above0(timeMs(text))),
    prices: { dedicated: price === undefined ? null : read('--price', price, 'a number of dollars', amount), low: lowPriorityPrice === undefined ? null : read('--low-priority-price', lowPriorityPrice, 'a number of dollars', amount) },
  };
}

function readLoad(flags: SimulateFlags): LoadOptions {
  const { tasks, load, job, retries = 0 } = flags;
  const given = [tasks, load, job].filter((one) => one !== undefined);
  if (given.length !== 1) throw new CommandError(EXIT.usage, `give one load: --tasks COUNT, --load FILE.csv or --job JOB${given.length > 1 ? ', not several' : ''}`);
  const idle = tasks === undefined ? OF_TASKS_MADE.find((name) => flags[name] !== undefined) : undefined;
  if (idle !== undefined) throw new CommandError(EXIT.usage, `--${idle} is of tasks that are made up (--tasks)`);
  if (job !== undefined && flags.retries !== undefined) throw new CommandError(EXIT.usage, '--retries: those of --job are as they were');
  if (load !== undefined) return { kind: 'file', file: load, retries };
  if (job !== undefined) return { kind: 'job', job };
  const { duration = '1min', arrival = 'all', slots = '1', priority = '0', failures = '0%' } = flags;
  const mix = (least: number, most: number) => (text: string): Mix | undefined => readMix(text, least, most);
  return {
    kind: 'made',
    synthetic: {
      tasks: tasks ?? 0,
      duration: distribution('--duration', duration),
      arrival: read('--arrival', arrival, ARRIVAL_FORMS, readArrival),
      slots: read('--slots', slots, "a whole number from 1 to 256, or several with weights such as '1:9,4:1'", mix(1, 256)),
      priority: read('--priority', priority, "a whole number from -1000 to 1000, or several with weights such as '0:9,100:1'", mix(-1_000, 1_000)),
      failures: read('--failures', failures, 'a share such as 2%', share),
      retries,
    },
  };
}

function distribution(option: string, text: string): Distribution {
  return read(option, text, DISTRIBUTION_FORMS, readDistribution);
}

/** `10%/h`, `1%/min`: the part that an hour takes. */
function readPreemption(text: string): number {
  return read('--preemption', text, 'a rate below 100%, such as 10%/h or 1%/min', (rate) => {
    const [percent = '', unit, ...more] = rate.split('/');
    const part = share(percent.trim());
    const unitMs = unit === undefined || more.length > 0 ? undefined : timeMs(`1${unit.trim()}`);
    return part === undefined || part >= 1 || unitMs === undefined ? undefined : 1 - (1 - part) ** (HOUR_MS / unitMs);
  });
}

function share(text: string): number | undefined {
  const [, percent] = /^(\d+(?:\.\d+)?)\s*%$/.exec(text) ?? [];
  return percent === undefined || Number(percent) > 100 ? undefined : Number(percent) / 100;
}

function amount(text: string): number | undefined {
  return /^\d+(?:\.\d+)?$/.test(text) ? Number(text) : undefined;
}

function above0(ms: number | undefined): number | undefined {
  return ms === undefined || ms === 0 ? undefined : ms;
}

function read<Value>(option: string, text: string, form: string, reader: (text: string) => Value | undefined): Value {
  const value = reader(text);
  if (value === undefined) throw new CommandError(EXIT.usage, `${option} ${text}: write ${form}`);
  return value;
}
