import { Failure, type Span } from './problems.ts';
import type { BinaryOperator, UnaryOperator } from './syntax.ts';
import { describeType, type Type } from './types.ts';
import { asDouble, isVector, timeInterval, timestamp, typeOf, type DoubleVec, type TimeInterval, type Timestamp, type Value } from './values.ts';

/**
 * Which operators exist for which operand types, and what they do. `&&`, `||` and `?:` are lazy and live in
 * closures.ts.
 */
interface OperatorRow {
  readonly operator: BinaryOperator;
  readonly left: Type;
  readonly right: Type;
  readonly result: Type;
  readonly apply: (left: never, right: never, span: Span) => Value;
}

type Arithmetic = (a: number, b: number) => number;
type Compare = (order: number) => boolean;

// Source of all rows: autoscale article, "Operations", except where a comment says otherwise (docs/autoscale.md,
// decisions).
export const BINARY_OPERATORS: readonly OperatorRow[] = [
  ...arithmetic('+', (a, b) => a + b),
  ...arithmetic('-', (a, b) => a - b),
  ...arithmetic('*', (a, b) => a * b),
  ...arithmetic('/', (a, b) => a / b),
  row('*', 'double', 'timeinterval', 'timeinterval', (factor: number, interval: TimeInterval) => timeInterval(factor * interval.ms)),
  row('*', 'timeinterval', 'double', 'timeinterval', (interval: TimeInterval, factor: number) => timeInterval(interval.ms * factor)),
  row('/', 'timeinterval', 'double', 'timeinterval', (interval: TimeInterval, divisor: number) => timeInterval(interval.ms / divisor)),
  row('+', 'timeinterval', 'timeinterval', 'timeinterval', (a: TimeInterval, b: TimeInterval) => timeInterval(a.ms + b.ms)),
  row('-', 'timeinterval', 'timeinterval', 'timeinterval', (a: TimeInterval, b: TimeInterval) => timeInterval(a.ms - b.ms)),
  row('+', 'timeinterval', 'timestamp', 'timestamp', (interval: TimeInterval, time: Timestamp, span) => timestamp(time.ms + interval.ms, span)),
  row('+', 'timestamp', 'timeinterval', 'timestamp', (time: Timestamp, interval: TimeInterval, span) => timestamp(time.ms + interval.ms, span)),
  // Not in the article's table; it can mean only one thing.
  row('-', 'timestamp', 'timeinterval', 'timestamp', (time: Timestamp, interval: TimeInterval, span) => timestamp(time.ms - interval.ms, span)),
  row('-', 'timestamp', 'timestamp', 'timeinterval', (a: Timestamp, b: Timestamp) => timeInterval(a.ms - b.ms)),
  ...comparison('<', (order) => order < 0),
  ...comparison('<=', (order) => order <= 0),
  ...comparison('==', (order) => order === 0),
  ...comparison('>=', (order) => order >= 0),
  ...comparison('>', (order) => order > 0),
  ...comparison('!=', (order) => order !== 0),
  row('&&', 'double', 'double', 'double', (a: number, b: number) => Number(a !== 0 && b !== 0)),
  row('||', 'double', 'double', 'double', (a: number, b: number) => Number(a !== 0 || b !== 0)),
];

/**
 * `-` and `!`: operand type to result type. Element-wise `-` on a vector is not in the article; `0 - v` would do the
 * same.
 */
export const UNARY_OPERATORS: Readonly<Record<UnaryOperator, Readonly<Partial<Record<Type, Type>>>>> = {
  '-': { double: 'double', doubleVec: 'doubleVec', timeinterval: 'timeinterval' },
  '!': { double: 'double' },
};

const ROWS = new Map(BINARY_OPERATORS.map((entry) => [keyOf(entry.operator, entry.left, entry.right), entry]));

/**
 * The result type of `left operator right`, or undefined if there is no such operator. Numbers stand in for each other.
 */
export function binaryResult(operator: BinaryOperator, left: Type, right: Type): Type | undefined {
  if (left === 'nothing' || right === 'nothing') return undefined;
  if (left === 'unknown' || right === 'unknown') return 'unknown';
  return findRow(operator, left, right)?.result;
}

export function unaryResult(operator: UnaryOperator, operand: Type): Type | undefined {
  if (operand === 'unknown') return 'unknown';
  return UNARY_OPERATORS[operator][operand] ?? (operand === 'doubleVec' ? UNARY_OPERATORS[operator].double : undefined);
}

/** @throws Failure WrongType, LengthMismatch, NoValue, OutOfRange */
export function applyBinary(operator: BinaryOperator, left: Value, right: Value, span: Span): Value {
  const entry = findRow(operator, typeOf(left), typeOf(right));
  if (entry === undefined) throw noOperator(operator, typeOf(left), typeOf(right), span);
  return call(entry, scalarIf(entry.left, left, span), scalarIf(entry.right, right, span), span);
}

/** @throws Failure WrongType, NoValue */
export function applyUnary(operator: UnaryOperator, operand: Value, span: Span): Value {
  if (operator === '!') return Number(asDouble(operand, span) === 0);
  if (typeof operand === 'number') return -operand;
  if (isVector(operand)) return operand.map((element) => -element);
  if (typeof operand === 'object' && operand.type === 'timeinterval') return timeInterval(-operand.ms);
  throw new Failure('WrongType', span, "a double or timeinterval after '-'", describeType(typeOf(operand)));
}

/** Expected are the rows that take one of the two sides as it stands; all rows, if none does. */
export function noOperator(operator: BinaryOperator, left: Type, right: Type, span: Span): Failure {
  const rows = BINARY_OPERATORS.filter((entry) => entry.operator === operator);
  const near = rows.filter((entry) => entry.left === left || entry.right === right);
  const pairs = (near.length > 0 ? near : rows).map((entry) => `${entry.left} ${operator} ${entry.right}`);
  return new Failure('WrongType', span, pairs.join(' or '), `${left} ${operator} ${right}`);
}

function findRow(operator: BinaryOperator, left: Type, right: Type): OperatorRow | undefined {
  const exact = ROWS.get(keyOf(operator, left, right));
  if (exact !== undefined) return exact;
  return ROWS.get(keyOf(operator, scalarType(left), scalarType(right)));
}

function call(entry: OperatorRow, left: Value, right: Value, span: Span): Value {
  // The row was found by the types of these very values.
  const apply = entry.apply as (left: Value, right: Value, span: Span) => Value;
  return apply(left, right, span);
}

function scalarIf(wanted: Type, value: Value, span: Span): Value {
  return wanted === 'double' ? asDouble(value, span) : value;
}

function scalarType(type: Type): Type {
  return type === 'doubleVec' ? 'double' : type;
}

function keyOf(operator: BinaryOperator, left: Type, right: Type): string {
  return `${left} ${operator} ${right}`;
}

function row<L extends Value, R extends Value>(
  operator: BinaryOperator,
  left: Type,
  right: Type,
  result: Type,
  apply: (left: L, right: R, span: Span) => Value,
): OperatorRow {
  return { operator, left, right, result, apply };
}

function arithmetic(operator: BinaryOperator, apply: Arithmetic): OperatorRow[] {
  return [
    row(operator, 'double', 'double', 'double', apply),
    row(operator, 'doubleVec', 'double', 'doubleVec', (vector: DoubleVec, b: number) => vector.map((a) => apply(a, b))),
    // Not in the article's table, which has the vector on the left only.
    row(operator, 'double', 'doubleVec', 'doubleVec', (a: number, vector: DoubleVec) => vector.map((b) => apply(a, b))),
    row(operator, 'doubleVec', 'doubleVec', 'doubleVec', (left: DoubleVec, right: DoubleVec, span) => elementwise(left, right, apply, span)),
  ];
}

/** A vector of length 1 counts as a number; other lengths must agree. */
function elementwise(left: DoubleVec, right: DoubleVec, apply: Arithmetic, span: Span): DoubleVec {
  const [onlyLeft, onlyRight] = [left[0], right[0]];
  if (right.length === 1 && onlyRight !== undefined) return left.map((a) => apply(a, onlyRight));
  if (left.length === 1 && onlyLeft !== undefined) return right.map((b) => apply(onlyLeft, b));
  if (left.length !== right.length) throw new Failure('LengthMismatch', span, 'vectors of one length', `lengths ${left.length} and ${right.length}`);
  return left.map((a, index) => apply(a, right[index] ?? Number.NaN));
}

function comparison(operator: BinaryOperator, holds: Compare): OperatorRow[] {
  return [
    row(operator, 'double', 'double', 'double', (a: number, b: number) => Number(holds(order(a, b)))),
    row(operator, 'string', 'string', 'double', (a: string, b: string) => Number(holds(a < b ? -1 : a > b ? 1 : 0))),
    row(operator, 'timestamp', 'timestamp', 'double', (a: Timestamp, b: Timestamp) => Number(holds(order(a.ms, b.ms)))),
    row(operator, 'timeinterval', 'timeinterval', 'double', (a: TimeInterval, b: TimeInterval) => Number(holds(order(a.ms, b.ms)))),
  ];
}

/** NaN for NaN: then every comparison but `!=` is false, as in IEEE 754. */
function order(a: number, b: number): number {
  return a < b ? -1 : a > b ? 1 : a === b ? 0 : Number.NaN;
}
