import { isWritable, printTimestamp } from './calendar.ts';

/**
 * What a pool's metrics were: a value. One sample a metric each 30 s, in order, bounded; appending gives a new history
 * and leaves the old one as it was. Both share their arrays (an older value never looks past its own `end`), so that an
 * append costs no copy but once in `capacity` times.
 */
export interface SampleHistory {
  /** Samples kept a metric; older ones are dropped. */
  readonly capacity: number;
  readonly series: ReadonlyMap<string, Series>;
}

interface Series {
  readonly atMs: number[];
  readonly values: number[];
  /** The samples of this value are those at first..end-1. */
  readonly first: number;
  readonly end: number;
}

/** The form for `JSON.stringify`; metrics by name, times in milliseconds since 1970. */
export interface SerializedHistory {
  readonly capacity: number;
  readonly metrics: Readonly<Record<string, { readonly atMs: readonly number[]; readonly values: readonly number[] }>>;
}

/** A stretch of a metric's samples, oldest first, and how many it could hold. Times are milliseconds since 1970. */
export interface SampleWindow {
  readonly metric: string;
  readonly fromMs: number;
  readonly toMs: number;
  readonly available: number;
  readonly possible: number;
  /** 100 * available / possible, at most 100; 0 for a window too short to hold a sample. */
  readonly percent: number;
}

/** The service samples each metric every 30 s (autoscale article, "Samples"). */
export const SAMPLE_PERIOD_MS = 30_000;

const ONE_DAY_OF_SAMPLES = 2880;

export function emptyHistory(capacity: number = ONE_DAY_OF_SAMPLES): SampleHistory {
  if (!Number.isInteger(capacity) || capacity < 1) throw new RangeError(`a history holds 1 sample or more, not ${capacity}`);
  return { capacity, series: new Map() };
}

/** Samples of one metric: moments in order, and a number for each. */
export interface Column {
  readonly atMs: number[];
  readonly values: number[];
}

/**
 * A history of what was measured at the same moments, and of what has moments of its own. It shares the arrays: it is
 * right until the caller changes them.
 *
 * @param atMs in order; `values` has one number for each of them, by metric name (with `$`), as `others` have theirs.
 */
export function historyOf(atMs: number[], values: Readonly<Record<string, number[]>>, others: Readonly<Record<string, Column>> = {}): SampleHistory {
  const columns = [...Object.entries(values).map(([metric, column]) => [metric, { atMs, values: column }] as const), ...Object.entries(others)];
  const series = columns.map(([metric, column]): [string, Series] => [metric, { ...column, first: 0, end: column.atMs.length }]);
  return { capacity: Math.max(1, ...series.map(([, { end }]) => end)), series: new Map(series) };
}

/**
 * @param sample metric names (with `$`) to values; a metric that could not be sampled is left out.
 * @throws RangeError if the time is not after the metric's last one, or a number is not finite.
 */
export function appendSample(history: SampleHistory, atMs: number, sample: Readonly<Record<string, number>>): SampleHistory {
  const series = new Map(history.series);
  for (const [metric, value] of Object.entries(sample)) {
    if (!Number.isFinite(atMs) || !Number.isFinite(value)) throw new RangeError(`sample of ${metric}: ${value} at ${atMs} is not a number`);
    series.set(metric, appended(metric, series.get(metric) ?? NO_SAMPLES, atMs, value, history.capacity));
  }
  return { capacity: history.capacity, series };
}

/**
 * The window `(fromMs, toMs]`, of which nothing after `untilMs` is there yet: ten minutes hold 20 samples, whether or
 * not one falls on an edge.
 */
export function windowOf(history: SampleHistory, metric: string, fromMs: number, toMs: number, untilMs: number): SampleWindow {
  const series = history.series.get(metric) ?? NO_SAMPLES;
  const available = Math.max(0, indexAfter(series, Math.min(toMs, untilMs)) - indexAfter(series, fromMs));
  const possible = Math.floor((toMs - fromMs) / SAMPLE_PERIOD_MS);
  // Multiplied first, a percentage that is a whole number comes out as one: 11 of 20 are 55, not 55.00000000000001.
  const percent = possible === 0 ? 0 : Math.min(100, (100 * available) / possible);
  return { metric, fromMs, toMs, available, possible, percent };
}

/** The samples a window holds, oldest first. */
export function samplesIn(history: SampleHistory, { metric, fromMs, available }: SampleWindow): number[] {
  const series = history.series.get(metric) ?? NO_SAMPLES;
  const first = indexAfter(series, fromMs);
  return series.values.slice(first, first + available);
}

/** The last `count` samples up to and including `untilMs`, oldest first; fewer if there are fewer. */
export function lastSamples(history: SampleHistory, metric: string, count: number, untilMs: number): number[] {
  const series = history.series.get(metric) ?? NO_SAMPLES;
  const end = indexAfter(series, untilMs);
  return series.values.slice(Math.max(series.first, end - count), end);
}

/** How many samples there are up to and including `untilMs`. */
export function countSamples(history: SampleHistory, metric: string, untilMs: number): number {
  const series = history.series.get(metric) ?? NO_SAMPLES;
  return indexAfter(series, untilMs) - series.first;
}

/** The time of the oldest sample not after `untilMs`, or undefined if there is none. */
export function historyBeginMs(history: SampleHistory, metric: string, untilMs: number): number | undefined {
  const series = history.series.get(metric) ?? NO_SAMPLES;
  return indexAfter(series, untilMs) > series.first ? series.atMs[series.first] : undefined;
}

/** The time of the newest sample of any metric, or undefined if there is none. */
export function historyEndMs(history: SampleHistory): number | undefined {
  const last = [...history.series.values()].flatMap((series) => series.atMs[series.end - 1] ?? []);
  return last.length === 0 ? undefined : Math.max(...last);
}

export function serializeHistory(history: SampleHistory): SerializedHistory {
  const metrics = [...history.series].map(([metric, series]) => {
    const kept = { atMs: series.atMs.slice(series.first, series.end), values: series.values.slice(series.first, series.end) };
    return [metric, kept] as const;
  });
  return { capacity: history.capacity, metrics: Object.fromEntries(metrics) };
}

/** Reads what `serializeHistory` gave, from anywhere. @throws RangeError or TypeError naming what is wrong with it. */
export function parseHistory(json: unknown): SampleHistory {
  if (!isRecord(json) || typeof json.capacity !== 'number' || !isRecord(json.metrics)) throw new TypeError('a sample history is {capacity, metrics}');
  let history = emptyHistory(json.capacity);
  for (const [metric, columns] of Object.entries(json.metrics)) {
    if (!isRecord(columns) || !isNumbers(columns.atMs) || !isNumbers(columns.values) || columns.atMs.length !== columns.values.length) {
      throw new TypeError(`samples of ${metric} are {atMs, values}, two lists of numbers of one length`);
    }
    for (const [index, atMs] of columns.atMs.entries()) {
      history = appendSample(history, atMs, { [metric]: columns.values[index] ?? Number.NaN });
    }
  }
  return history;
}

const NO_SAMPLES: Series = { atMs: [], values: [], first: 0, end: 0 };

function appended(metric: string, series: Series, atMs: number, value: number, capacity: number): Series {
  const last = series.end > series.first ? series.atMs[series.end - 1] : undefined;
  if (last !== undefined && atMs <= last) throw new RangeError(`sample of ${metric} at ${timeText(atMs)} is not after the last one at ${timeText(last)}`);
  const first = Math.max(series.first, series.end + 1 - capacity);
  // Only the newest value of a series may grow the shared arrays; half of them being dropped samples is time for a
  // copy.
  const shared = series !== NO_SAMPLES && series.end === series.atMs.length && first <= capacity;
  const atMsList = shared ? series.atMs : series.atMs.slice(first, series.end);
  const values = shared ? series.values : series.values.slice(first, series.end);
  atMsList.push(atMs);
  values.push(value);
  return { atMs: atMsList, values, first: shared ? first : 0, end: atMsList.length };
}

/** The index of the first sample after `ms`: where it is if none is missing since the oldest, else by bisection. */
function indexAfter(series: Series, ms: number): number {
  const { atMs, first, end } = series;
  const expected = first + 1 + Math.floor((ms - (atMs[first] ?? ms)) / SAMPLE_PERIOD_MS);
  if (expected > first && expected < end && (atMs[expected - 1] ?? ms) <= ms && (atMs[expected] ?? ms) > ms) return expected;
  return bisect(series, ms);
}

function bisect(series: Series, ms: number): number {
  let low = series.first;
  let high = series.end;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((series.atMs[middle] ?? Number.POSITIVE_INFINITY) > ms) high = middle;
    else low = middle + 1;
  }
  return low;
}

function timeText(ms: number): string {
  return isWritable(ms) ? printTimestamp(ms) : String(ms);
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function isNumbers(value: unknown): value is readonly number[] {
  return Array.isArray(value) && value.every((element) => typeof element === 'number');
}
