import { parseTime } from './calendar.ts';
import { Failure, quote, type Span } from './problems.ts';
import { STOP, type Run } from './run.ts';
import type { Type } from './types.ts';
import { asDouble, asVector, isVector, NO_VALUE, timestamp, type DoubleVec, type Value } from './values.ts';
import { avg, max, min, norm, percentile, range, round, std, sum } from './vectors.ts';

/** The functions. One row a function: name, parameters, result, meaning, source. */
interface FunctionFacts {
  readonly name: string;
  readonly meaning: string;
  readonly source: string;
}

export type FunctionRow =
  /** Any list of doubles and vectors, flattened left to right, to one double; undefined is "no value". */
  | (FunctionFacts & { readonly shape: 'list'; readonly reduce: (list: DoubleVec) => number | undefined })
  /** One double to a double; any other list to a vector, element by element. */
  | (FunctionFacts & { readonly shape: 'each'; readonly each: (value: number) => number })
  /** Parameters of given types, the last ones optional. */
  | (FunctionFacts & {
      readonly shape: 'fixed';
      readonly parameters: readonly Type[];
      readonly optional: number;
      readonly result: Type;
      readonly call: (args: readonly Value[], run: Run, span: Span) => Value;
    });

const ARTICLE = 'autoscale article, "Functions"';
const LATER = 'newer article, through published formulas and linters';

export const FUNCTIONS: readonly FunctionRow[] = [
  { name: 'avg', shape: 'list', reduce: avg, meaning: 'mean', source: ARTICLE },
  { name: 'len', shape: 'list', reduce: (list) => list.length, meaning: 'number of elements', source: ARTICLE },
  { name: 'max', shape: 'list', reduce: max, meaning: 'largest element', source: ARTICLE },
  { name: 'min', shape: 'list', reduce: min, meaning: 'smallest element', source: ARTICLE },
  { name: 'norm', shape: 'list', reduce: norm, meaning: 'Euclidean norm', source: ARTICLE },
  { name: 'range', shape: 'list', reduce: range, meaning: 'largest minus smallest element', source: ARTICLE },
  { name: 'std', shape: 'list', reduce: std, meaning: 'sample standard deviation', source: ARTICLE },
  { name: 'sum', shape: 'list', reduce: sum, meaning: 'sum', source: ARTICLE },

  { name: 'lg', shape: 'each', each: Math.log2, meaning: 'logarithm to base 2', source: ARTICLE },
  { name: 'ln', shape: 'each', each: Math.log, meaning: 'natural logarithm', source: ARTICLE },
  { name: 'log', shape: 'each', each: Math.log10, meaning: 'logarithm to base 10', source: ARTICLE },
  { name: 'ceil', shape: 'each', each: Math.ceil, meaning: 'smallest integer not below', source: LATER },
  { name: 'floor', shape: 'each', each: Math.floor, meaning: 'largest integer not above', source: LATER },
  { name: 'round', shape: 'each', each: round, meaning: 'nearest integer, halves away from zero', source: LATER },
  { name: 'abs', shape: 'each', each: Math.abs, meaning: 'absolute value', source: 'no document; taken in because it can mean only one thing' },

  { name: 'percentile', shape: 'fixed', parameters: ['doubleVec', 'double'], optional: 0, result: 'double', call: percentileOf, meaning: 'the element at that percentage of the sorted vector (nearest rank)', source: ARTICLE },
  { name: 'val', shape: 'fixed', parameters: ['doubleVec', 'double'], optional: 0, result: 'double', call: elementOf, meaning: 'the element at that index, from 0', source: ARTICLE },
  { name: 'rand', shape: 'fixed', parameters: [], optional: 0, result: 'double', call: (_args, run) => run.random(), meaning: 'a random number in 0..1', source: ARTICLE },
  { name: 'time', shape: 'fixed', parameters: ['string'], optional: 1, result: 'timestamp', call: timeOf, meaning: 'now, or the time in the string, UTC', source: ARTICLE },
  { name: 'stop', shape: 'fixed', parameters: [], optional: 0, result: 'nothing', call: stopRun, meaning: 'ends the evaluation; what is assigned stands', source: ARTICLE },
];

const BY_NAME = new Map(FUNCTIONS.map((row) => [row.name, row]));

export function functionNamed(name: string): FunctionRow | undefined {
  return BY_NAME.get(name);
}

/** The parameter list for people: `avg(list)`, `percentile(doubleVec, double)`, `time([string])`. */
export function signatureOf(row: FunctionRow): string {
  switch (row.shape) {
    case 'list':
      return `${row.name}(list)`;
    case 'each':
      return `${row.name}(double or list)`;
    case 'fixed': {
      const required = row.parameters.length - row.optional;
      return `${row.name}(${row.parameters.map((type, index) => (index < required ? type : `[${type}]`)).join(', ')})`;
    }
  }
}

/**
 * The result type for arguments of these types. The vector form of an `each` function needs a vector or several
 * numbers.
 */
export function functionResult(row: FunctionRow, args: readonly Type[]): Type {
  switch (row.shape) {
    case 'list':
      return 'double';
    case 'each':
      return args.length === 1 && args[0] === 'double' ? 'double' : 'doubleVec';
    case 'fixed':
      return row.result;
  }
}

/** @throws Failure NoValue, OutOfRange, InvalidTime, WrongType, VectorTooLong */
export function callFunction(row: FunctionRow, args: readonly Value[], run: Run, span: Span): Value {
  switch (row.shape) {
    case 'list':
      return row.reduce(flatten(args, run, span)) ?? NO_VALUE;
    case 'each': {
      const only = args[0];
      if (args.length === 1 && typeof only === 'number') return row.each(only);
      return flatten(args, run, span).map((element) => row.each(element));
    }
    case 'fixed':
      return row.call(args, run, span);
  }
}

/** An argument list as one vector, left to right. */
function flatten(args: readonly Value[], run: Run, span: Span): DoubleVec {
  const only = args[0];
  if (args.length === 1 && only !== undefined && isVector(only)) return only;
  if (args.length <= run.limits.vectorLength && areNumbers(args)) return args;
  const list: number[] = [];
  for (const arg of args) {
    if (typeof arg === 'number') list.push(arg);
    else for (const element of asVector(arg, span)) list.push(element);
    if (list.length > run.limits.vectorLength) throw tooLong(run, span);
  }
  return list;
}

function areNumbers(values: readonly Value[]): values is DoubleVec {
  for (const value of values) if (typeof value !== 'number') return false;
  return true;
}

export function tooLong(run: Run, span: Span): Failure {
  return new Failure('VectorTooLong', span, `at most ${run.limits.vectorLength} elements`, 'more');
}

function percentileOf(args: readonly Value[], run: Run, span: Span): Value {
  const percent = asDouble(args[1] ?? NO_VALUE, span);
  if (!(percent >= 0 && percent <= 100)) throw new Failure('OutOfRange', span, 'a percentage from 0 to 100', String(percent));
  return percentile(flatten(args.slice(0, 1), run, span), percent) ?? NO_VALUE;
}

/**
 * An element of an empty vector is "no value": Batch Shipyard's formulas read `val(GetSample(1), 0)` on new pools and
 * go on.
 */
function elementOf(args: readonly Value[], run: Run, span: Span): Value {
  const vector = flatten(args.slice(0, 1), run, span);
  const index = Math.trunc(asDouble(args[1] ?? NO_VALUE, span));
  if (vector.length === 0) return NO_VALUE;
  const element = vector[index];
  if (element === undefined) throw new Failure('OutOfRange', span, `an index from 0 to ${vector.length - 1}`, String(index));
  return element;
}

function timeOf(args: readonly Value[], run: Run, span: Span): Value {
  const text = args[0];
  if (text === undefined || text === '') return timestamp(run.nowMs, span);
  const ms = typeof text === 'string' ? parseTime(text) : undefined;
  if (ms === undefined) throw notATime(String(text), span);
  return timestamp(ms, span);
}

export function notATime(text: string, span: Span): Failure {
  return new Failure('InvalidTime', span, 'a time such as "2024-10-30T08:00:00Z" or "Wed, 30 Oct 2024 08:00:00 GMT"', quote(text));
}

function stopRun(): never {
  throw STOP;
}
