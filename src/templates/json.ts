/** What a template and the values in it are made of. Numbers are whole, but for what `json()` and bodies bring. */
export type Json = null | boolean | number | string | readonly Json[] | JsonObject;
export interface JsonObject {
  readonly [name: string]: Json;
}

export function isObject(value: Json | undefined): value is JsonObject {
  return typeof value === 'object' && value !== null && !isArray(value);
}

/** `Array.isArray` for arrays that nobody may change. */
export function isArray(value: Json | undefined): value is readonly Json[] {
  return Array.isArray(value);
}

/** The name that Resource Manager gives a value's type in its messages. */
export function typeName(value: Json): 'Null' | 'Boolean' | 'Integer' | 'Float' | 'String' | 'Array' | 'Object' {
  if (value === null) return 'Null';
  if (isArray(value)) return 'Array';
  switch (typeof value) {
    case 'boolean':
      return 'Boolean';
    case 'number':
      return Number.isInteger(value) ? 'Integer' : 'Float';
    case 'string':
      return 'String';
    default:
      return 'Object';
  }
}

/** A member by name; names are compared without their case, as Resource Manager does. Undefined: there is none. */
export function member(object: JsonObject, name: string): Json | undefined {
  if (Object.hasOwn(object, name)) return object[name];
  const key = Object.keys(object).find((key) => sameText(key, name));
  return key === undefined ? undefined : object[key];
}

/** Compares without case. */
export function sameText(a: string, b: string): boolean {
  return a.length === b.length && a.toLowerCase() === b.toLowerCase();
}

/** Objects are equal whatever the order of their members. */
export function equal(a: Json, b: Json): boolean {
  if (a === b) return true;
  if (isArray(a)) return isArray(b) && a.length === b.length && a.every((item, index) => equal(item, b[index] ?? null));
  if (!isObject(a) || !isObject(b)) return false;
  const names = Object.keys(a);
  return names.length === Object.keys(b).length && names.every((name) => Object.hasOwn(b, name) && equal(a[name] ?? null, b[name] ?? null));
}

/** An object of these members; one called `__proto__` is a member like any other. */
export function objectOf(members: Iterable<readonly [string, Json]>): JsonObject {
  return Object.fromEntries(members);
}
