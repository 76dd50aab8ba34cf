/** The page for browsers at `/`, and its files below `/assets/`. */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { endAnswer } from '../ending.ts';
import { pageAssets, type Asset } from './assets.ts';
import { PAGE_HEADERS } from './headers.ts';

/** A year, which is for ever here. */
const IMMUTABLE = 'public, max-age=31536000, immutable';
/** Asked for each time, and answered 304 for as long as it is the same. */
const REVALIDATED = 'no-cache';

/** What is asked for where no page was built: from the sources, without `npm run build`. */
const NOT_BUILT = 'This service runs from its sources, and its page was not built: npm run build\n';

/** The answer to a request for the page; undefined: it is for something else. */
export function pageRequest({ method, url = '/' }: IncomingMessage): ((request: IncomingMessage, response: ServerResponse) => void) | undefined {
  if (method !== 'GET' && method !== 'HEAD') return undefined;
  // The data plane has no operation without a path, but clients may ask for one with a version.
  const [path = '/', ...query] = url.split('?');
  if (query.length > 0) return undefined;
  const asset = pageAssets().get(path);
  if (asset !== undefined) return (request, response) => answer(asset, request, response);
  return path === '/' ? (request, response) => answerNotBuilt(request, response) : undefined;
}

function answer(asset: Asset, request: IncomingMessage, response: ServerResponse): void {
  setHeaders(response);
  response.setHeader('Vary', 'Accept-Encoding');
  response.setHeader('ETag', asset.etag);
  response.setHeader('Cache-Control', asset.immutable ? IMMUTABLE : REVALIDATED);
  if (request.headers['if-none-match']?.includes(asset.etag) === true) {
    response.statusCode = 304;
    endAnswer(request, response, null);
    return;
  }
  const encoding = encodingOf(request);
  const body = asset[encoding ?? 'plain'];
  response.setHeader('Content-Type', asset.type);
  if (encoding !== null) response.setHeader('Content-Encoding', encoding);
  response.setHeader('Content-Length', body.length);
  response.end(request.method === 'HEAD' ? undefined : body);
}

function setHeaders(response: ServerResponse): void {
  for (const [name, value] of Object.entries(PAGE_HEADERS)) response.setHeader(name, value);
}

/** Browsers take all of them; a client that weighs them (`br;q=0`) gets none that it refuses. */
function encodingOf({ headers }: IncomingMessage): 'br' | 'gzip' | null {
  const accepted = new Set(String(headers['accept-encoding'] ?? '').split(',').map((part) => part.trim()).filter((part) => !/;\s*q=0(\.0+)?$/.test(part)).map((part) => part.split(';')[0]));
  return accepted.has('br') ? 'br' : accepted.has('gzip') ? 'gzip' : null;
}

function answerNotBuilt(request: IncomingMessage, response: ServerResponse): void {
  setHeaders(response);
  response.setHeader('Content-Type', 'text/plain; charset=utf-8');
  endAnswer(request, response, request.method === 'HEAD' ? null : NOT_BUILT);
}
