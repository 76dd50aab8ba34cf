import { BatchError } from '../../wire/errors.ts';
import type { Answer } from '../answer.ts';

/**
 * What follows `/linarite/<noun>` in a path, decoded segment by segment; undefined: another path. @throws BatchError
 * RequestUrlFailedToParse.
 */
export function segmentsOf(path: string, noun: string): readonly string[] | undefined {
  const [, ours, first, ...segments] = path.split('/');
  if (ours !== 'linarite' || first !== noun) return undefined;
  if (segments.at(-1) === '') segments.pop();
  return segments.map(decoded);
}

/** Nothing here is called by a name with NUL. @throws BatchError RequestUrlFailedToParse. */
export function decoded(text: string): string {
  const plain = decodedOrNull(text);
  if (plain === null || plain.includes('\0')) throw new BatchError('RequestUrlFailedToParse');
  return plain;
}

function decodedOrNull(text: string): string | null {
  try {
    return decodeURIComponent(text);
  } catch {
    return null;
  }
}

export function json(status: number, body: object): Answer {
  return { status, headers: { 'content-type': 'application/json; charset=utf-8' }, body: JSON.stringify(body) };
}

/** @throws BatchError InvalidRequestBody. */
export function objectOf(value: unknown, name: string): Readonly<Record<string, unknown>> {
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as Readonly<Record<string, unknown>>;
  throw new BatchError('InvalidRequestBody', [{ key: 'Reason', value: `${name} must be an object.` }]);
}
