import { ExpressionError } from '../errors.ts';
import { isArray, isObject, type Json, member, typeName } from '../json.ts';
import { TEMPLATE_LIMITS } from '../limits.ts';
import { functionCalled } from './functions/table.ts';
import { readText } from './parse.ts';
import { LATE, type Scope, type Value } from './scope.ts';
import type { Expression } from './syntax.ts';
import { bounded, requireWeight, weigh } from './weight.ts';

/** The value of a text of a template. @throws ExpressionError */
export function evaluateText(text: string, scope: Scope): Value {
  const read = readText(text);
  return typeof read === 'string' ? bounded(read) : evaluate(read, scope);
}

function evaluate(expression: Expression, scope: Scope): Value {
  switch (expression.kind) {
    case 'text':
    case 'number':
      return expression.value;
    case 'call':
      return call(expression, scope);
    case 'member':
      return memberOf(evaluate(expression.of, scope), expression.name);
    case 'index':
      return itemOf(evaluate(expression.of, scope), evaluate(expression.index, scope));
  }
}

function call({ name, args, at }: Expression & { readonly kind: 'call' }, scope: Scope): Value {
  const found = functionCalled(name);
  if (found === undefined) throw new ExpressionError(`The template function '${name}' at position '${at}' is not valid: it is none of those that are evaluated here`);
  if (args.length < found.least || args.length > found.most) throw new ExpressionError(`Unable to evaluate template language function '${name}': function requires ${countOf(found)} argument(s) while ${args.length} were provided`);
  spend(scope, 1);
  if (found.kind === 'lazy') return found.run(args.map((arg) => () => evaluate(arg, scope)), name);
  const values: Json[] = [];
  let isLate = false;
  for (const arg of args) {
    const value = evaluate(arg, scope);
    if (value === LATE) isLate = true;
    else values.push(value);
  }
  if (isLate) return LATE;
  const weight = values.reduce<number>((sum, value) => sum + weigh(value), 0);
  requireWeight(weight);
  spend(scope, weight / WEIGHT_OF_ONE_CALL);
  const result = found.run({ name, args: values, scope });
  return result === LATE ? LATE : bounded(result);
}

/** What takes as long to work on as a call does. */
const WEIGHT_OF_ONE_CALL = 64;

function spend({ budget }: Scope, work: number): void {
  budget.work -= work;
  if (budget.work < 0) throw new ExpressionError('The template takes more work to evaluate than one deployment may');
}

function countOf({ least, most }: { readonly least: number; readonly most: number }): string {
  if (least === most) return `exactly ${least}`;
  return most === Number.POSITIVE_INFINITY ? `at least ${least}` : `${least} to ${most}`;
}

function memberOf(of: Value, name: string): Value {
  if (of === LATE) return LATE;
  if (!isObject(of)) throw new ExpressionError(`The language expression property '${name}' can't be evaluated, because it is asked of a value of type '${typeName(of)}'`);
  const found = member(of, name);
  if (found === undefined) throw new ExpressionError(`The language expression property '${name}' doesn't exist, available properties are '${Object.keys(of).join(', ').slice(0, TEMPLATE_LIMITS.toldCharacters)}'.`);
  return found;
}

function itemOf(of: Value, index: Value): Value {
  if (of === LATE || index === LATE) return LATE;
  if (typeof index === 'string') return memberOf(of, index);
  if (!isArray(of) || typeof index !== 'number') throw new ExpressionError(`The language expression property '${String(index)}' can't be evaluated, because it is asked of a value of type '${typeName(of)}'`);
  const found = of[index];
  if (found === undefined) throw new ExpressionError(`The language expression property array index '${index}' is out of bounds`);
  return found;
}
