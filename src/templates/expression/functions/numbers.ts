import { ExpressionError } from '../../errors.ts';
import { type Json, isArray } from '../../json.ts';
import { ANY_NUMBER, argument, type Call, expected, type Functions, strict, text, whole } from './call.ts';

/** Functions on numbers, and comparisons (Azure documentation, "Numeric functions", "Comparison functions"). */
export const NUMBER_FUNCTIONS: Functions = {
  add: strict(2, 2, (call) => safe(call, whole(call, 0) + whole(call, 1))),
  bool: strict(1, 1, toBoolean),
  div: strict(2, 2, (call) => Math.trunc(whole(call, 0) / divisor(call))),
  greater: strict(2, 2, (call) => compared(call) > 0),
  greaterOrEquals: strict(2, 2, (call) => compared(call) >= 0),
  int: strict(1, 1, toWhole),
  less: strict(2, 2, (call) => compared(call) < 0),
  lessOrEquals: strict(2, 2, (call) => compared(call) <= 0),
  max: strict(1, ANY_NUMBER, (call) => extreme(call, Math.max)),
  min: strict(1, ANY_NUMBER, (call) => extreme(call, Math.min)),
  mod: strict(2, 2, (call) => whole(call, 0) % divisor(call)),
  mul: strict(2, 2, (call) => safe(call, whole(call, 0) * whole(call, 1))),
  sub: strict(2, 2, (call) => safe(call, whole(call, 0) - whole(call, 1))),
};

/** The real service counts in 64 bits; numbers here are exact up to 53. */
function safe(call: Call, result: number): number {
  if (!Number.isSafeInteger(result)) throw new ExpressionError(`Unable to evaluate template language function '${call.name}': the result is too large`);
  return result;
}

function divisor(call: Call): number {
  const by = whole(call, 1);
  if (by === 0) throw new ExpressionError(`Unable to evaluate template language function '${call.name}': attempted to divide by zero`);
  return by;
}

function compared(call: Call): number {
  if (typeof argument(call, 0) === 'number') return whole(call, 0) - whole(call, 1);
  const [a, b] = [text(call, 0), text(call, 1)];
  return a === b ? 0 : a < b ? -1 : 1;
}

function extreme(call: Call, of: (...values: number[]) => number): number {
  const first = argument(call, 0);
  const numbers = { ...call, args: isArray(first) && call.args.length === 1 ? first : call.args };
  if (numbers.args.length === 0) throw expected(call.name, 0, 'integers', first);
  return numbers.args.map((_, index) => whole(numbers, index)).reduce((a, b) => of(a, b));
}

function toWhole(call: Call): number {
  const value = argument(call, 0);
  const number = typeof value === 'string' && /^\s*[+-]?\d+\s*$/.test(value) ? Number(value) : value;
  if (typeof number !== 'number' || !Number.isFinite(number)) throw unfit(call, value, 'an integer');
  return safe(call, Math.trunc(number));
}

function toBoolean(call: Call): boolean {
  const value = argument(call, 0);
  if (typeof value === 'boolean') return value;
  if (typeof value === 'number') return value !== 0;
  if (typeof value === 'string' && /^\s*(?:true|1)\s*$/i.test(value)) return true;
  if (typeof value === 'string' && /^\s*(?:false|0)\s*$/i.test(value)) return false;
  throw unfit(call, value, 'a boolean');
}

function unfit(call: Call, value: Json, what: string): ExpressionError {
  return new ExpressionError(`The template language function '${call.name}' parameter is not valid. The provided value '${String(value)}' cannot be converted to ${what}`);
}
