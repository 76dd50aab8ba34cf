import { countSamples, historyBeginMs, lastSamples, SAMPLE_PERIOD_MS, samplesIn, windowOf, type SampleWindow } from './history.ts';
import { tooLong } from './functions.ts';
import { Failure, type Span } from './problems.ts';
import { spend, type Run } from './run.ts';
import { fits, type Type } from './types.ts';
import { asDouble, isVector, NO_VALUE, printDouble, timeInterval, timestamp, typeOf, type Value } from './values.ts';

/** The methods of metrics. One row a method: name, parameter lists it takes, result, meaning, source. */
export interface MethodRow {
  readonly name: string;
  readonly overloads: readonly (readonly Parameter[])[];
  readonly result: Type;
  readonly meaning: string;
  readonly source: string;
  readonly call: (metric: string, args: readonly Value[], run: Run, span: Span) => Value;
}

/** `when` is a timestamp, or a timeinterval that says how long ago. */
type Parameter = 'double' | 'when';

const ARTICLE = 'autoscale article, "Obtain sample data"';

export const METHODS: readonly MethodRow[] = [
  {
    name: 'GetSample',
    overloads: [['double'], ['when'], ['when', 'double'], ['when', 'when'], ['when', 'when', 'double']],
    result: 'doubleVec',
    meaning: 'the last n samples; or those of a window, failing if less than the given percentage of them is there',
    source: ARTICLE,
    call: getSample,
  },
  {
    name: 'GetSamplePercent',
    overloads: [['when'], ['when', 'when']],
    result: 'double',
    meaning: 'how many percent of the samples of a window are there',
    source: ARTICLE,
    call: (metric, args, run, span) => readWindow('GetSamplePercent', metric, args, run, span).percent,
  },
  {
    name: 'GetSamplePeriod',
    overloads: [[]],
    result: 'timeinterval',
    meaning: 'time between two samples',
    source: ARTICLE,
    call: () => timeInterval(SAMPLE_PERIOD_MS),
  },
  {
    name: 'Count',
    overloads: [[]],
    result: 'double',
    meaning: 'number of samples in the history',
    source: ARTICLE,
    call: (metric, _args, run) => countSamples(run.samples, metric, run.nowMs),
  },
  {
    name: 'HistoryBeginTime',
    overloads: [[]],
    result: 'timestamp',
    meaning: 'time of the oldest sample; now, if there is none',
    source: ARTICLE,
    call: (metric, _args, run, span) => timestamp(historyBeginMs(run.samples, metric, run.nowMs) ?? run.nowMs, span),
  },
];

const BY_NAME = new Map(METHODS.map((row) => [row.name, row]));

export function methodNamed(name: string): MethodRow | undefined {
  return BY_NAME.get(name);
}

/**
 * Whether one of the parameter lists takes these arguments: types when a formula is checked, values at each call, so by
 * loops, which allocate nothing.
 */
export function takes<Argument>(row: MethodRow, args: readonly Argument[], typeOfArgument: (arg: Argument) => Type): boolean {
  for (const parameters of row.overloads) if (fitAll(parameters, args, typeOfArgument)) return true;
  return false;
}

function fitAll<Argument>(parameters: readonly Parameter[], args: readonly Argument[], typeOfArgument: (arg: Argument) => Type): boolean {
  if (parameters.length !== args.length) return false;
  let index = 0;
  for (const arg of args) if (!fitsParameter(parameters[index++], typeOfArgument(arg))) return false;
  return true;
}

/** `GetSample(double)`, `GetSample(when, [when], [double])` and so on, all forms of it. */
export function signaturesOf(row: MethodRow): string {
  return row.overloads.map((parameters) => `${row.name}(${parameters.map((name) => PARAMETER_WORDS[name]).join(', ')})`).join(' or ');
}

/** @throws Failure WrongArguments, InsufficientSampleData, NoValue, VectorTooLong, TooManySteps */
export function callMethod(row: MethodRow, metric: string, args: readonly Value[], run: Run, span: Span): Value {
  if (!takes(row, args, typeOf)) throw new Failure('WrongArguments', span, signaturesOf(row), `${row.name}(${args.map(typeOf).join(', ')})`);
  return row.call(metric, args, run, span);
}

/** A metric where a number is needed: its latest sample, or "no value" before the first. */
export function latestSample(metric: string, run: Run): Value {
  return lastSamples(run.samples, metric, 1, run.nowMs)[0] ?? NO_VALUE;
}

const PARAMETER_WORDS: Readonly<Record<Parameter, string>> = { double: 'double', when: 'timestamp or timeinterval' };

function fitsParameter(parameter: Parameter | undefined, actual: Type): boolean {
  if (parameter === undefined) return false;
  return parameter === 'double' ? fits('double', actual) : fits('timestamp', actual) || fits('timeinterval', actual);
}

function getSample(metric: string, args: readonly Value[], run: Run, span: Span): Value {
  const first = args[0];
  if (first === undefined || typeof first === 'number' || isVector(first)) return lastOnes(metric, first ?? 0, run, span);
  const read = readWindow('GetSample', metric, args, run, span);
  const last = args.at(-1);
  const isPercent = last !== undefined && (typeof last === 'number' || isVector(last));
  const wanted = isPercent ? asDouble(last, span) : run.samplePercentWhenOmitted;
  if (!(read.percent >= wanted)) {
    const [asked, given] = [printDouble(wanted), printDouble(read.percent)];
    const inServiceWords = `Insufficient data from data set: ${metric} wanted ${asked}%, received ${given}%`;
    throw new Failure('InsufficientSampleData', span, `${asked}% of the samples of ${metric}`, `${given}% (${read.available} of ${read.possible})`, inServiceWords);
  }
  if (read.available > run.limits.vectorLength) throw tooLong(run, span);
  spend(run, read.available, span);
  return samplesIn(run.samples, read);
}

function lastOnes(metric: string, wanted: Value, run: Run, span: Span): Value {
  const count = Math.trunc(asDouble(wanted, span));
  if (!(count >= 0)) throw new Failure('OutOfRange', span, 'a number of samples, 0 or more', printDouble(count));
  const samples = lastSamples(run.samples, metric, count, run.nowMs);
  if (samples.length > run.limits.vectorLength) throw tooLong(run, span);
  spend(run, samples.length, span);
  return samples;
}

/** The two ends may come in either order: the article itself writes `(1 min, 6 min)` as well as `(0, 10 min)`. */
function readWindow(method: string, metric: string, args: readonly Value[], run: Run, span: Span): SampleWindow {
  const start = momentOf(args[0], run, span) ?? run.nowMs;
  const end = momentOf(args[1], run, span) ?? run.nowMs;
  const window = windowOf(run.samples, metric, Math.min(start, end), Math.max(start, end), run.nowMs);
  run.windows.push({ method, span, window });
  return window;
}

function momentOf(value: Value | undefined, run: Run, span: Span): number | undefined {
  if (typeof value !== 'object' || isVector(value)) return undefined;
  switch (value.type) {
    case 'timestamp':
      return value.ms;
    case 'timeinterval':
      return timestamp(run.nowMs - value.ms, span).ms;
    case 'option':
      return undefined;
  }
}
