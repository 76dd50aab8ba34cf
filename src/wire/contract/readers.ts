import { formatDuration, parseDuration } from '../durations.ts';
import { BatchError, invalidProperty } from '../errors.ts';
import { lowerAscii } from '../letters.ts';
import { LIMITS } from '../limits.ts';
import type { PropertyRow, ScalarType } from '../shapes/definition.ts';
import { formatTimestamp, parseTimestamp } from '../timestamps.ts';

/** Turns one JSON value into its canonical form or throws; `name` is the property it was found under. */
export type Reader = (value: unknown, name: string) => unknown;

/** Any case in, the service's case out. */
export function enumReader(values: readonly string[]): Reader {
  const byLowerCase = new Map(values.map((value) => [lowerAscii(value), value]));
  return (value, name) => {
    if (typeof value !== 'string') throw wrongType(name, 'a string');
    const known = byLowerCase.get(lowerAscii(value));
    if (known === undefined) throw invalidProperty(name, value, `The value must be one of: ${values.join(', ')}.`);
    return known;
  };
}

/** Reads what is neither a shape nor an enum, within the bounds of its row. */
export function scalarReader(type: ScalarType, row: PropertyRow): Reader {
  switch (type) {
    case 'string':
      return stringReader(row);
    case 'boolean':
      return (value, name) => (typeof value === 'boolean' ? value : fail(wrongType(name, 'true or false')));
    case 'int32':
      return numberReader(row, (value) => Number.isInteger(value) && value >= -2_147_483_648 && value <= 2_147_483_647, 'a 32-bit integer');
    case 'double':
      return numberReader(row, Number.isFinite, 'a number');
    case 'int64':
      return (value, name) => (/^-?\d{1,19}$/.test(String(value)) ? String(value) : fail(wrongType(name, 'a 64-bit integer')));
    case 'timestamp':
      return timestampReader;
    case 'duration':
      return durationReader(row);
    case 'map':
      return mapReader(row);
  }
}

function stringReader(row: PropertyRow): Reader {
  const { minLength = 0, maxLength = LIMITS.textCharacters, rule, code, secret } = row;
  const quoted = (value: string): string => (secret === true ? '' : value);
  const check = rule === undefined ? undefined : textRules[rule];
  return (value, name) => {
    if (typeof value !== 'string') throw wrongType(name, 'a string');
    if (value.length < minLength) throw invalidProperty(name, '', 'The value must not be empty.', code);
    if (value.length > maxLength) throw invalidProperty(name, quoted(value), `The value must not be longer than ${maxLength} characters.`, code);
    if (!isStorable(value)) throw invalidProperty(name, quoted(value), UNSTORABLE);
    return check === undefined ? value : check(value, name);
  };
}

/**
 * Whether a text can be kept: it has no NUL, which PostgreSQL takes in no text, and no half of a surrogate pair, which
 * UTF-8 cannot say.
 */
export function isStorable(text: string): boolean {
  return !text.includes('\0') && !HALF_PAIR.test(text);
}

const HALF_PAIR = /\p{Surrogate}/u;
const UNSTORABLE = 'The value must not hold NUL or half a surrogate pair.';

/** No documented map is deeper than a few levels. */
const MAP_DEPTH = 32;

/** An object of the client's own keys, kept as it is; with the rule `texts` its values are strings. */
function mapReader({ rule, secret }: PropertyRow): Reader {
  const check = (value: unknown, name: string, depth: number): void => {
    if (depth > MAP_DEPTH) throw invalidProperty(name, '', `The value must not be deeper than ${MAP_DEPTH} levels.`);
    if (typeof value === 'string' && !isStorable(value)) throw invalidProperty(name, secret === true ? '' : value, UNSTORABLE);
    if (typeof value !== 'object' || value === null) return;
    for (const [key, item] of Object.entries(value)) {
      if (!isStorable(key)) throw invalidProperty(name, secret === true ? '' : key, UNSTORABLE);
      check(item, name, depth + 1);
    }
  };
  return (value, name) => {
    const map = objectOf(value, name);
    if (rule === 'texts' && Object.values(map).some((item) => typeof item !== 'string')) throw wrongType(name, 'an object whose values are strings');
    check(map, name, 1);
    return map;
  };
}

const ID_FORM = /^[A-Za-z0-9_-]{1,64}$/;

const textRules: Readonly<Record<string, (value: string, name: string) => string>> = {
  id: (value, name) =>
    ID_FORM.test(value) ? value : fail(invalidProperty(name, value, 'An id has 1 to 64 letters, digits, hyphens and underscores.')),
  environmentName: (value, name) =>
    value.includes('=') ? fail(invalidProperty(name, value, "The name of an environment variable must not hold '='.")) : value,
  lowerCase: (value) => lowerAscii(value),
  fileMode: (value, name) => (/^(0o?)?[0-7]{3,4}$/.test(value) ? value : fail(invalidProperty(name, value, 'A file mode is written in octal, such as 0770.'))),
};

function numberReader(row: PropertyRow, fits: (value: number) => boolean, what: string): Reader {
  const minimum = typeof row.minimum === 'number' ? row.minimum : -Infinity;
  const maximum = typeof row.maximum === 'number' ? row.maximum : Infinity;
  return (value, name) => {
    if (typeof value !== 'number' || !fits(value)) throw wrongType(name, what);
    if (value < minimum || value > maximum) throw invalidProperty(name, value, bounds(minimum, maximum), row.code);
    if (row.rule === 'nonZero' && value === 0) throw invalidProperty(name, value, 'The value must be -1 or greater than 0.', row.code);
    return value;
  };
}

function timestampReader(value: unknown, name: string): string {
  const epochMs = typeof value === 'string' ? parseTimestamp(value) : undefined;
  if (epochMs === undefined) throw wrongType(name, 'an ISO 8601 date and time');
  return formatTimestamp(epochMs);
}

function durationReader(row: PropertyRow): Reader {
  const minimum = parseDuration(String(row.minimum)) ?? 0;
  const maximum = parseDuration(String(row.maximum)) ?? Infinity;
  return (value, name) => {
    const ms = typeof value === 'string' ? parseDuration(value) : undefined;
    if (ms === undefined) throw wrongType(name, 'an ISO 8601 duration');
    if (ms < minimum || ms > maximum) throw invalidProperty(name, value, bounds(row.minimum ?? 'PT0S', row.maximum ?? Infinity), row.code);
    return formatDuration(ms);
  };
}

function bounds(minimum: number | string, maximum: number | string): string {
  if (maximum === Infinity) return `The value must not be less than ${minimum}.`;
  return `The value must be from ${minimum} to ${maximum}.`;
}

export function objectOf(value: unknown, name: string): Readonly<Record<string, unknown>> {
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as Readonly<Record<string, unknown>>;
  throw wrongType(name, 'an object');
}

/** @throws BatchError of the row's code for a list with too few or too many items. */
export function checkItems(name: string, value: readonly unknown[], row: PropertyRow): void {
  const { minItems = 0, maxItems = Infinity } = row;
  if (value.length >= minItems && value.length <= maxItems) return;
  throw invalidProperty(name, String(value.length), `The number of items must be from ${minItems} to ${maxItems}.`, row.code);
}

/** OData annotations (`odata.metadata`, `x@odata.type`) are not properties. */
export function isAnnotation(key: string): boolean {
  return key.startsWith('odata.') || key.includes('@odata.');
}

/**
 * A value of the wrong JSON type or spelling: the service refuses it while it parses (recorded: InvalidRequestBody).
 */
export function wrongType(name: string, what: string): BatchError {
  return new BatchError('InvalidRequestBody', [
    { key: 'PropertyName', value: name },
    { key: 'Reason', value: `The value of '${name}' must be ${what}.` },
  ]);
}

function fail(error: BatchError): never {
  throw error;
}
