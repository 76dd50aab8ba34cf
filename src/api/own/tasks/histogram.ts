import { revOf } from '../../../store/intents/rev.ts';
import type { Instant } from '../../../core/keys.ts';
import { invalidQuery } from '../../../wire/errors.ts';
import type { Histogram } from '../../../wire/own/histogram.ts';
import type { Answer } from '../../answer.ts';
import type { Parts } from '../../call.ts';
import type { OwnCall, OwnOperation } from '../call.ts';
import { jobOf } from '../existing.ts';
import { json } from '../json.ts';
import { readNames, readWhole } from '../queries.ts';
import { NOTHING } from '../../../store/intents/taskColumns.ts';
import { ABSENT, type TaskColumns } from './columns.ts';
import { columnsOf } from './kept.ts';
import { runMs, sorted, waitMs } from './order.ts';
import { inSlices, numbersWhere } from './slices.ts';

export const histogramOperations: readonly OwnOperation[] = [{ method: 'GET', path: '/linarite/jobs/{jobId}/histogram', right: 'read', of: 'jobs', run: histogram }];

const MOST_BINS = 500;
const BINS = 36;

/** @throws BatchError JobNotFound, InvalidQueryParameterValue, and as `columnsOf`. */
async function histogram(call: OwnCall, { database }: Parts): Promise<Answer> {
  const { of: ofText, bins: binsText } = readNames(call.query, ['of', 'bins']);
  const of = ofText === '' ? 'run' : ofText;
  if (of !== 'run' && of !== 'wait') throw invalidQuery('of', of, 'There are run and wait.');
  const bins = readWhole('bins', binsText, { least: 2, most: MOST_BINS, usual: BINS });
  const rev = await revOf(database, call.account);
  const job = await jobOf(call, database);
  const columns = await columnsOf(database, job, call.signal);
  const secondsOf = await inOrder(columns, of, call.now);
  return json(200, { rev, of, ...(await histogramOf(secondsOf, bins)) } satisfies Histogram);
}

/** What is counted, in seconds, ascending: run times of tasks that have ended, waits of those that have begun. */
export async function inOrder(columns: TaskColumns, of: 'run' | 'wait', now: Instant): Promise<Float64Array> {
  const { length, state, started, ended } = columns;
  const counted = await numbersWhere(length, (at) => state[at] !== ABSENT && started[at] !== NOTHING && (of === 'wait' || ended[at] !== NOTHING));
  const numbers = await sorted(columns, counted, of === 'run' ? 'runTime' : 'waitTime', false, now);
  const msOf = of === 'run' ? runMs : waitMs;
  const seconds = new Float64Array(numbers.length);
  await inSlices(numbers.length, (from, to) => {
    for (let place = from; place < to; place += 1) seconds[place] = (msOf(columns, (numbers[place] ?? 1) - 1, now) ?? 0) / 1_000;
  });
  return seconds;
}

/** The part of ascending values that are at most so large. */
function percentile(values: Float64Array, share: number): number {
  return values[Math.max(0, Math.ceil(values.length * share) - 1)] ?? 0;
}

/** Equal bins up to the 99th percentile, and one for the few beyond, so that one straggler flattens nothing. */
export async function histogramOf(values: Float64Array, bins: number): Promise<Omit<Histogram, 'rev' | 'of'>> {
  const [p50, p95, p99, max] = [0.5, 0.95, 0.99, 1].map((share) => percentile(values, share)) as [number, number, number, number];
  const step = p99 / (bins - 1);
  const edgesS = [...Array.from({ length: bins - 1 }, (_, bin) => bin * step), p99, max];
  const counts = Array.from({ length: bins }, () => 0);
  await inSlices(values.length, (from, to) => {
    for (const value of values.subarray(from, to)) {
      const bin = value > p99 ? bins - 1 : step === 0 ? 0 : Math.min(bins - 2, Math.floor(value / step));
      counts[bin] = (counts[bin] ?? 0) + 1;
    }
  });
  return { edgesS, counts, p50, p95, p99, max, n: values.length };
}
