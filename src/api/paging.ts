import { invalidQuery } from '../wire/errors.ts';
import { jsonContentType, type Answer } from './answer.ts';
import type { Call } from './call.ts';

/**
 * Where the next page begins: the key of the last item of this one. Opaque to clients. `kind` keeps a token of one list from being taken for one of another.
 */
export function skipToken(kind: string, after: string | number): string {
  return Buffer.from(JSON.stringify([kind, after])).toString('base64url');
}

/** The key that the request's `$skiptoken` carries, or `start` without one. @throws BatchError InvalidQueryParameterValue for a token that is none of ours. */
export function pageStart(call: Call, kind: string, start: string): string;
export function pageStart(call: Call, kind: string, start: number): number;
export function pageStart(call: Call, kind: string, start: string | number): string | number {
  const { skipToken: token } = call.query;
  if (token === undefined) return start;
  const value = decode(token);
  const after: unknown = Array.isArray(value) && value[0] === kind ? value[1] : undefined;
  if (typeof start === 'string' && typeof after === 'string') return after;
  if (typeof start === 'number' && Number.isSafeInteger(after)) return Number(after);
  throw invalidQuery('$skiptoken', token, 'The token is not one that this list has given.');
}

function decode(token: string): unknown {
  try {
    return JSON.parse(Buffer.from(token, 'base64url').toString('utf8'));
  } catch {
    return undefined;
  }
}

/** The whole URL of the next page: the query as sent with another token, on the host that the client called (it is called as it is). */
function nextLink(call: Call, token: string): string {
  const kept = call.rawQuery.split('&').filter((part) => part !== '' && !/^(%24|\$)skiptoken=/i.test(part));
  return `${call.baseUrl}${call.path}?${[...kept, `$skiptoken=${token}`].join('&')}`;
}

/** A page of a list; `collection` names it in `odata.metadata`. */
export const listAnswer = (call: Call, collection: string, items: readonly object[], token: string | null): Answer =>
  listAnswerOfTexts(call, collection, items.map((item) => JSON.stringify(item)), token);

/** As `listAnswer`, of items that are JSON already: made one by one, they are garbage before the next one is made. */
export function listAnswerOfTexts(call: Call, collection: string, items: readonly string[], token: string | null): Answer {
  const metadata = JSON.stringify(`${call.baseUrl}/$metadata#${collection}`);
  const link = token === null ? '' : `,"odata.nextLink":${JSON.stringify(nextLink(call, token))}`;
  const body = `{"odata.metadata":${metadata},"value":[${items.join(',')}]${link}}`;
  return { status: 200, headers: { 'content-type': jsonContentType }, body };
}
