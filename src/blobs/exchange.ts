import { type ClientRequest, type IncomingMessage, request as httpRequest } from 'node:http';
import { request as httpsRequest } from 'node:https';
import type { Readable } from 'node:stream';
import { codeOf, messageOf } from '../base/errors.ts';
import { parseHttpDate } from '../wire/timestamps.ts';
import { errorOfStatus, TransferError } from './transferError.ts';

export interface TransferOptions {
  /** Milliseconds from the first transient failure after which there is no further try. */
  readonly retryMs: number;
  /** Milliseconds without a byte in either direction, connecting included, after which a transfer is given up. */
  readonly idleMs: number;
  readonly signal: AbortSignal;
  /** Shared by transfers to one server, so that when it is away they wait for it once and not each by itself. */
  readonly outage?: Outage;
  /** Told of each failure after which there is another try, so many milliseconds later. */
  readonly onRetry?: (error: TransferError, waitMs: number) => void;
}

export interface Outage {
  /** `performance.now()` of the first transient failure after which nothing has succeeded; null: all is well. */
  since: number | null;
}

export interface ExchangeRequest extends TransferOptions {
  readonly method: 'GET' | 'PUT' | 'HEAD' | 'DELETE';
  readonly url: URL;
  readonly headers?: Readonly<Record<string, string>>;
  /** Sent with its length known beforehand, as block blobs want it. */
  readonly body?: { readonly stream: Readable; readonly sizeBytes: number } | Buffer;
}

const REDIRECT_LIMIT = 5;
/** An error's body beyond this is not read. */
const LONGEST_ERROR_BYTES = 64 << 10;

/** A successful answer whose body is still to be read. */
export interface Answer {
  readonly request: ClientRequest;
  readonly response: IncomingMessage;
}

/** One request; the answer's body is for `chunksOf` or `textOf`. Throws TransferError. */
export async function exchange(request: ExchangeRequest): Promise<Answer> {
  let { url } = request;
  for (let redirects = 0; ; redirects++) {
    const answer = await send({ ...request, url });
    const { response } = answer;
    const status = response.statusCode ?? 0;
    if (status >= 200 && status < 300) return answer;
    const location = response.headers.location;
    if (request.method === 'GET' && [301, 302, 303, 307, 308].includes(status) && location !== undefined && redirects < REDIRECT_LIMIT) {
      response.resume();
      url = new URL(location, url);
      continue;
    }
    throw errorOfStatus({ status, code: await errorCode(answer), url, retryAfterMs: retryAfterMs(response) });
  }
}

/** Seconds or a date (RFC 9110, 10.2.3). null: nothing is asked for. */
function retryAfterMs({ headers }: IncomingMessage): number | null {
  const text = headers['retry-after'];
  if (text === undefined) return null;
  const at = /^\d+$/.test(text) ? Number(text) * 1_000 : (parseHttpDate(text) ?? 0) - Date.now();
  return Math.max(at, 0);
}

/** The body in pieces; a break in the middle is a TransferError. */
export async function* chunksOf({ request, response }: Answer): AsyncGenerator<Buffer> {
  try {
    for await (const chunk of response) yield chunk as Buffer;
  } catch (error) {
    throw networkError(request, error);
  } finally {
    response.destroy();
  }
}

export async function textOf(answer: Answer): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of chunksOf(answer)) chunks.push(chunk);
  return Buffer.concat(chunks).toString('utf8');
}

/** Requests that we gave up ourselves because nothing came. */
const idle = new WeakSet<ClientRequest>();

function send(request: ExchangeRequest): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const { url, body } = request;
    if (url.protocol !== 'http:' && url.protocol !== 'https:') {
      // As permanent as what a server refuses.
      reject(new TransferError('misc', 400, '', `${url.protocol} is no protocol for files`));
      return;
    }
    const length = body === undefined ? undefined : Buffer.isBuffer(body) ? body.length : body.sizeBytes;
    const outgoing = (url.protocol === 'https:' ? httpsRequest : httpRequest)(url, {
      method: request.method,
      headers: { ...request.headers, ...(length === undefined ? {} : { 'content-length': length }) },
      signal: request.signal,
      timeout: request.idleMs,
    });
    outgoing.on('timeout', () => {
      idle.add(outgoing);
      outgoing.destroy();
    });
    outgoing.on('response', (response) => resolve({ request: outgoing, response }));
    outgoing.on('error', (error) => reject(networkError(outgoing, error)));
    if (body === undefined || Buffer.isBuffer(body)) outgoing.end(body);
    else {
      body.stream.on('error', (error) => outgoing.destroy(error));
      body.stream.pipe(outgoing);
    }
  });
}

function networkError(request: ClientRequest, error: unknown): TransferError {
  if (error instanceof TransferError) return error;
  const where = `${request.protocol}//${request.host}`;
  if (idle.has(request)) return new TransferError('timedOut', null, 'ETIMEDOUT', `${where} sent nothing for too long`);
  const code = codeOf(error) ?? '';
  const message = messageOf(error);
  return new TransferError(code === 'ETIMEDOUT' ? 'timedOut' : 'misc', null, code, `${where}: ${message}`);
}

async function errorCode(answer: Answer): Promise<string> {
  const { response } = answer;
  const header = response.headers['x-ms-error-code'];
  if (typeof header === 'string') {
    response.destroy();
    return header;
  }
  let text = '';
  try {
    for await (const chunk of chunksOf(answer)) {
      text += chunk.toString('utf8');
      if (text.length > LONGEST_ERROR_BYTES) break;
    }
  } catch {
    return '';
  }
  return /<Code>([A-Za-z]+)<\/Code>/.exec(text)?.[1] ?? '';
}

