import { isWritable, parseTime, printTimestamp } from './calendar.ts';
import { appendSample, emptyHistory, parseHistory, serializeHistory, type SampleHistory } from './history.ts';
import { isSampled, SERVICE_VARIABLES, serviceVariable } from './variables.ts';

/**
 * Sample histories as people keep them. CSV: a header `time,$ActiveTasks,...` and one line a moment, an empty cell
 * where there was no sample, quotes around what holds a comma. JSON: what `serializeHistory` writes, or a list of `{
 * "time": ..., "$ActiveTasks": ... }`. Times are ISO 8601, RFC 1123 or milliseconds since 1970, in order. The `$` of a
 * metric may be left out. Where `$PendingTasks` is missing it is the sum of `$ActiveTasks` and `$RunningTasks`, which
 * is its definition.
 *
 * @throws TypeError or RangeError that names the row and what is wrong with it
 */
export function readSampleFile(text: string): SampleHistory {
  const trimmed = text.replace(/^\uFEFF/, '').trim();
  if (!trimmed.startsWith('{') && !trimmed.startsWith('[')) return historyOf(rowsOfCsv(trimmed));
  const json: unknown = JSON.parse(trimmed);
  if (Array.isArray(json)) return historyOf(json.map(rowOfJson));
  const history = parseHistory(json);
  for (const metric of history.series.keys()) {
    const name = metricName(metric, 'metrics');
    if (name !== metric) throw new TypeError(`metrics: expected ${name}, found ${metric}`);
  }
  return history;
}

/**
 * A history as CSV that `readSampleFile` reads: a line a moment, metrics by name. Those without samples are left out,
 * unless none has any.
 */
export function writeSampleFile(history: SampleHistory): string {
  const columns = Object.entries(serializeHistory(history).metrics).toSorted(([one], [other]) => (one < other ? -1 : 1));
  const withSamples = columns.filter(([, { atMs }]) => atMs.length > 0);
  const shown = withSamples.length === 0 ? columns : withSamples;
  const values = shown.map(([, { atMs, values: column }]) => new Map(atMs.map((at, index) => [at, column[index]])));
  const moments = [...new Set(shown.flatMap(([, { atMs }]) => atMs))].toSorted((one, other) => one - other);
  const lines = moments.map((at) => [printTimestamp(at), ...values.map((column) => column.get(at) ?? '')].join(','));
  return `${[['time', ...shown.map(([metric]) => metric)].join(','), ...lines].join('\n')}\n`;
}

interface Row {
  readonly name: string;
  readonly atMs: number;
  readonly sample: Readonly<Record<string, number>>;
}

function historyOf(rows: readonly Row[]): SampleHistory {
  let history = emptyHistory(Math.max(rows.length, 1));
  for (const { name, atMs, sample } of rows) {
    try {
      history = appendSample(history, atMs, withPendingTasks(sample));
    } catch (error) {
      throw error instanceof RangeError ? new RangeError(`${name}: ${error.message}`) : error;
    }
  }
  return history;
}

function withPendingTasks(sample: Readonly<Record<string, number>>): Readonly<Record<string, number>> {
  const { $ActiveTasks: active, $RunningTasks: running, $PendingTasks: pending } = sample;
  return active !== undefined && running !== undefined && pending === undefined ? { ...sample, $PendingTasks: active + running } : sample;
}

function rowsOfCsv(text: string): Row[] {
  const [header = [], ...rest] = text.split(/\r\n|\n|\r/).map(cellsOf);
  if (header[0]?.toLowerCase() !== 'time' || header.length < 2) throw new TypeError('line 1: expected a header such as time,$ActiveTasks,$RunningTasks');
  const metrics = header.slice(1).map((cell) => metricName(cell, 'line 1'));
  refuseTwice(metrics, 'line 1');
  return rest.flatMap((cells, index) => {
    const name = `line ${index + 2}`;
    if (cells.length === 1 && cells[0] === '') return [];
    if (cells.length !== header.length) throw new TypeError(`${name}: expected ${header.length} cells, found ${cells.length}`);
    const values = metrics.map((metric, column) => [metric, cells[column + 1] ?? ''] as const).filter(([, cell]) => cell !== '');
    return [{ name, atMs: momentOf(cells[0] ?? '', name), sample: Object.fromEntries(values.map(([metric, cell]) => [metric, numberOf(cell, metric, name)])) }];
  });
}

/** The cells of a line; each begins behind a comma, the first one behind one put there for it. */
function cellsOf(line: string): string[] {
  return [...`,${line}`.matchAll(/,\s*(?:"((?:[^"]|"")*)"\s*(?=,|$)|([^,]*))/g)].map(([, quoted, plain]) => quoted?.replaceAll('""', '"') ?? plain?.trim() ?? '');
}

function rowOfJson(row: unknown, index: number): Row {
  const name = `sample ${index + 1}`;
  if (typeof row !== 'object' || row === null || !('time' in row)) throw new TypeError(`${name}: expected an object with a time`);
  const { time, ...metrics } = row;
  const values = Object.entries(metrics).filter(([, value]) => value !== null);
  const sample = values.map(([key, value]) => [metricName(key, name), numberOf(value, key, name)] as const);
  refuseTwice(sample.map(([metric]) => metric), name);
  return { name, atMs: momentOf(time, name), sample: Object.fromEntries(sample) };
}

/** A metric may be named with its `$`, without it, and by an older name: three columns, one metric. */
function refuseTwice(metrics: readonly string[], where: string): void {
  const twice = metrics.find((metric, index) => metrics.indexOf(metric) !== index);
  if (twice !== undefined) throw new TypeError(`${where}: ${twice} is there twice`);
}

function metricName(text: string, where: string): string {
  const name = text.startsWith('$') ? text : `$${text}`;
  const variable = serviceVariable(name);
  if (variable !== undefined && isSampled(variable)) return variable.name;
  const known = SERVICE_VARIABLES.filter((candidate) => isSampled(candidate)).map((candidate) => candidate.name);
  throw new TypeError(`${where}: ${text} is no metric; expected one of ${known.join(', ')}`);
}

function momentOf(value: unknown, where: string): number {
  const text = String(value);
  const ms = /^\d{5,}(?:\.\d+)?$/.test(text) ? Number(text) : parseTime(text);
  if (ms === undefined || !isWritable(ms)) throw new TypeError(`${where}: ${text} is not a time`);
  return ms;
}

function numberOf(value: unknown, metric: string, where: string): number {
  const number = typeof value === 'string' && value !== '' ? Number(value) : value;
  if (typeof number !== 'number' || !Number.isFinite(number)) throw new TypeError(`${where}: ${String(value)} is not a number (${metric})`);
  return number;
}
