import type { Instant } from '../../core/keys.ts';
import type { Distribution } from '../../wire/simulation/distribution.ts';
import type { Synthetic } from '../../wire/simulation/synthetic.ts';
import { LOAD_DEFAULTS, LOAD_WORDS, MODEL_WORDS, type Word } from '../../wire/simulation/words.ts';
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

const OF_TASKS_MADE = ['duration', 'arrival', 'slots', 'priority', 'failures'] as const;

/** @throws CommandError usage */
export function readOptions(flags: SimulateFlags): SimulateOptions {
  const { boot, startTask, preemption, start, until, price, lowPriorityPrice, warm } = flags;
  return {
    load: readLoad(flags),
    boot: boot === undefined ? null : read('--boot', boot, MODEL_WORDS.boot),
    startTask: startTask === undefined ? null : read('--start-task', startTask, MODEL_WORDS.startTask),
    preemptedPerHour: preemption === undefined ? 0 : read('--preemption', preemption, MODEL_WORDS.preemption),
    warm: warm ?? null,
    startsAt: start === undefined ? null : read('--start', start, MODEL_WORDS.start),
    untilMs: until === undefined ? null : read('--until', until, MODEL_WORDS.until),
    prices: { dedicated: price === undefined ? null : read('--price', price, DOLLARS), low: lowPriorityPrice === undefined ? null : read('--low-priority-price', lowPriorityPrice, DOLLARS) },
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
  const { duration, arrival, slots, priority, failures } = { ...LOAD_DEFAULTS, ...flags };
  return {
    kind: 'made',
    synthetic: {
      tasks: tasks ?? 0,
      duration: read('--duration', duration, LOAD_WORDS.duration),
      arrival: read('--arrival', arrival, LOAD_WORDS.arrival),
      slots: read('--slots', slots, LOAD_WORDS.slots),
      priority: read('--priority', priority, LOAD_WORDS.priority),
      failures: read('--failures', failures, LOAD_WORDS.failures),
      retries,
    },
  };
}

const DOLLARS: Word<number> = { form: 'a number of dollars', read: (text) => (/^\d+(?:\.\d+)?$/.test(text) ? Number(text) : undefined) };

function read<Value>(option: string, text: string, word: Word<Value>): Value {
  const value = word.read(text);
  if (value === undefined) throw new CommandError(EXIT.usage, `${option} ${text}: write ${word.form}`);
  return value;
}
