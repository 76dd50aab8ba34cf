import { invalidQuery } from '../../wire/errors.ts';
import { parseTimestamp } from '../../wire/timestamps.ts';
import type { Instant } from '../../core/keys.ts';

/**
 * The parameters of a query, by name; '' where one is empty or left out. Clients that know only the data plane send
 * `api-version` everywhere. @throws BatchError InvalidQueryParameterValue for one that is not among `names`, or stands
 * there twice.
 */
export function readNames<Name extends string>(query: URLSearchParams, names: readonly Name[]): Readonly<Record<Name, string>> {
  const known: readonly string[] = names;
  for (const [name, value] of query) {
    if (name !== 'api-version' && !known.includes(name)) throw invalidQuery(name, value, names.length === 0 ? 'None is known.' : `There are ${names.join(', ')}.`);
    if (query.getAll(name).length > 1) throw invalidQuery(name, value, 'It stands there twice.');
  }
  return Object.fromEntries(names.map((name) => [name, query.get(name) ?? ''])) as Record<Name, string>;
}

export interface WholeNumber {
  readonly least: number;
  readonly most: number;
  /** Where it is left out. */
  readonly usual: number;
}

/** @throws BatchError InvalidQueryParameterValue. */
export function readWhole(name: string, text: string, { least, most, usual }: WholeNumber): number {
  if (text === '') return usual;
  const value = /^\d{1,15}$/.test(text) ? Number(text) : Number.NaN;
  if (value >= least && value <= most) return value;
  throw invalidQuery(name, text, `It must be a whole number from ${least} to ${most}.`);
}

/** null: it is left out. @throws BatchError InvalidQueryParameterValue. */
export function readTime(name: string, text: string): Instant | null {
  if (text === '') return null;
  const at = parseTimestamp(text);
  if (at === undefined) throw invalidQuery(name, text, 'It is no time, like 2026-01-31T12:00:00Z.');
  return at;
}

export interface Span {
  readonly from: Instant;
  readonly to: Instant;
}

/** Up to now, a usual time before, where they are left out. @throws BatchError InvalidQueryParameterValue. */
export function readSpan({ from: fromText, to: toText }: { readonly from: string; readonly to: string }, { now, usualMs }: { readonly now: Instant; readonly usualMs: number }): Span {
  const to = Math.min(now, readTime('to', toText) ?? now);
  const from = readTime('from', fromText) ?? Math.max(0, to - usualMs);
  if (from >= to) throw invalidQuery('from', fromText, 'It must be a time before the end, and before now.');
  return { from, to };
}
