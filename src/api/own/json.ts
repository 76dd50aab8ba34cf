import { BatchError } from '../../wire/errors.ts';
import type { Answer } from '../answer.ts';

export function json(status: number, body: object): Answer {
  return { status, headers: { 'content-type': 'application/json; charset=utf-8' }, body: JSON.stringify(body) };
}

/** @throws BatchError InvalidRequestBody. */
export function objectOf(value: unknown, name: string): Readonly<Record<string, unknown>> {
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as Readonly<Record<string, unknown>>;
  throw new BatchError('InvalidRequestBody', [{ key: 'Reason', value: `${name} must be an object.` }]);
}
