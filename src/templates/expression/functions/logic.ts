import { equal, type Json } from '../../json.ts';
import { LATE, type Value } from '../scope.ts';
import { ANY_NUMBER, argument, type Functions, strict, truth } from './call.ts';

/** What decides (Azure documentation, "Logical functions", "Comparison functions"). */
export const LOGIC_FUNCTIONS: Functions = {
  and: { kind: 'lazy', least: 2, most: ANY_NUMBER, run: (args, name) => untilOne(args, name, false) },
  coalesce: { kind: 'lazy', least: 1, most: ANY_NUMBER, run: coalesce },
  equals: strict(2, 2, (call) => equal(argument(call, 0), argument(call, 1))),
  false: strict(0, 0, () => false),
  if: { kind: 'lazy', least: 3, most: 3, run: choose },
  not: strict(1, 1, (call) => !truth(call.name, 0, argument(call, 0))),
  null: strict(0, 0, () => null),
  or: { kind: 'lazy', least: 2, most: ANY_NUMBER, run: (args, name) => untilOne(args, name, true) },
  true: strict(0, 0, () => true),
};

/**
 * Evaluates the branch that is chosen alone. Where that is not known yet, both are looked at, so that what they ask of
 * resources is waited for; what is wrong with the one that will not be chosen does not matter.
 */
function choose([test, yes, no]: readonly (() => Value)[], name: string): Value {
  if (test === undefined || yes === undefined || no === undefined) throw new Error('if has three arguments');
  const chosen = test();
  if (chosen !== LATE) return truth(name, 0, chosen) ? yes() : no();
  const results = [attempt(yes), attempt(no)];
  if (results.every((result) => result instanceof Error)) throw results[0];
  return LATE;
}

function attempt(branch: () => Value): Value | Error {
  try {
    return branch();
  } catch (error) {
    if (error instanceof Error) return error;
    throw error;
  }
}

/** Evaluates up to the first that decides. */
function untilOne(args: readonly (() => Value)[], name: string, decides: boolean): Value {
  let isLate = false;
  for (const [index, arg] of args.entries()) {
    const value = isLate ? attempt(arg) : arg();
    if (value === LATE || value instanceof Error) isLate = true;
    else if (truth(name, index, value) === decides && !isLate) return decides;
  }
  return isLate ? LATE : !decides;
}

function coalesce(args: readonly (() => Value)[]): Value {
  let found: Json = null;
  for (const arg of args) {
    const value = arg();
    if (value === LATE) return LATE;
    found = value;
    if (found !== null) break;
  }
  return found;
}
