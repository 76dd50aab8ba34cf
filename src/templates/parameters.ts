import { atPlace, ExpressionError, HELP, invalid, within } from './errors.ts';
import { isArray, isObject, type Json, type JsonObject, typeName, equal, member } from './json.ts';
import { TEMPLATE_LIMITS } from './limits.ts';
import type { Place } from './places.ts';
import { resolve } from './resolve.ts';
import type { Scope } from './expression/scope.ts';
import { type Located, requireDepth, type Template } from './template.ts';

/** A parameter with its value. */
export interface Parameter {
  /** As answers spell it: `SecureString`. */
  readonly type: string;
  readonly value: Json;
  readonly isSecure: boolean;
}

interface TypeRow {
  readonly shown: string;
  readonly secure: boolean;
  /** The names of the type in Resource Manager's messages, and those of the values that fit it. */
  readonly expected: string;
  readonly fits: readonly ReturnType<typeof typeName>[];
}

const TYPES: Readonly<Record<string, TypeRow>> = {
  string: { shown: 'String', secure: false, expected: 'String, Uri', fits: ['String'] },
  securestring: { shown: 'SecureString', secure: true, expected: 'String, Uri', fits: ['String'] },
  int: { shown: 'Int', secure: false, expected: 'Integer', fits: ['Integer'] },
  bool: { shown: 'Bool', secure: false, expected: 'Boolean', fits: ['Boolean'] },
  object: { shown: 'Object', secure: false, expected: 'Object', fits: ['Object'] },
  secureobject: { shown: 'SecureObject', secure: true, expected: 'Object', fits: ['Object'] },
  array: { shown: 'Array', secure: false, expected: 'Array', fits: ['Array'] },
};

/** What a type may say of its values. Others (`discriminator`, `prefixItems`) would change which fit: refused. */
const DEFINITION_MEMBERS = new Set(['type', 'defaultValue', 'allowedValues', 'minValue', 'maxValue', 'minLength', 'maxLength', 'metadata', 'nullable', '$ref', 'items', 'properties', 'additionalProperties']);

/**
 * The values of a template's parameters: those given (`{ "name": { "value": … } }`), else the defaults.
 *
 * @throws TemplateError
 */
export function parameterValues(template: Template, given: Json | undefined, scope: Scope): ReadonlyMap<string, Parameter> {
  const values = givenValues(template, given);
  const known = new Map<string, Parameter>();
  const inDefaults: Scope = { ...scope, isDefault: true, parameter: (name) => parameterNamed(known, name).value };
  for (const [name, declared] of template.parameters) {
    const definition = definitionOf(template, declared, `parameter '${name}'`);
    const type = typeRow(definition, name, declared.place);
    const value = valueOf(name, definition, declared.place, values.get(name), inDefaults);
    if (value !== null || definition['nullable'] !== true) requireFit(template, definition, value, name, declared.place);
    known.set(name, { type: type.shown, value, isSecure: type.secure });
  }
  return known;
}

/** As a deployment answers them: without the values of secure ones. */
export function shownParameters(parameters: ReadonlyMap<string, Parameter>): JsonObject {
  return Object.fromEntries([...parameters].map(([name, { type, value, isSecure }]) => [name, isSecure ? { type } : { type, value }]));
}

/** All texts in the values of secure ones, the longest first: one may be a part of another. */
export function secretsOf(parameters: ReadonlyMap<string, Parameter>): readonly string[] {
  return [...parameters.values()].flatMap(({ value, isSecure }) => (isSecure ? textsIn(value) : [])).filter((text) => text !== '').toSorted((a, b) => b.length - a.length);
}

function textsIn(value: Json): readonly string[] {
  if (typeof value === 'string') return [value];
  return isArray(value) ? value.flatMap(textsIn) : isObject(value) ? Object.values(value).flatMap(textsIn) : [];
}

/** @throws ExpressionError */
export function parameterNamed(parameters: ReadonlyMap<string, Parameter>, name: string): Parameter {
  const found = parameters.get(name) ?? [...parameters].find(([known]) => known.toLowerCase() === name.toLowerCase())?.[1];
  if (found === undefined) throw new ExpressionError(`The template parameter '${name}' is not found`);
  return found;
}

/** The type in an output has the same names. @throws TemplateError */
export function outputType(template: Template, declared: Located, name: string): TypeRow {
  return typeRow(definitionOf(template, declared, `output '${name}'`, OUTPUT_MEMBERS), name, declared.place);
}

const OUTPUT_MEMBERS = new Set([...DEFINITION_MEMBERS, 'value', 'condition', 'copy']);

function givenValues(template: Template, given: Json | undefined): ReadonlyMap<string, Json> {
  if (given === undefined || given === null) return new Map();
  const place = { line: 0, column: 0, path: 'properties.parameters' };
  if (!isObject(given)) throw invalid(`The template parameters in the parameters file are not an object. ${HELP.parameters}`, place);
  requireDepth(given, place);
  const names = [...template.parameters.keys()];
  const spelled = (name: string): string | undefined => names.find((known) => known.toLowerCase() === name.toLowerCase());
  const unknown = Object.keys(given).filter((name) => spelled(name) === undefined);
  if (unknown.length > 0)
    throw invalid(`The template parameters '${unknown.join(', ')}' in the parameters file are not valid; they are not present in the original template and can therefore not be provided at deployment time. The only supported parameters for this template are '${names.join(', ')}'. ${HELP.parameters}`, place);
  return new Map(Object.entries(given).map(([name, entry]) => {
    const value = isObject(entry) ? member(entry, 'value') : undefined;
    if (isObject(entry) && member(entry, 'reference') !== undefined) throw invalid(`The value of the template parameter '${name}' is a reference to a key vault, which is not served. ${HELP.parameters}`, place);
    if (value === undefined) throw invalid(`The value for the template parameter '${name}' in the parameters file is not provided. ${HELP.parameters}`, place);
    return [spelled(name) ?? name, value];
  }));
}

function valueOf(name: string, definition: JsonObject, place: Place, given: Json | undefined, scope: Scope): Json {
  if (given !== undefined && (given !== null || definition['nullable'] === true)) return given;
  const standard = definition['defaultValue'];
  if (standard !== undefined) return within(`The template parameter '${name}'`, place, () => resolve(standard, scope).value);
  if (definition['nullable'] === true) return null;
  throw invalid(`The value for the template parameter '${name}' ${atPlace(place)} is not provided. ${HELP.parameters}`, place);
}

/** With what a `$ref` of it means. */
function definitionOf(template: Template, { value, place }: Located, what: string, members = DEFINITION_MEMBERS): JsonObject {
  if (!isObject(value)) throw invalid(`The template ${what} ${atPlace(place)} is not an object. ${HELP.template}`, place);
  const unknown = Object.keys(value).find((name) => !members.has(name));
  if (unknown !== undefined) throw invalid(`The template ${what} ${atPlace(place)} has the property '${unknown}', which is not served. ${HELP.template}`, place);
  return dereferenced(template, value, what, place);
}

function dereferenced(template: Template, definition: JsonObject, what: string, place: Place): JsonObject {
  let found = definition;
  for (let steps = 0; typeof found['$ref'] === 'string'; steps++) {
    const name = /^#\/definitions\/(.+)$/.exec(found['$ref'])?.[1];
    const referred = name === undefined ? undefined : template.definitions[name];
    if (!isObject(referred) || steps > Object.keys(template.definitions).length) throw invalid(`The template ${what} ${atPlace(place)} refers to '${found['$ref']}', which is not defined. ${HELP.template}`, place);
    const { $ref: _, ...own } = found;
    found = { ...referred, ...own };
  }
  return found;
}

function typeRow({ type }: JsonObject, name: string, place: Place): TypeRow {
  const row = typeof type === 'string' ? TYPES[type.toLowerCase()] : undefined;
  if (row === undefined) throw invalid(`The type ${JSON.stringify(type ?? null)} of '${name}' ${atPlace(place)} is not valid. The types are '${Object.values(TYPES).map(({ shown }) => shown).join(', ')}'. ${HELP.template}`, place);
  return row;
}

/** Checks a value against its type, and what it holds against those of its parts. */
function requireFit(template: Template, definition: JsonObject, value: Json, name: string, place: Place): void {
  const { fits, expected } = typeRow(definition, name, place);
  if (!fits.includes(typeName(value)))
    throw invalid(`Template parameter JToken type is not valid. Expected '${expected}'. Actual '${typeName(value)}'. The parameter is '${name}' ${atPlace(place)}. ${HELP.parameters}`, place);
  requireBounds(definition, value, name, place);
  const part = (of: Json | undefined, item: Json, step: string): void => {
    if (!isObject(of)) return;
    const known = definitionOf(template, { value: of, place }, `parameter '${name}${step}'`);
    if (known['type'] !== undefined && (item !== null || known['nullable'] !== true)) requireFit(template, known, item, `${name}${step}`, place);
  };
  if (isArray(value)) value.forEach((item, index) => part(definition['items'], item, `[${index}]`));
  if (isObject(value)) requireMembers(definition, value, name, place, part);
}

function requireMembers(definition: JsonObject, value: JsonObject, name: string, place: Place, part: (of: Json | undefined, item: Json, step: string) => void): void {
  const properties = isObject(definition['properties']) ? definition['properties'] : {};
  for (const [key, of] of Object.entries(properties)) {
    const item = value[key];
    if (item !== undefined) part(of, item, `.${key}`);
    else if (!isObject(of) || of['nullable'] !== true) throw unfit(definition, name, value, place, `It has no member '${key}'.`);
  }
  for (const [key, item] of Object.entries(value)) {
    if (key in properties) continue;
    if (definition['additionalProperties'] === false) throw unfit(definition, name, value, place, `The member '${key}' is not expected.`);
    part(definition['additionalProperties'], item, `.${key}`);
  }
}

function requireBounds(definition: JsonObject, value: Json, name: string, place: Place): void {
  const allowed = definition['allowedValues'];
  if (isArray(allowed) && !isAllowed(allowed, value)) throw unfit(definition, name, value, place, `The parameter value is not part of the allowed value(s): '${allowed.map((item) => (typeof item === 'string' ? item : JSON.stringify(item))).join(',')}'.`);
  const length = typeof value === 'string' || isArray(value) ? value.length : undefined;
  for (const [bound, sign, measured, what] of [
    ['minValue', 1, value, 'The parameter value'],
    ['maxValue', -1, value, 'The parameter value'],
    ['minLength', 1, length, 'Length of the value'],
    ['maxLength', -1, length, 'Length of the value'],
  ] as const) {
    const limit = definition[bound];
    if (typeof limit !== 'number' || typeof measured !== 'number' || (measured - limit) * sign >= 0) continue;
    throw unfit(definition, name, value, place, `${what} should be ${sign === 1 ? 'greater' : 'less'} than or equal to '${limit}'.`);
  }
}

/** Of an array each member may have to be among them (`allowedValues` of an array parameter names what it may hold). */
function isAllowed(allowed: readonly Json[], value: Json): boolean {
  const isIn = (item: Json): boolean => allowed.some((one) => equal(one, item) || (typeof one === 'string' && typeof item === 'string' && one.toLowerCase() === item.toLowerCase()));
  return isIn(value) || (isArray(value) && value.every(isIn));
}

/** A secret is never told, nor what is long. */
function unfit({ type }: JsonObject, name: string, value: Json, place: Place, why: string): Error {
  const isTold = (typeof value === 'string' || typeof value === 'number') && !/^secure/i.test(String(type));
  const shown = isTold ? ` '${String(value).slice(0, TEMPLATE_LIMITS.toldCharacters)}'` : '';
  return invalid(`The provided value${shown} for the template parameter '${name}' ${atPlace(place)} is not valid. ${why} ${HELP.parameters}`, place);
}
