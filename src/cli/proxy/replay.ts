import { isDeepStrictEqual } from 'node:util';
import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http';
import { bytesOfBody, wholeBody, type Body } from '../recording/body.ts';
import type { Exchange, Recording } from '../recording/exchange.ts';
import { hiddenText } from '../recording/hiding.ts';
import { splitTarget } from '../../api/target.ts';
import { refuse } from './answers.ts';
import { renamedHeader, renamedText } from './origins.ts';

export interface Replay {
  readonly onRequest: RequestListener;
  readonly counts: { readonly answered: number; readonly missing: number };
}

/** Most bytes of a request that are read to look for it. */
const MOST_BYTES = 64 * 1_048_576;
/** Nothing is left out of a body to compare. */
const ALL = { jsonBytes: MOST_BYTES, otherBytes: MOST_BYTES };
const NOTHING = { jsonBytes: 0, otherBytes: 0 };
const READS: ReadonlySet<string> = new Set(['GET', 'HEAD']);

/**
 * Answers as a recording has it: to a request with the same method, path, query (in any order) and body, in the order
 * in which they were recorded. A reading one that comes more often than then gets the last answer again: clients poll.
 */
export function createReplay({ head, exchanges }: Recording): Replay {
  const left = new Map<string, Exchange[]>();
  for (const exchange of exchanges) {
    const place = placeOf(exchange.request.method, exchange.request.path);
    left.set(place, [...(left.get(place) ?? []), exchange]);
  }
  const used = new Set<Exchange>();
  const counts = { answered: 0, missing: 0 };
  const onRequest: RequestListener = (request, response) => {
    void (async () => {
      const method = request.method ?? 'GET';
      const path = hiddenText(request.url ?? '/');
      const came = await bodyOf(request);
      const there = left.get(placeOf(method, path)) ?? [];
      const alike = came === undefined ? [] : there.filter((exchange) => areAlike(exchange.request.body, came));
      const next = alike.find((exchange) => !used.has(exchange)) ?? (READS.has(method) ? alike.at(-1) : undefined);
      if (next === undefined) {
        counts.missing += 1;
        return refuse(response, 404, { code: 'NotRecorded', message: whyMissing({ method, path, there: there.length, alike: alike.length }) });
      }
      used.add(next);
      counts.answered += 1;
      return answer(response, next, { from: new URL(head.to).origin, to: `http://${request.headers.host ?? 'localhost'}` });
    })().catch(() => void response.destroy());
  };
  return { onRequest, counts };
}

/** The case of a query's names and their order differ between versions of clients. */
function placeOf(method: string, path: string): string {
  const { path: plain, rawQuery } = splitTarget(path);
  const pairs = [...new URLSearchParams(rawQuery)].map(([name, value]) => `${name.toLowerCase()}=${value}`);
  return `${method} ${plain}?${pairs.sort().join('&')}`;
}

/** What came, and as a recording has it that kept its hash alone. */
interface Came {
  readonly body: Body | null;
  readonly hashed: Body | null;
}

/** Undefined: it is longer than any that is looked for. */
async function bodyOf(request: IncomingMessage): Promise<Came | undefined> {
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    length += chunk.length;
    if (length <= MOST_BYTES) chunks.push(chunk);
  }
  const bytes = Buffer.concat(chunks);
  return length > MOST_BYTES ? undefined : { body: wholeBody(request.headers['content-type'], bytes, ALL), hashed: wholeBody(undefined, bytes, NOTHING) };
}

function areAlike(recorded: Body | null, { body, hashed }: Came): boolean {
  return isDeepStrictEqual(recorded, recorded !== null && 'sha256' in recorded ? hashed : body);
}

function whyMissing({ method, path, there, alike }: { readonly method: string; readonly path: string; readonly there: number; readonly alike: number }): string {
  const what = `${method} ${path}`;
  if (there === 0) return `${what} is not in the recording.`;
  if (alike === 0) return `${what} is in the recording, with ${there === 1 ? 'another body' : `${there} other bodies`}.`;
  return `${what} with this body is in the recording ${alike === 1 ? 'once' : `${alike} times`}, and was answered as often already.`;
}

function answer(response: ServerResponse, { number, request, answer: { status, headers, body } }: Exchange, renaming: { readonly from: string; readonly to: string }): void {
  const bytes = bytesOfBody(body);
  if (bytes === null) return refuse(response, 502, { code: 'BodyNotRecorded', message: `The body of answer ${number} was not kept, since it is longer than --most-body allowed: record again with a larger one.` });
  const isText = body !== null && ('json' in body || 'text' in body);
  const sent = isText ? Buffer.from(renamedText(bytes.toString('utf8'), renaming), 'utf8') : bytes;
  const kept = Object.entries(headers).flatMap(([name, value]) => (name === 'content-length' && request.method !== 'HEAD' ? [] : [[name, renamedHeader(name, value, renaming)]]));
  const hasNoLength = request.method === 'HEAD' || status === 204 || status === 304;
  response.writeHead(status, { ...(Object.fromEntries(kept) as Record<string, string>), ...(hasNoLength ? {} : { 'content-length': String(sent.length) }) });
  response.end(sent);
}
