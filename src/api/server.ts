import type { IncomingMessage, ServerResponse } from 'node:http';
import { pipeline, type Duplex } from 'node:stream';
import fastify, { type FastifyInstance, type FastifyReply, type FastifyRequest } from 'fastify';
import type { Logger } from 'pino';
import type { Instant } from '../core/keys.ts';
import type { AgentDoor, NodeFiles, Wake } from '../ports.ts';
import { ping, type Database } from '../store/intents/statement.ts';
import { BatchError } from '../wire/errors.ts';
import { limits } from '../wire/limits.ts';
import { createAgentSockets } from './agentSockets.ts';
import type { Quotas } from './call.ts';
import { refuse, serve, type Account, type DataPlane, type Incoming, type Outgoing } from './dataPlane.ts';
import { createFileTransfers, type FileTransfers } from './fileTransfers.ts';
import { frontPage } from './frontPage.ts';
import { headerName } from './headerNames.ts';
import { createMetrics } from './metrics.ts';

/** All that the API is made of. */
export interface ApiOptions {
  /** Connections made for the purpose `api`. */
  readonly database: Database;
  readonly wake: Wake;
  readonly files: NodeFiles;
  readonly door: AgentDoor;
  /** Shared with what implements `files`; made here when not given. */
  readonly transfers?: FileTransfers;
  readonly accounts: readonly Account[];
  readonly clock: () => Instant;
  readonly log: Logger;
  readonly quotas?: Partial<Quotas>;
  /** Whether requests can be served (beyond the database answering): `/readyz`. */
  readonly ready?: () => boolean;
}

/** The API as a listener needs it. */
export interface Api {
  readonly handler: (request: IncomingMessage, response: ServerResponse) => void;
  readonly upgrade: (request: IncomingMessage, socket: Duplex, head: Buffer) => void;
  readonly transfers: FileTransfers;
  /** For tests without sockets: `app.inject`. */
  readonly app: FastifyInstance;
  /** Closes agents' sockets and open transfers; requests under way are the listener's to wait for. */
  close(): Promise<void>;
}

const dataPlaneRoute = '/data-plane';
const ownPaths: ReadonlySet<string> = new Set(['/', '/healthz', '/readyz', '/metrics']);
const agentFilePrefix = '/linarite/agent/files/';

export async function createApi(options: ApiOptions): Promise<Api> {
  const metrics = createMetrics(options.database);
  const transfers = options.transfers ?? createFileTransfers();
  const sockets = createAgentSockets(options.door, options.log);
  const quotas = { pools: limits.quotas.pools, activeJobs: limits.quotas.activeJobsAndSchedules, ...options.quotas };
  const plane: DataPlane = {
    parts: { database: options.database, wake: options.wake, files: options.files, quotas },
    accounts: new Map(options.accounts.map((account) => [account.name, account])),
    clock: options.clock,
    log: options.log,
    observe: metrics.observe,
  };

  const app = fastify({ logger: false, exposeHeadRoutes: false, rewriteUrl: routeOf });
  // Bodies are read by handlers, from the raw request, so that their errors are ours and files can stream.
  app.removeAllContentTypeParsers();
  app.addContentTypeParser('*', (_request, _payload, done) => done(null));

  const dataPlane = async (request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> =>
    send(request, reply, await serve(plane, incomingOf(request, reply)));
  app.all(dataPlaneRoute, dataPlane);
  app.setNotFoundHandler(dataPlane);
  // What the framework refuses before a handler runs: a Content-Type that does not parse.
  app.setErrorHandler((error, request, reply) => {
    const incoming = incomingOf(request, reply);
    const known = error instanceof Error && 'statusCode' in error && error.statusCode === 415;
    return send(request, reply, refuse(plane, incoming, known ? new BatchError('InvalidHeaderValue', [{ key: 'HeaderName', value: 'Content-Type' }]) : error));
  });

  app.get('/healthz', () => 'ok\n');
  app.get('/readyz', async (_request, reply) => {
    const ready = (options.ready?.() ?? true) && (await ping(options.database));
    return reply.code(ready ? 200 : 503).send(ready ? 'ready\n' : 'not ready\n');
  });
  app.get('/metrics', async (_request, reply) => reply.type(metrics.contentType).send(await metrics.text()));
  app.get('/', (_request, reply) => reply.type('text/html; charset=utf-8').send(frontPage([...plane.accounts.keys()])));
  app.post(`${agentFilePrefix}:request`, async (request, reply) => {
    const { status, text } = await transfers.take(request.raw, decodeURIComponent(request.url.slice(agentFilePrefix.length)), options.door);
    return reply.code(status).send(text);
  });
  await app.ready();

  return {
    handler: (request, response) => app.routing(request, response),
    upgrade: sockets.upgrade,
    transfers,
    app,
    close: async () => {
      sockets.close();
      transfers.close();
      await app.close();
    },
  };
}

/** Our few own paths keep their routes; all else is the data plane's, whose matcher needs the path as it was sent. */
function routeOf(request: IncomingMessage): string {
  const url = request.url ?? '/';
  const mark = url.indexOf('?');
  const path = mark === -1 ? url : url.slice(0, mark);
  const own = ownPaths.has(path) ? request.method === 'GET' && !(path === '/' && mark !== -1) : path.startsWith(agentFilePrefix) && isDecodable(path);
  return own ? path : dataPlaneRoute;
}

/** Whether the framework's router can read it; the data plane's own says what is wrong with what it cannot. */
function isDecodable(path: string): boolean {
  try {
    decodeURIComponent(path);
    return true;
  } catch {
    return false;
  }
}

function incomingOf(request: FastifyRequest, reply: FastifyReply): Incoming {
  const gone = new AbortController();
  reply.raw.once('close', () => {
    if (!reply.raw.writableFinished) gone.abort();
  });
  const encrypted = 'encrypted' in request.raw.socket && request.raw.socket.encrypted === true;
  return { message: request.raw, rawUrl: request.originalUrl, scheme: encrypted ? 'https' : 'http', gone: gone.signal };
}

/** By hand: the framework would write the names of headers in lower case. */
function send({ method }: FastifyRequest, reply: FastifyReply, { status, headers, body, reason }: Outgoing): FastifyReply {
  reply.hijack();
  const { raw } = reply;
  raw.statusCode = status;
  if (reason !== undefined) raw.statusMessage = reason;
  for (const [name, value] of Object.entries(headers)) raw.setHeader(headerName(name), value);
  // A HEAD answer, an error too, has headers alone.
  if (method === 'HEAD' || body === null) raw.end();
  else if (typeof body === 'string') raw.end(body);
  // A body that breaks off breaks the connection: so the client knows that it does not have it all.
  else pipeline(body, raw, () => {});
  return reply;
}
