/** The question of a what-if, as the address holds it, and as the service is asked it. */

export interface Field {
  /** In the address, and in the request. */
  readonly name: string;
  readonly word: string;
  readonly usual: string;
  readonly isNumber?: boolean;
}

/** Forms are those of `linarite simulate`. */
export const FIELDS = {
  load: [
    { name: 'tasks', word: 'Tasks', usual: '500', isNumber: true },
    { name: 'duration', word: 'Each lasts (4min, lognormal(4min, 0.8))', usual: 'lognormal(4min, 0.8)' },
    { name: 'arrival', word: 'They arrive (all, every 2s, poisson 5/s, daily)', usual: 'all' },
    { name: 'slots', word: 'Slots (1, or 1:9,4:1)', usual: '1' },
  ],
  size: [
    { name: 'targetDedicatedNodes', word: 'Dedicated nodes', usual: '4', isNumber: true },
    { name: 'targetLowPriorityNodes', word: 'Low-priority nodes', usual: '0', isNumber: true },
    { name: 'vmSize', word: 'Size of a node; empty: as it is', usual: '' },
    { name: 'taskSlotsPerNode', word: 'Slots of a node; empty: as it is', usual: '', isNumber: true },
  ],
  model: [
    { name: 'boot', word: 'A node boots in', usual: '2min' },
    { name: 'preemption', word: 'Low-priority nodes taken away (5%/h)', usual: '' },
    { name: 'until', word: 'Until (24h); empty: the last task', usual: '' },
    { name: 'seed', word: 'Seed', usual: '1', isNumber: true },
  ],
} as const satisfies Readonly<Record<string, readonly Field[]>>;

const FIRST_LOAD = 'duration,arrival\n240,0\n240,0\n600,60\n';
const LOADS = ['made', 'job', 'csv'] as const;
const TRIES = ['size', 'formula', 'none'] as const;

export interface Question {
  readonly load: (typeof LOADS)[number];
  readonly try: (typeof TRIES)[number];
  /** '': the first that there is. */
  readonly pool: string;
  readonly csv: string;
  readonly formula: string;
  /** Of fields, where they are not as usual. */
  readonly texts: Readonly<Record<string, string>>;
}

/** What an address asks. */
export function ask(query: Readonly<Record<string, string>>): Question {
  const { load, try: tried, pool = '', csv = FIRST_LOAD, formula = '', ...texts } = query;
  return { load: LOADS.find((one) => one === load) ?? 'made', try: TRIES.find((one) => one === tried) ?? 'size', pool, csv, formula, texts };
}

/** The body of `POST /linarite/simulations`. */
export function bodyOf({ load, try: tried, pool, csv, texts }: Question, formula: string): object {
  const all = { pool };
  const other = tried === 'size' ? { ...all, name: 'B', ...valuesOf(FIELDS.size, texts) } : { ...all, name: 'B', formula };
  return {
    pools: tried === 'none' ? [all] : [{ ...all, name: 'A' }, other],
    load: load === 'job' ? { job: texts['job'] ?? '' } : load === 'csv' ? { csv } : valuesOf(FIELDS.load, texts),
    ...valuesOf(FIELDS.model, texts),
  };
}

/** Empty ones are left out. */
function valuesOf(fields: readonly Field[], texts: Question['texts']): Readonly<Record<string, string | number>> {
  return Object.fromEntries(
    fields.flatMap(({ name, usual, isNumber = false }) => {
      const text = (texts[name] ?? usual).trim();
      return text === '' ? [] : [[name, isNumber && /^\d+$/.test(text) ? Number(text) : text]];
    }),
  );
}
