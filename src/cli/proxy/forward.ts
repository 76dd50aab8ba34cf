import { Agent as HttpAgent, request as httpRequest, type IncomingHttpHeaders, type IncomingMessage, type RequestListener, type ServerResponse } from 'node:http';
import { Agent as HttpsAgent, request as httpsRequest } from 'node:https';
import { Transform, type TransformCallback } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { messageOf } from '../../base/errors.ts';
import { authorizationOf, type Credentials } from '../credentials/credentials.ts';
import { collectBody, type Body, type BodyCollector, type BodyLimits } from '../recording/body.ts';
import type { Exchange } from '../recording/exchange.ts';
import { hiddenAnswerHeaders, hiddenRequestHeaders, hiddenText } from '../recording/hiding.ts';
import { refuse } from './answers.ts';
import { renamedHeader, renamingStream, type Renaming } from './origins.ts';

export interface ForwarderOptions {
  /** Whom requests are for: an origin. */
  readonly target: URL;
  /** Of requests that come without any; null: they go on as they are. */
  readonly credentials: Credentials | null;
  readonly limits: BodyLimits;
  readonly now: () => number;
  /** Hears each exchange that came to its end. */
  readonly onExchange: (exchange: Exchange) => void;
  /** Hears what a user should know. */
  readonly say: (line: string) => void;
}

export interface Forwarder {
  readonly onRequest: RequestListener;
  /** Drops the connections to the account. */
  close(): void;
}

type Headers = Record<string, string>;

/** About a connection, and so not passed on (RFC 9110, 7.6.1). */
const OF_CONNECTION: ReadonlySet<string> = new Set(['connection', 'keep-alive', 'proxy-connection', 'proxy-authorization', 'te', 'trailer', 'transfer-encoding', 'upgrade', 'expect']);
/** An account that says nothing for so long has gone. */
const IDLE_MS = 5 * 60_000;
const MOST_SOCKETS = 256;

/**
 * Passes requests on as they came and answers as they come, and hears both. Signatures stay good: they are over path,
 * query and some headers, and not over the host. Answers come uncompressed, so that addresses in them can be renamed.
 */
export function createForwarder(options: ForwarderOptions): Forwarder {
  const { target } = options;
  const isTls = target.protocol === 'https:';
  const agent = isTls ? new HttpsAgent({ keepAlive: true, maxSockets: MOST_SOCKETS }) : new HttpAgent({ keepAlive: true, maxSockets: MOST_SOCKETS });
  let number = 0;
  let hasSaidUnsigned = false;
  const saidOnce = (answered: number, isUnsigned: boolean): void => {
    if (!isUnsigned || options.credentials !== null || hasSaidUnsigned || (answered !== 401 && answered !== 403)) return;
    hasSaidUnsigned = true;
    options.say('a client sends no credentials, and the account refuses it: give the client a key or token, or start the proxy with --sign');
  };
  const onRequest: RequestListener = (request, response) => {
    number += 1;
    void pass({ options, agent, isTls, number, request, response, answered: saidOnce });
  };
  return { onRequest, close: () => agent.destroy() };
}

interface Passing {
  readonly options: ForwarderOptions;
  readonly agent: HttpAgent;
  readonly isTls: boolean;
  readonly number: number;
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly answered: (status: number, isUnsigned: boolean) => void;
}

async function pass({ options, agent, isTls, number, request, response, answered }: Passing): Promise<void> {
  const { target, credentials, limits, now, onExchange, say } = options;
  const begun = now();
  const method = request.method ?? 'GET';
  const path = request.url ?? '/';
  if (!path.startsWith('/')) return refuse(response, 400, { code: 'NotForwarded', message: `${path} is no path: clients name the proxy as their endpoint, not as an HTTP proxy` });
  const isUnsigned = request.headers.authorization === undefined;
  try {
    const headers = passedOn(request.headers, target);
    if (isUnsigned && credentials !== null) {
      if (isFromPage(request)) return refuse(response, 403, { code: 'NotForwarded', message: 'a proxy that signs takes no requests of web pages, and none under another name than that of this machine' });
      Object.assign(headers, await signed(credentials, { method, path, headers }));
    }
    const sent = collectBody(headers['content-type'], limits);
    const answer = await ask({ agent, isTls, target, method, path, headers, request, response, sent });
    const came = collectBody(answer.headers['content-type'], limits);
    const answerHeaders = plain(answer.headers);
    const renaming: Renaming = { from: target.origin, to: `http://${request.headers.host ?? 'localhost'}` };
    await deliver(answer, { response, renaming, headers: answerHeaders, isHead: method === 'HEAD', came });
    const status = answer.statusCode ?? 0;
    answered(status, isUnsigned);
    onExchange({
      number,
      at: new Date(begun).toISOString(),
      ms: Math.round(now() - begun),
      request: { method, path: hiddenText(path), headers: hiddenRequestHeaders(headers), body: sent.end() },
      answer: { status, headers: hiddenAnswerHeaders(answerHeaders), body: came.end() satisfies Body | null },
    });
  } catch (error) {
    // A client that has gone is told nothing.
    if (response.destroyed) return;
    const message = `${target.origin} does not answer: ${messageOf(error)}`;
    say(`${method} ${hiddenText(path)}: ${message}`);
    refuse(response, 502, { code: 'AccountUnreachable', message });
  }
}

/**
 * A web page may send requests to addresses of this machine, by their own names too. It has no credentials, so the
 * proxy must not lend it any.
 */
function isFromPage({ headers }: IncomingMessage): boolean {
  const host = (headers.host ?? '').replace(/:\d+$/, '').toLowerCase();
  return headers.origin !== undefined || headers['sec-fetch-site'] !== undefined || !/^(?:127(?:\.\d+){3}|\[::1\]|localhost)$/.test(host);
}

function passedOn(headers: IncomingHttpHeaders, target: URL): Headers {
  const { 'content-length': length, 'transfer-encoding': coding } = headers;
  const kept = Object.entries(plain(headers)).filter(([name]) => !OF_CONNECTION.has(name));
  return { ...Object.fromEntries(kept), host: target.host, 'accept-encoding': 'identity', ...(length === undefined && coding !== undefined ? { 'transfer-encoding': 'chunked' } : {}) };
}

function plain(headers: IncomingHttpHeaders): Headers {
  return Object.fromEntries(Object.entries(headers).flatMap(([name, value]) => (value === undefined ? [] : [[name, Array.isArray(value) ? value.join(', ') : value]])));
}

async function signed(credentials: Credentials, { method, path, headers }: { readonly method: string; readonly path: string; readonly headers: Headers }): Promise<Headers> {
  const dated = { ...headers, 'ocp-date': new Date().toUTCString() };
  const bodyLength = Number(headers['content-length'] ?? 0);
  return { 'ocp-date': dated['ocp-date'], authorization: await authorizationOf(credentials, { method, rawUrl: path, headers: dated, bodyLength }) };
}

interface Asking {
  readonly agent: HttpAgent;
  readonly isTls: boolean;
  readonly target: URL;
  readonly method: string;
  readonly path: string;
  readonly headers: Headers;
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly sent: BodyCollector;
}

/** Resolves with the head of the answer. */
function ask({ agent, isTls, target, method, path, headers, request, response, sent }: Asking): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    const asked = (isTls ? httpsRequest : httpRequest)({ host: target.hostname.replace(/^\[(.*)\]$/, '$1'), port: target.port === '' ? (isTls ? 443 : 80) : target.port, method, path, headers, agent, timeout: IDLE_MS, setHost: false }, resolve);
    asked.once('error', reject);
    asked.once('timeout', () => asked.destroy(new Error(`nothing came for ${IDLE_MS / 60_000} minutes`)));
    response.once('close', () => {
      if (!response.writableFinished) asked.destroy();
    });
    // Node.js would announce a body in pieces where there is none.
    if (headers['content-length'] === undefined && headers['transfer-encoding'] === undefined) asked.end();
    else pipeline(request, listening(sent), asked).catch(reject);
  });
}

interface Delivery {
  readonly response: ServerResponse;
  readonly renaming: Renaming;
  readonly headers: Headers;
  readonly isHead: boolean;
  readonly came: BodyCollector;
}

async function deliver(answer: IncomingMessage, { response, renaming, headers, isHead, came }: Delivery): Promise<void> {
  const isJson = /json/i.test(headers['content-type'] ?? '');
  // Renamed addresses have another length.
  const isKept = (name: string): boolean => !OF_CONNECTION.has(name) && (isHead || !isJson || name !== 'content-length');
  const kept = Object.entries(headers).flatMap(([name, value]) => (isKept(name) ? [[name, renamedHeader(name, value, renaming)]] : []));
  response.writeHead(answer.statusCode ?? 502, answer.statusMessage, Object.fromEntries(kept) as Headers);
  if (isJson) await pipeline(answer, listening(came), renamingStream(renaming), response);
  else await pipeline(answer, listening(came), response);
}

/** Passes bytes on, and lets `collector` hear them. */
function listening(collector: BodyCollector): Transform {
  return new Transform({
    transform(chunk: Buffer, _encoding, done: TransformCallback) {
      collector.add(chunk);
      done(null, chunk);
    },
  });
}
