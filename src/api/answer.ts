import type { Readable } from 'node:stream';
import type { Instant } from '../core/keys.ts';
import { etagOfMs } from '../wire/etag.ts';
import { formatHttpDate } from '../wire/timestamps.ts';
import type { Call } from './call.ts';

/** The answer of a handler. The edge adds the headers that all answers carry. */
export interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  /** null: no body. A stream is sent with back-pressure. */
  readonly body: string | Readable | null;
  /** The body goes on until somebody ends it: it ends as well when who asked for it may have it no more. */
  readonly endless?: true;
}

export const JSON_CONTENT_TYPE = 'application/json;odata=minimalmetadata';

export function etag(modifiedAt: Instant): string {
  return etagOfMs(modifiedAt);
}

export function entityHeaders(modifiedAt: Instant) {
  return { etag: etag(modifiedAt), 'last-modified': formatHttpDate(modifiedAt) };
}

/** 201 without body (recorded). `path`: of the new resource. */
export function created(call: Call, path: string, modifiedAt: Instant): Answer {
  const url = `${call.baseUrl}${path}`;
  return { status: 201, headers: { ...entityHeaders(modifiedAt), location: url, dataserviceid: url }, body: null };
}

/** A change or an action done or accepted: no body, DataServiceId is the URL that was called (recorded). */
export function changed(call: Call, status: 200 | 202 | 204, modifiedAt: Instant): Answer {
  return { status, headers: { ...entityHeaders(modifiedAt), dataserviceid: `${call.baseUrl}${call.path}` }, body: null };
}

/** An action on what has no ETag (recorded of nodes). */
export function acted(call: Call, status: 200 | 202): Answer {
  return { status, headers: { dataserviceid: `${call.baseUrl}${call.path}` }, body: null };
}

/** Deletes answer neither ETag nor DataServiceId (recorded). */
export function deleted(status: 200 | 202): Answer {
  return { status, headers: {}, body: null };
}

/** One resource with its ETag; `modifiedAt` null: it has none (nodes, counts). */
export function entity(json: object, modifiedAt: Instant | null): Answer {
  const headers = modifiedAt === null ? {} : entityHeaders(modifiedAt);
  return { status: 200, headers: { 'content-type': JSON_CONTENT_TYPE, ...headers }, body: JSON.stringify(json) };
}

/** HEAD of a resource. */
export function found(modifiedAt: Instant): Answer {
  return { status: 200, headers: entityHeaders(modifiedAt), body: null };
}
