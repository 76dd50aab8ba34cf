import type { Instant } from '../../core/keys.ts';
import { etagOfMs } from '../../wire/etag.ts';
import { formatHttpDate } from '../../wire/timestamps.ts';
import type { Answer } from '../answer.ts';

export const MANAGEMENT_JSON = 'application/json; charset=utf-8';

export function json(status: 200 | 201 | 202, body: object, headers: Readonly<Record<string, string>> = {}): Answer {
  return { status, headers: { 'content-type': MANAGEMENT_JSON, ...headers }, body: JSON.stringify(body) };
}

/** A resource with a strong ETag, as accounts have (recorded). */
export function strongly(modifiedAt: Instant): Record<string, string> {
  return { etag: `"${etagOfMs(modifiedAt)}"`, 'last-modified': formatHttpDate(modifiedAt) };
}

/** A resource with a weak ETag, as pools, certificates and applications have (recorded). */
export function weakly(modifiedAt: Instant): Record<string, string> {
  return { etag: `W/"${etagOfMs(modifiedAt)}"`, 'last-modified': formatHttpDate(modifiedAt) };
}

export function empty(status: 200 | 202 | 204, headers: Readonly<Record<string, string>> = {}): Answer {
  return { status, headers, body: null };
}
