import { ExpressionError } from '../../errors.ts';
import { isArray, isObject, type Json, type JsonObject, typeName } from '../../json.ts';
import type { Scope, Value } from '../scope.ts';

/** A call with the values of its arguments. */
export interface Call {
  /** As the expression spells it. */
  readonly name: string;
  readonly args: readonly Json[];
  readonly scope: Scope;
}

interface Arity {
  readonly least: number;
  readonly most: number;
}

/** A function of templates. A `lazy` one evaluates what it needs alone. */
export type TemplateFunction =
  | (Arity & { readonly kind: 'strict'; readonly run: (call: Call) => Value })
  | (Arity & { readonly kind: 'lazy'; readonly run: (args: readonly (() => Value)[], name: string) => Value });

export type Functions = Readonly<Record<string, TemplateFunction>>;

/** Arguments from `least` to `most`, without which any number may follow. */
export function strict(least: number, most: number, run: (call: Call) => Value): TemplateFunction {
  return { kind: 'strict', least, most, run };
}

export const ANY_NUMBER = Number.POSITIVE_INFINITY;

export function argument({ args, name }: Call, index: number): Json {
  const value = args[index];
  if (value === undefined) throw new Error(`the call of ${name} has no argument ${index}`);
  return value;
}

export function text(call: Call, index: number): string {
  const value = argument(call, index);
  if (typeof value !== 'string') throw expected(call.name, index, 'a string', value);
  return value;
}

export function optionalText(call: Call, index: number): string | undefined {
  return index < call.args.length ? text(call, index) : undefined;
}

export function whole(call: Call, index: number): number {
  const value = argument(call, index);
  if (typeof value !== 'number' || !Number.isSafeInteger(value)) throw expected(call.name, index, 'an integer', value);
  return value;
}

export function truth(name: string, index: number, value: Json): boolean {
  if (typeof value !== 'boolean') throw expected(name, index, 'a boolean', value);
  return value;
}

export function list(call: Call, index: number): readonly Json[] {
  const value = argument(call, index);
  if (!isArray(value)) throw expected(call.name, index, 'an array', value);
  return value;
}

export function object(call: Call, index: number): JsonObject {
  const value = argument(call, index);
  if (!isObject(value)) throw expected(call.name, index, 'an object', value);
  return value;
}

export function texts(call: Call): readonly string[] {
  return call.args.map((_, index) => text(call, index));
}

export function expected(name: string, index: number, what: string, actual: Json): ExpressionError {
  return new ExpressionError(`The template function '${name}' expects its parameter at position '${index + 1}' to be ${what}. The provided value is of type '${typeName(actual)}'`);
}
