import { Readable } from 'node:stream';
import { invalidQuery } from '../../wire/errors.ts';
import { isStorable } from '../../wire/contract/readers.ts';
import { JSON_CONTENT_TYPE, type Answer } from '../answer.ts';
import type { Call } from '../call.ts';

/**
 * Where the next page begins: the key of the last item of this one. Opaque to clients. `kind` keeps a token of one list
 * from being taken for one of another.
 */
export function skipToken(kind: string, after: string | number): string {
  return Buffer.from(JSON.stringify([kind, after])).toString('base64url');
}

/**
 * The key that the request's `$skiptoken` carries, or `start` without one. @throws BatchError
 * InvalidQueryParameterValue for a token that is none of ours.
 */
export function pageStart(call: Call, kind: string, start: string): string;
export function pageStart(call: Call, kind: string, start: number): number;
export function pageStart(call: Call, kind: string, start: string | number): string | number {
  const { skipToken: token } = call.query;
  if (token === undefined) return start;
  const value = decode(token);
  const after: unknown = Array.isArray(value) && value[0] === kind ? value[1] : undefined;
  if (typeof start === 'string' && typeof after === 'string' && isStorable(after)) return after;
  if (typeof start === 'number' && typeof after === 'number' && Number.isSafeInteger(after) && after >= start) return after;
  throw invalidQuery('$skiptoken', token, 'The token is not one that this list has given.');
}

function decode(token: string): unknown {
  try {
    return JSON.parse(Buffer.from(token, 'base64url').toString('utf8'));
  } catch {
    return undefined;
  }
}

/**
 * The whole URL of the next page: the query as sent with another token, on the host that the client called (it is
 * called as it is).
 */
function nextLink(call: Call, token: string): string {
  const kept = call.rawQuery.split('&').filter((part) => part !== '' && !/^(%24|\$)skiptoken=/i.test(part));
  return `${call.baseUrl}${call.path}?${[...kept, `$skiptoken=${token}`].join('&')}`;
}

/** A page of a list; `collection` names it in `odata.metadata`. */
export function listAnswer(call: Call, collection: string, items: readonly object[], token: string | null): Answer {
  const body = before(call, collection) + items.map((item) => JSON.stringify(item)).join(',') + after(call, token);
  return { status: 200, headers: { 'content-type': JSON_CONTENT_TYPE }, body };
}

/** Short enough that an owner's tick never waits long for a page being written, long enough to be worth a write. */
const ITEMS_A_PIECE = 64;

/**
 * As `listAnswer`, written piece by piece (chunked, as the service does): the client reads the first tasks while the
 * next are being written, and what was written is garbage before the next piece is made. The first piece is made at
 * once, so that a fault is still an error answer.
 */
export function streamedList<Item>(call: Call, collection: string, items: readonly Item[], text: (item: Item) => string, token: string | null): Answer {
  const piece = (from: number): string => (from > 0 ? ',' : '') + items.slice(from, from + ITEMS_A_PIECE).map(text).join(',');
  const first = before(call, collection) + piece(0);
  if (items.length <= ITEMS_A_PIECE) return { status: 200, headers: { 'content-type': JSON_CONTENT_TYPE }, body: first + after(call, token) };
  function* pieces(): Generator<string> {
    yield first;
    for (let from = ITEMS_A_PIECE; from < items.length; from += ITEMS_A_PIECE) yield piece(from);
    yield after(call, token);
  }
  return { status: 200, headers: { 'content-type': JSON_CONTENT_TYPE }, body: Readable.from(pieces(), { objectMode: true, highWaterMark: 1 }) };
}

function before(call: Call, collection: string): string {
  return `{"odata.metadata":${JSON.stringify(`${call.baseUrl}/$metadata#${collection}`)},"value":[`;
}

function after(call: Call, token: string | null): string {
  return `]${token === null ? '' : `,"odata.nextLink":${JSON.stringify(nextLink(call, token))}`}}`;
}
