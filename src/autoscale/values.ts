import { isWritable } from './calendar.ts';
import { Failure, type Span } from './problems.ts';
import { describeType, type Type } from './types.ts';

/**
 * The values a formula computes with. Doubles, vectors and strings are plain JavaScript ones, so that arithmetic is
 * quick.
 */
export type Value = number | DoubleVec | string | Timestamp | TimeInterval | OptionValue;

/** Empty means "no value": `avg`, `min`, `max` of no samples. Lists skip it; a number must not be it. */
export type DoubleVec = readonly number[];

/**
 * Milliseconds since 1970-01-01T00:00:00Z, with fraction. At today's dates a double resolves about 0.25 microseconds.
 */
export interface Timestamp {
  readonly type: 'timestamp';
  readonly ms: number;
}

/** Milliseconds, with fraction, of either sign. */
export interface TimeInterval {
  readonly type: 'timeinterval';
  readonly ms: number;
}

/** What happens to running tasks on nodes that go: values of `nodeDeallocationOption` (API 2025-06-01 and before). */
export const DEALLOCATION_OPTIONS = ['requeue', 'terminate', 'taskcompletion', 'retaineddata'] as const;
export type DeallocationOption = (typeof DEALLOCATION_OPTIONS)[number];

export interface OptionValue {
  readonly type: 'option';
  readonly option: DeallocationOption;
}

export const NO_VALUE: DoubleVec = [];

/** @throws Failure OutOfRange for a time outside of the years that can be written, NaN included. */
export function timestamp(ms: number, span: Span): Timestamp {
  if (!isWritable(ms)) throw new Failure('OutOfRange', span, 'a time in the years 1 to 9999', 'a time outside of them');
  return { type: 'timestamp', ms };
}

export function timeInterval(ms: number): TimeInterval {
  return { type: 'timeinterval', ms };
}
export function optionValue(option: DeallocationOption): OptionValue {
  return { type: 'option', option };
}

export function isDeallocationOption(word: string): word is DeallocationOption {
  return DEALLOCATION_OPTIONS.some((option) => option === word);
}

export function isVector(value: Value): value is DoubleVec {
  return Array.isArray(value);
}

export function typeOf(value: Value): Exclude<Type, 'nothing' | 'unknown'> {
  if (typeof value === 'number') return 'double';
  if (typeof value === 'string') return 'string';
  return isVector(value) ? 'doubleVec' : value.type;
}

/**
 * The value as one number. A vector of length 1 is its element. @throws Failure NoValue for an empty vector, WrongType
 * else.
 */
export function asDouble(value: Value, span: Span): number {
  if (typeof value === 'number') return value;
  if (isVector(value)) {
    const first = value[0];
    if (first !== undefined && value.length === 1) return first;
    if (first === undefined) throw new Failure('NoValue', span, 'a number', 'an empty doubleVec (no samples)');
    throw new Failure('WrongType', span, 'a double', `a doubleVec of ${value.length} elements`);
  }
  throw new Failure('WrongType', span, 'a double', describeType(typeOf(value)));
}

/** The value as a vector; a number is a vector of one. @throws Failure WrongType */
export function asVector(value: Value, span: Span): DoubleVec {
  if (typeof value === 'number') return [value];
  if (isVector(value)) return value;
  throw new Failure('WrongType', span, 'a double or doubleVec', describeType(typeOf(value)));
}

/**
 * A number as the service prints it: six significant digits as C's `%g` (a recorded run prints 29/30 * 100 as
 * `96.6667`).
 */
export function printDouble(value: number): string {
  if (Number.isInteger(value) && Math.abs(value) < 10 ** SIGNIFICANT_DIGITS) return String(value === 0 ? 0 : value);
  if (!Number.isFinite(value)) return Number.isNaN(value) ? 'nan' : value > 0 ? 'inf' : '-inf';
  const rounded = value.toPrecision(SIGNIFICANT_DIGITS);
  if (isWrittenPlainly(Number(rounded))) return withoutZeros(rounded);
  const [digits = '', exponentText = '0'] = value.toExponential(SIGNIFICANT_DIGITS - 1).split('e');
  const exponent = Number(exponentText);
  const sign = exponent < 0 ? '-' : '+';
  return `${withoutZeros(digits)}e${sign}${String(Math.abs(exponent)).padStart(2, '0')}`;
}

/** Whether `%g` needs no exponent. */
function isWrittenPlainly(value: number): boolean {
  const size = Math.abs(value);
  return size >= 1e-4 && size < 10 ** SIGNIFICANT_DIGITS;
}

const SIGNIFICANT_DIGITS = 6;

function withoutZeros(digits: string): string {
  if (!digits.includes('.')) return digits;
  let end = digits.length;
  while (digits[end - 1] === '0') end--;
  if (digits[end - 1] === '.') end--;
  return digits.slice(0, end);
}
