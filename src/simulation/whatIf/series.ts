import type { Instant } from '../../core/keys.ts';
import type { SimulatedMoment, SimulatedSeries } from '../../wire/own/simulation.ts';

/** Of nodes the most in each step of time counts; of tasks the mean: each waits, be it for an instant. */
const BY_MOST = ['targetDedicated', 'targetLowPriority', 'dedicated', 'lowPriority'] as const satisfies readonly (keyof SimulatedMoment)[];
const BY_MEAN = ['waiting', 'running'] as const satisfies readonly (keyof SimulatedMoment)[];

const FIRST_STEP_MS = 100;
/** When there are so many steps, two become one. */
const MOST_STEPS = 1_200;

export interface SeriesWriter {
  /** From now on it is so. */
  readonly write: (now: Instant, moment: SimulatedMoment) => void;
  readonly read: (now: Instant) => SimulatedSeries;
}

/** Bounded however long it goes on. */
export function writeSeries(startsAt: Instant): SeriesWriter {
  let stepMs = FIRST_STEP_MS;
  /** Of tasks, their number times the milliseconds of it. */
  const columns: Record<keyof SimulatedMoment, number[]> = { targetDedicated: [], targetLowPriority: [], dedicated: [], lowPriority: [], waiting: [], running: [] };
  const last: { -readonly [Measure in keyof SimulatedMoment]: number } = { targetDedicated: 0, targetLowPriority: 0, dedicated: 0, lowPriority: 0, waiting: 0, running: 0 };
  let at = startsAt;

  const stepOf = (instant: Instant): number => Math.floor((instant - startsAt) / stepMs);

  const halve = (): void => {
    for (const measure of BY_MOST) columns[measure] = paired(columns[measure], Math.max);
    for (const measure of BY_MEAN) columns[measure] = paired(columns[measure], (a, b) => a + b);
    stepMs *= 2;
  };

  /** What was last lasted until now. */
  const pass = (now: Instant): void => {
    while (stepOf(now) >= MOST_STEPS) halve();
    while (at < now) {
      const step = stepOf(at);
      const until = Math.min(now, startsAt + (step + 1) * stepMs);
      for (const measure of BY_MOST) columns[measure][step] = Math.max(columns[measure][step] ?? 0, last[measure]);
      for (const measure of BY_MEAN) columns[measure][step] = (columns[measure][step] ?? 0) + last[measure] * (until - at);
      at = until;
    }
  };

  return {
    write: (now, moment) => {
      pass(now);
      for (const measure of BY_MOST) last[measure] = moment[measure];
      for (const measure of BY_MEAN) last[measure] = moment[measure];
    },
    read: (now) => {
      pass(now);
      const lengthOf = (step: number): number => Math.min(now - startsAt - step * stepMs, stepMs);
      const means = BY_MEAN.map((measure) => [measure, columns[measure].map((sum, step) => Math.round((100 * sum) / lengthOf(step)) / 100)] as const);
      return { stepMs, ...columns, ...(Object.fromEntries(means) as Record<(typeof BY_MEAN)[number], number[]>) };
    },
  };
}

function paired(values: readonly number[], join: (a: number, b: number) => number): number[] {
  return Array.from({ length: Math.ceil(values.length / 2) }, (_, index) => join(values[2 * index] ?? 0, values[2 * index + 1] ?? 0));
}
