import { ExpressionError } from '../../errors.ts';
import { equal, isArray, isObject, type Json, type JsonObject, member, objectOf } from '../../json.ts';
import { TEMPLATE_LIMITS } from '../../limits.ts';
import { ANY_NUMBER, argument, type Call, expected, type Functions, list, object, strict, text, whole } from './call.ts';
import { shown } from './strings.ts';

/** Functions on what has members (Azure documentation, "Array functions", "Object functions"). */
export const COLLECTION_FUNCTIONS: Functions = {
  array: strict(1, 1, (call) => (isArray(argument(call, 0)) ? argument(call, 0) : [argument(call, 0)])),
  concat: strict(1, ANY_NUMBER, concat),
  contains: strict(2, 2, contains),
  createArray: strict(0, ANY_NUMBER, ({ args }) => args),
  createObject: strict(0, ANY_NUMBER, createObject),
  empty: strict(1, 1, (call) => argument(call, 0) === null || lengthOf(call) === 0),
  first: strict(1, 1, (call) => ofEnd(call, 0)),
  flatten: strict(1, 1, (call) => list(call, 0).flatMap((item) => (isArray(item) ? item : [item]))),
  intersection: strict(2, ANY_NUMBER, intersection),
  items: strict(1, 1, (call) => Object.entries(object(call, 0)).toSorted(([a], [b]) => (a < b ? -1 : 1)).map(([key, value]) => ({ key, value }))),
  last: strict(1, 1, (call) => ofEnd(call, -1)),
  length: strict(1, 1, lengthOf),
  objectKeys: strict(1, 1, (call) => Object.keys(object(call, 0))),
  range: strict(2, 2, range),
  shallowMerge: strict(1, 1, (call) => list(call, 0).reduce<JsonObject>((merged, item, index) => merge(merged, asObject(call, item, index), (_, value) => value), {})),
  skip: strict(2, 2, (call) => part(call, Math.max(0, whole(call, 1)), undefined)),
  take: strict(2, 2, (call) => part(call, 0, Math.max(0, whole(call, 1)))),
  tryGet: strict(2, ANY_NUMBER, tryGet),
  union: strict(2, ANY_NUMBER, union),
};

function concat(call: Call): Json {
  if (isArray(argument(call, 0))) return call.args.flatMap((_, index) => list(call, index));
  return call.args.map((value, index) => {
    if (typeof value === 'object' && value !== null) throw expected(call.name, index, 'a string, an integer or a boolean', value);
    return shown(value);
  }).join('');
}

function contains(call: Call): boolean {
  const container = argument(call, 0);
  const wanted = argument(call, 1);
  if (isArray(container)) return container.some((item) => equal(item, wanted));
  if (isObject(container)) return member(container, text(call, 1)) !== undefined;
  return text(call, 0).includes(shown(wanted));
}

function createObject(call: Call): Json {
  if (call.args.length % 2 === 1) throw new ExpressionError(`Unable to evaluate template language function '${call.name}': it needs a value for each name`);
  return objectOf(Array.from({ length: call.args.length / 2 }, (_, pair) => [text(call, 2 * pair), argument(call, 2 * pair + 1)] as const));
}

function lengthOf(call: Call): number {
  const of = argument(call, 0);
  if (isObject(of)) return Object.keys(of).length;
  return rowOf(call, of).length;
}

/** The first or last letter or member; of nothing, an empty text or null. */
function ofEnd(call: Call, at: 0 | -1): Json {
  const row = rowOf(call, argument(call, 0));
  return row.at(at) ?? (typeof row === 'string' ? '' : null);
}

function part(call: Call, start: number, end: number | undefined): Json {
  return rowOf(call, argument(call, 0)).slice(start, end);
}

function rowOf(call: Call, of: Json): string | readonly Json[] {
  if (typeof of === 'string' || isArray(of)) return of;
  throw expected(call.name, 0, 'an object, an array, or a string', of);
}

function intersection(call: Call): Json {
  const first = argument(call, 0);
  if (isArray(first)) {
    const others = call.args.slice(1).map((_, index) => new Set(list(call, index + 1).map(keyOf)));
    return distinct(first.filter((item) => others.every((other) => other.has(keyOf(item)))));
  }
  const others = call.args.slice(1).map((_, index) => object(call, index + 1));
  return objectOf(Object.entries(object(call, 0)).filter(([name, value]) => others.every((other) => name in other && equal(other[name] ?? null, value))));
}

function union(call: Call): Json {
  if (isArray(argument(call, 0))) return distinct(call.args.flatMap((_, index) => list(call, index)));
  return call.args.map((_, index) => object(call, index)).reduce((merged, next) => deepMerge(merged, next));
}

/** Objects within objects are merged, arrays replaced (Azure documentation, `union`). */
function deepMerge(a: JsonObject, b: JsonObject): JsonObject {
  return merge(a, b, (left, right) => (isObject(left) && isObject(right) ? deepMerge(left, right) : right));
}

function merge(a: JsonObject, b: JsonObject, both: (left: Json, right: Json) => Json): JsonObject {
  const merged = new Map(Object.entries(a).map(([name, left]) => [name.toLowerCase(), [name, left] as const]));
  for (const [name, right] of Object.entries(b)) {
    const known = merged.get(name.toLowerCase());
    merged.set(name.toLowerCase(), known === undefined ? [name, right] : [known[0], both(known[1], right)]);
  }
  return objectOf(merged.values());
}

function asObject(call: Call, value: Json, index: number): JsonObject {
  if (!isObject(value)) throw expected(call.name, index, 'an array of objects', value);
  return value;
}

function distinct(items: readonly Json[]): readonly Json[] {
  const seen = new Set<string>();
  return items.filter((item) => {
    const key = keyOf(item);
    if (seen.has(key)) return false;
    seen.add(key);
    return true;
  });
}

/** The same for values that are equal, and for no others. */
function keyOf(value: Json): string {
  return JSON.stringify(sorted(value));
}

function sorted(value: Json): Json {
  if (isArray(value)) return value.map(sorted);
  if (!isObject(value)) return value;
  return objectOf(Object.entries(value).toSorted(([a], [b]) => (a < b ? -1 : 1)).map(([name, item]) => [name, sorted(item)] as const));
}

function range(call: Call): readonly number[] {
  const start = whole(call, 0);
  const count = whole(call, 1);
  if (count < 0 || count > TEMPLATE_LIMITS.rangeNumbers) throw new ExpressionError(`Unable to evaluate template language function '${call.name}': the count '${count}' must be from 0 to ${TEMPLATE_LIMITS.rangeNumbers}`);
  return Array.from({ length: count }, (_, index) => start + index);
}

/** Null where one of the steps leads nowhere. */
function tryGet(call: Call): Json {
  let at: Json | undefined = argument(call, 0);
  for (const step of call.args.slice(1)) {
    if (isObject(at) && typeof step === 'string') at = member(at, step);
    else if (isArray(at) && typeof step === 'number') at = at[step];
    else return null;
    if (at === undefined) return null;
  }
  return at;
}
