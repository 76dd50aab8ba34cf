import { ExpressionError } from '../../errors.ts';
import { isArray, isObject, type Json } from '../../json.ts';
import { guid, uniqueString } from '../../names.ts';
import { TEMPLATE_LIMITS } from '../../limits.ts';
import { requireLength } from '../weight.ts';
import { ANY_NUMBER, argument, type Call, expected, type Functions, list, strict, text, texts, whole } from './call.ts';

/** Functions on texts (Azure documentation, "String functions for ARM templates"). */
export const STRING_FUNCTIONS: Functions = {
  base64: strict(1, 1, (call) => toBase64(text(call, 0))),
  base64ToJson: strict(1, 1, (call) => parsed(call, fromBase64(call))),
  base64ToString: strict(1, 1, fromBase64),
  endsWith: strict(2, 2, (call) => text(call, 0).toLowerCase().endsWith(text(call, 1).toLowerCase())),
  format: strict(1, ANY_NUMBER, format),
  guid: strict(1, ANY_NUMBER, (call) => guid(texts(call))),
  indexOf: strict(2, 2, (call) => placeOf(call, 'indexOf')),
  join: strict(2, 2, join),
  json: strict(1, 1, (call) => parsed(call, text(call, 0))),
  lastIndexOf: strict(2, 2, (call) => placeOf(call, 'lastIndexOf')),
  padLeft: strict(2, 3, padLeft),
  replace: strict(3, 3, replace),
  split: strict(2, 2, split),
  startsWith: strict(2, 2, (call) => text(call, 0).toLowerCase().startsWith(text(call, 1).toLowerCase())),
  string: strict(1, 1, (call) => shown(argument(call, 0))),
  substring: strict(2, 3, substring),
  toLower: strict(1, 1, (call) => text(call, 0).toLowerCase()),
  toUpper: strict(1, 1, (call) => text(call, 0).toUpperCase()),
  trim: strict(1, 1, (call) => text(call, 0).trim()),
  uniqueString: strict(1, ANY_NUMBER, (call) => uniqueString(texts(call))),
  uriComponent: strict(1, 1, (call) => encodeURIComponent(text(call, 0))),
  uriComponentToString: strict(1, 1, (call) => decoded(text(call, 0))),
};

/** A value as `string()` and `concat()` write it: `True`, and JSON for what holds others. */
export function shown(value: Json): string {
  if (typeof value === 'string') return value;
  if (typeof value === 'boolean') return value ? 'True' : 'False';
  if (value === null) return '';
  return isArray(value) || isObject(value) ? JSON.stringify(value) : String(value);
}

const HOLE = /\{\{|\}\}|\{(\d+)(?:,(-?\d+))?(?::([^{}]*))?\}/g;

/** Holes as .NET has them: `{0}`, `{1,5}`, and of numbers `{0:D3}` and `{0:X}`. */
function format(call: Call): string {
  let length = 0;
  return text(call, 0).replaceAll(HOLE, (hole, index: string | undefined, width: string | undefined, form: string | undefined) => {
    if (index === undefined) return hole.charAt(0);
    const value = call.args[Number(index) + 1];
    if (value === undefined) throw new ExpressionError(`Unable to evaluate template language function '${call.name}': '${hole}' is beyond the last of its arguments`);
    const written = form === undefined || form === '' ? shown(value) : numberIn(form, value, hole);
    length += Math.max(written.length, Math.abs(Number(width ?? 0)));
    requireLength(length);
    if (width === undefined) return written;
    return width.startsWith('-') ? written.padEnd(-Number(width)) : written.padStart(Number(width));
  });
}

function numberIn(form: string, value: Json, hole: string): string {
  const [, letter, digits = '0'] = /^([DdXx])(\d{0,2})$/.exec(form) ?? [];
  if (typeof value !== 'number' || !Number.isInteger(value) || letter === undefined)
    throw new ExpressionError(`Unable to evaluate template language function 'format': the form of '${hole}' is not served for a value of this type (D and X of integers are)`);
  const written = letter.toUpperCase() === 'D' ? String(Math.abs(value)) : Math.abs(value).toString(16);
  const padded = (letter === 'X' ? written.toUpperCase() : written).padStart(Number(digits), '0');
  return value < 0 ? `-${padded}` : padded;
}

function join(call: Call): string {
  const parts = list(call, 0).map(shown);
  const delimiter = text(call, 1);
  requireLength(parts.reduce((sum, part) => sum + part.length + delimiter.length, -delimiter.length));
  return parts.join(delimiter);
}

function padLeft(call: Call): string {
  requireLength(whole(call, 1));
  const padding = call.args.length > 2 ? text(call, 2) : ' ';
  return shown(argument(call, 0)).padStart(whole(call, 1), padding);
}

function replace(call: Call): string {
  if (text(call, 1) === '') throw new ExpressionError(`Unable to evaluate template language function '${call.name}': the text to replace is empty`);
  const parts = text(call, 0).split(text(call, 1));
  requireLength(parts.reduce((sum, part) => sum + part.length, 0) + (parts.length - 1) * text(call, 2).length);
  return parts.join(text(call, 2));
}

function placeOf(call: Call, method: 'indexOf' | 'lastIndexOf'): number {
  const among = argument(call, 0);
  return isArray(among) ? among[method](argument(call, 1)) : text(call, 0).toLowerCase()[method](text(call, 1).toLowerCase());
}

function split(call: Call): readonly string[] {
  const delimiters = argument(call, 1);
  if (isArray(delimiters) && delimiters.length > TEMPLATE_LIMITS.delimiters) throw new ExpressionError(`Unable to evaluate template language function '${call.name}': it splits at no more than '${TEMPLATE_LIMITS.delimiters}' texts`);
  const each = isArray(delimiters) ? delimiters.map((delimiter) => (typeof delimiter === 'string' ? delimiter : String(delimiter))) : [text(call, 1)];
  return each.filter((delimiter) => delimiter !== '').reduce<readonly string[]>((parts, delimiter) => parts.flatMap((part) => part.split(delimiter)), [text(call, 0)]);
}

function substring(call: Call): string {
  const of = text(call, 0);
  const start = whole(call, 1);
  const length = call.args.length > 2 ? whole(call, 2) : of.length - start;
  if (start < 0 || length < 0 || start + length > of.length)
    throw new ExpressionError(`Unable to evaluate template language function '${call.name}': the index and length parameters must refer to a location within the string. The index parameter: '${start}', the length parameter: '${length}', the length of the string parameter: '${of.length}'`);
  return of.slice(start, start + length);
}

function parsed(call: Call, json: string): Json {
  try {
    const value: Json = JSON.parse(json);
    return value;
  } catch {
    throw new ExpressionError(`The template language function '${call.name}' parameter is not valid. The provided value '${json.slice(0, 100)}' cannot be converted to JSON`);
  }
}

function toBase64(plain: string): string {
  return btoa(Array.from(new TextEncoder().encode(plain), (byte) => String.fromCharCode(byte)).join(''));
}

function fromBase64(call: Call): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(Uint8Array.from(atob(text(call, 0)), (letter) => letter.charCodeAt(0)));
  } catch {
    throw expected(call.name, 0, 'text in base64', argument(call, 0));
  }
}

function decoded(component: string): string {
  try {
    return decodeURIComponent(component);
  } catch {
    throw new ExpressionError(`Unable to evaluate template language function 'uriComponentToString': '${component}' is not a URI component`);
  }
}
