import type { SimulationAsk, SimulationLoad } from '../../../ports.ts';
import { invalidProperty, missing } from '../../../wire/errors.ts';
import { LOAD_DEFAULTS, LOAD_WORDS, MODEL_WORDS, type Word } from '../../../wire/simulation/words.ts';
import { objectOf } from '../json.ts';
import type { GivenPrices } from './cost.ts';

/** What `POST /linarite/simulations` was sent; its pools are looked for afterwards. */
export interface SimulationRequest extends Omit<SimulationAsk, 'pools' | 'load'> {
  /** null: that of the job. */
  readonly pools: readonly PoolRequest[] | null;
  readonly load: Exclude<SimulationLoad, { readonly kind: 'job' }> | { readonly kind: 'job'; readonly job: string };
  readonly region: string | undefined;
  readonly prices: GivenPrices;
}

export interface PoolRequest {
  /** Where it stands: `pools[0]`. */
  readonly at: string;
  readonly name: string | null;
  readonly of: { readonly kind: 'pool'; readonly id: string } | { readonly kind: 'definition'; readonly definition: unknown };
  /** Properties in place of those that it has; null: as it is. */
  readonly changes: PoolChanges | null;
}

/** As Add Pool has them, which checks them. */
export interface PoolChanges {
  readonly formula?: unknown;
  readonly targetDedicatedNodes?: unknown;
  readonly targetLowPriorityNodes?: unknown;
  readonly vmSize?: unknown;
  readonly taskSlotsPerNode?: unknown;
}

/** Larger ones are tried by `linarite simulate`. */
export const MOST_TASKS = 100_000;
const MOST_RETRIES = 100;
const MOST_WARM = 1_000;
const MOST_SEED = 4_294_967_295;
const MOST_NAME = 64;

type Json = Readonly<Record<string, unknown>>;

/** @throws BatchError InvalidRequestBody, MissingRequiredProperty, InvalidPropertyValue. */
export function readSimulationRequest(body: unknown): SimulationRequest {
  const { pools, load, boot, startTask, preemption, warm, start, until, seed, region, price, lowPriorityPrice, ...more } = objectOf(body, 'A simulation');
  refuseMore(more, '');
  if (load === undefined) throw missing('load', 'Give {"tasks": COUNT}, {"csv": TEXT} or {"job": "ID"}.');
  const asked = readLoad(objectOf(load, 'load'));
  if (pools === undefined && asked.kind !== 'job') throw missing('pools', 'Only the load of a job says on which pool it ran.');
  return {
    pools: pools === undefined ? null : readPools(pools),
    load: asked,
    boot: word('boot', boot, MODEL_WORDS.boot) ?? null,
    startTask: word('startTask', startTask, MODEL_WORDS.startTask) ?? null,
    preemptedPerHour: word('preemption', preemption, MODEL_WORDS.preemption) ?? 0,
    warm: whole('warm', warm, 0, MOST_WARM) ?? null,
    startsAt: word('start', start, MODEL_WORDS.start) ?? null,
    untilMs: word('until', until, MODEL_WORDS.until) ?? null,
    seed: whole('seed', seed, 0, MOST_SEED) ?? 1,
    region: text('region', region),
    prices: { dedicated: amount('price', price), low: amount('lowPriorityPrice', lowPriorityPrice) },
  };
}

function readPools(value: unknown): readonly PoolRequest[] {
  if (!Array.isArray(value) || value.length < 1 || value.length > 2) throw invalidProperty('pools', value, 'It must be a list of one or two pools.');
  return value.map((each: unknown, index) => readPool(each, `pools[${index}]`));
}

function readPool(value: unknown, at: string): PoolRequest {
  const { pool, definition, name, formula, targetDedicatedNodes, targetLowPriorityNodes, vmSize, taskSlotsPerNode, ...more } = objectOf(value, at);
  refuseMore(more, `${at}.`);
  if ((pool === undefined) === (definition === undefined)) throw invalidProperty(at, value, 'It must have either pool or definition.');
  if (formula !== undefined && (targetDedicatedNodes !== undefined || targetLowPriorityNodes !== undefined)) throw invalidProperty(`${at}.formula`, formula, 'A pool has a formula or a fixed size, not both.');
  const called = text(`${at}.name`, name);
  if (called !== undefined && (called === '' || called.length > MOST_NAME)) throw invalidProperty(`${at}.name`, called, `It must have 1 to ${MOST_NAME} characters.`);
  const changes = Object.fromEntries(Object.entries({ formula, targetDedicatedNodes, targetLowPriorityNodes, vmSize, taskSlotsPerNode }).filter(([, given]) => given !== undefined));
  return {
    at,
    name: called ?? null,
    of: definition === undefined ? { kind: 'pool', id: text(`${at}.pool`, pool) ?? '' } : { kind: 'definition', definition },
    changes: Object.keys(changes).length === 0 ? null : changes,
  };
}

function readLoad(load: Json): SimulationRequest['load'] {
  const kinds = ['tasks', 'csv', 'job'].filter((name) => load[name] !== undefined);
  if (kinds.length !== 1) throw invalidProperty('load', load, 'It must have one of tasks, csv and job.');
  switch (kinds[0]) {
    case 'job':
      return { kind: 'job', job: text('load.job', only(load, ['job'])['job']) ?? '' };
    case 'csv': {
      const { csv, retries } = only(load, ['csv', 'retries']);
      return { kind: 'file', name: 'csv', text: text('load.csv', csv) ?? '', retries: whole('load.retries', retries, 0, MOST_RETRIES) ?? 0 };
    }
    default: {
      const { tasks, retries, ...rest } = only(load, ['tasks', 'retries', ...Object.keys(LOAD_WORDS)]);
      const { duration, arrival, slots, priority, failures } = { ...LOAD_DEFAULTS, ...rest };
      return {
        kind: 'made',
        synthetic: {
          tasks: whole('load.tasks', tasks, 1, MOST_TASKS) ?? 0,
          duration: needed('load.duration', duration, LOAD_WORDS.duration),
          arrival: needed('load.arrival', arrival, LOAD_WORDS.arrival),
          slots: needed('load.slots', slots, LOAD_WORDS.slots),
          priority: needed('load.priority', priority, LOAD_WORDS.priority),
          failures: needed('load.failures', failures, LOAD_WORDS.failures),
          retries: whole('load.retries', retries, 0, MOST_RETRIES) ?? 0,
        },
      };
    }
  }
}

function only(load: Json, names: readonly string[]): Json {
  refuseMore(Object.fromEntries(Object.entries(load).filter(([name]) => !names.includes(name))), 'load.');
  return load;
}

function refuseMore(more: Json, before: string): void {
  for (const [name, value] of Object.entries(more)) throw invalidProperty(`${before}${name}`, value, 'There is no such property here.');
}

/** undefined: it is left out. */
function word<Value>(name: string, value: unknown, of: Word<Value>): Value | undefined {
  return value === undefined ? undefined : needed(name, value, of);
}

/** A number stands for its text. */
function needed<Value>(name: string, value: unknown, { form, read }: Word<Value>): Value {
  const found = typeof value === 'string' || typeof value === 'number' ? read(String(value)) : undefined;
  if (found === undefined) throw invalidProperty(name, value, `It must be ${form}.`);
  return found;
}

function whole(name: string, value: unknown, least: number, most: number): number | undefined {
  if (value === undefined) return undefined;
  if (typeof value === 'number' && Number.isInteger(value) && value >= least && value <= most) return value;
  throw invalidProperty(name, value, `It must be a whole number from ${least} to ${most}.`);
}

function amount(name: string, value: unknown): number | null {
  if (value === undefined) return null;
  if (typeof value === 'number' && value >= 0 && Number.isFinite(value)) return value;
  throw invalidProperty(name, value, 'It must be a number of dollars.');
}

function text(name: string, value: unknown): string | undefined {
  if (value === undefined || typeof value === 'string') return value;
  throw invalidProperty(name, value, 'It must be a string.');
}
