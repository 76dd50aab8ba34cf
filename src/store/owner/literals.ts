/**
 * Parameters as PostgreSQL's text form of them. Several times faster than the driver's own way for arrays, and the only
 * place that knows the syntax.
 */

export function numbers(values: readonly (number | null)[]): string {
  return `{${values.map((value) => value ?? 'NULL').join(',')}}`;
}

/** Words of our closed unions: letters only, so nothing needs quotes. */
export function words(values: readonly (string | null)[]): string {
  return `{${values.map((value) => value ?? 'NULL').join(',')}}`;
}

/** An array of JSON values. */
export function jsons(values: readonly unknown[]): string {
  return `{${values.map((value) => (value === null ? 'NULL' : `"${json(value).replaceAll(/["\\]/g, String.raw`\$&`)}"`)).join(',')}}`;
}

/**
 * JSON that `jsonb` takes. It has no place for U+0000 and for half surrogates, which an error message of an agent may
 * well hold: one such message must not stop an account, so they become U+FFFD.
 */
export function json(value: unknown): string {
  const text = JSON.stringify(value);
  return UNSTORABLE_ESCAPE.test(text) ? JSON.stringify(value, (_key, item: unknown) => (typeof item === 'string' ? item.replaceAll(UNSTORABLE, '\uFFFD') : item)) : text;
}
const UNSTORABLE_ESCAPE = /\\u(0000|d[89a-f]..)/;
const UNSTORABLE = /[\0\uD800-\uDFFF]/gu;

/** The driver sends a `Buffer` as it is. */
export function bytes({ buffer, byteOffset, byteLength }: Uint8Array): Buffer {
  return Buffer.from(buffer, byteOffset, byteLength);
}
