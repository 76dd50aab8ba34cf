import { setMaxListeners } from 'node:events';
import type { Agent, ClientRequest, IncomingMessage, request, RequestOptions } from 'node:http';
import { setTimeout as delay } from 'node:timers/promises';
import { codeOf } from '../../../base/errors.ts';
import { createTurns } from '../../local/turns.ts';
import type { Cluster, ClusterCredential } from './cluster.ts';
import { ApiAway, ApiRefusal } from './errors.ts';
import { numberAt, textAt } from './json.ts';

/** Requests that are on their way at a time; a thousand nodes that are asked for at once take turns. */
const AT_ONCE = 32;
const ANSWER_WITHIN_MS = 60_000;
/** The API server asks for patience (429), or is not ready (500, 503, 504): so often, and so long if it names none. */
const TRIES = 4;
/** Of connections that were kept, one after the other may be closed by now. */
const REUSED_TRIES = AT_ONCE + 1;
const WAIT_MS = 500;
const WAIT_MOST_MS = 10_000;
const BODY_MOST_BYTES = 64 * 1024 ** 2;
const LINE_MOST_BYTES = 8 * 1024 ** 2;

type Method = 'GET' | 'POST' | 'PATCH' | 'DELETE';

/** REST of one API server. Throws `ApiRefusal` in its words, and `ApiAway` where it could not be asked. */
export interface ApiClient {
  readonly cluster: Cluster;
  /** `path` with its query; `body` as JSON, of a PATCH as a merge patch (RFC 7386). Returns the parsed answer. */
  ask(method: Method, path: string, body?: unknown): Promise<unknown>;
  /**
   * Yields each line of the answer, parsed, until the server ends it. Throws `ApiAway` when nothing comes for
   * `silentMs`.
   */
  lines(path: string, options: { readonly signal: AbortSignal; readonly silentMs: number }): AsyncGenerator<unknown>;
  close(): void;
}

interface Transport {
  readonly request: typeof request;
  readonly asked: Agent;
  /** What is followed takes no connection from what is asked. */
  readonly followed: Agent;
}

export function createApiClient(cluster: Cluster): ApiClient {
  let transport: Promise<Transport> | null = null;
  const closed = new AbortController();
  // Each request that is on its way listens to it.
  setMaxListeners(0, closed.signal);
  const turn = createTurns(AT_ONCE);

  const connect = async (): Promise<Transport> => {
    const trust = { rejectUnauthorized: cluster.verified, ...(cluster.authority === null ? {} : { ca: cluster.authority }), ...(cluster.serverName === null ? {} : { servername: cluster.serverName }) };
    const connected = { keepAlive: true, maxSockets: AT_ONCE };
    if (cluster.server.startsWith('https:')) {
      // A process that speaks to no cluster does not load it as it starts.
      const { Agent, request } = await import('node:https');
      return { request, asked: new Agent({ ...connected, ...trust }), followed: new Agent(trust) };
    }
    const { Agent, request } = await import('node:http');
    return { request, asked: new Agent(connected), followed: new Agent() };
  };

  async function open(path: string, use: 'asked' | 'followed', options: RequestOptions, body: string | null): Promise<IncomingMessage> {
    const { request, [use]: agent } = await (transport ??= connect());
    const { authorization, certificate, key }: ClusterCredential = await cluster.credential();
    return new Promise((resolve, reject) => {
      const certified = certificate === undefined || key === undefined ? {} : { cert: certificate, key };
      const headers = { accept: 'application/json', ...options.headers, ...(authorization === undefined ? {} : { authorization }) };
      const send = (tries: number): void => {
        const sent: ClientRequest = request(`${cluster.server}${path}`, { ...options, agent, ...certified, headers }, resolve);
        sent.on('error', (error) => {
          // The server had closed a connection that was kept. All that we ask may be asked twice.
          if (tries < REUSED_TRIES && sent.reusedSocket && codeOf(error) === 'ECONNRESET') send(tries + 1);
          else reject(error);
        });
        sent.end(body ?? undefined);
      };
      send(1);
    });
  }

  async function once(method: Method, path: string, body: unknown): Promise<{ readonly status: number; readonly answer: unknown; readonly waitMs: number | null }> {
    const text = body === undefined ? null : JSON.stringify(body);
    const type = method === 'PATCH' ? 'application/merge-patch+json' : 'application/json';
    const over = await turn();
    const signal = AbortSignal.any([closed.signal, AbortSignal.timeout(ANSWER_WITHIN_MS)]);
    try {
      const response = await open(path, 'asked', { method, signal, headers: text === null ? {} : { 'content-type': type, 'content-length': Buffer.byteLength(text) } }, text);
      const answer = parsed(await wholeOf(response));
      const after = Number(response.headers['retry-after']);
      return { status: response.statusCode ?? 0, answer, waitMs: Number.isFinite(after) ? after * 1_000 : null };
    } catch (error) {
      throw new ApiAway(cluster.server, error);
    } finally {
      over();
    }
  }

  return {
    cluster,
    ask: async (method, path, body) => {
      for (let tries = 1; ; tries += 1) {
        const { status, answer, waitMs } = await once(method, path, body);
        if (status >= 200 && status < 300) return answer;
        if (status === 401) cluster.refused();
        const refusal = refusalOf(status, answer);
        const isBusy = status === 429 || status === 500 || status === 503 || status === 504;
        if (!isBusy && !(status === 401 && tries === 1)) throw refusal;
        if (tries === TRIES) throw new ApiAway(cluster.server, refusal);
        await delay(Math.min(WAIT_MOST_MS, waitMs ?? WAIT_MS * tries), undefined, { signal: closed.signal }).catch(() => {
          throw new ApiAway(cluster.server, refusal);
        });
      }
    },
    lines: async function* (path, { signal: asked, silentMs }) {
      const signal = AbortSignal.any([closed.signal, asked]);
      try {
        const response = await open(path, 'followed', { method: 'GET', signal, timeout: silentMs }, null);
        response.socket.setTimeout(silentMs, () => response.destroy(new Error(`nothing came for ${silentMs / 1_000} s`)));
        response.socket.setKeepAlive(true, 30_000);
        if (response.statusCode !== 200) throw refusalOf(response.statusCode ?? 0, parsed(await wholeOf(response)));
        yield* linesOf(response);
      } catch (error) {
        throw error instanceof ApiRefusal ? error : new ApiAway(cluster.server, error);
      }
    },
    close: () => {
      closed.abort();
      transport?.then(
        ({ asked, followed }) => {
          asked.destroy();
          followed.destroy();
        },
        () => undefined,
      );
    },
  };
}

async function wholeOf(response: IncomingMessage): Promise<string> {
  const parts: Buffer[] = [];
  let size = 0;
  for await (const part of response) {
    if (!Buffer.isBuffer(part)) throw new Error('the answer has an encoding already');
    size += part.length;
    if (size > BODY_MOST_BYTES) throw new Error(`the answer has more than ${BODY_MOST_BYTES} bytes`);
    parts.push(part);
  }
  return Buffer.concat(parts).toString();
}

async function* linesOf(response: IncomingMessage): AsyncGenerator<unknown> {
  response.setEncoding('utf8');
  let rest = '';
  for await (const part of response) {
    const lines = (rest + String(part)).split('\n');
    rest = lines.pop() ?? '';
    if (rest.length > LINE_MOST_BYTES) throw new Error(`a line has more than ${LINE_MOST_BYTES} letters`);
    for (const line of lines) if (line.trim() !== '') yield JSON.parse(line) as unknown;
  }
}

/** A proxy before the API server may answer in another form. */
function parsed(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return { message: text.slice(0, 500) };
  }
}

/** Of an answer, or of an object of kind `Status` among what is followed. */
export function refusalOf(status: number, answer: unknown): ApiRefusal {
  const message = textAt(answer, 'message') ?? '';
  return new ApiRefusal(numberAt(answer, 'code') ?? status, textAt(answer, 'reason') ?? '', message === '' ? `The API server answered ${status}.` : message);
}
