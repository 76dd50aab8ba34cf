import { randomUUID } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import type { Logger } from 'pino';
import type { Instant } from '../core/keys.ts';
import { isNoRoom } from '../processes/noRoom.ts';
import { isUnavailable } from '../store/intents/statement.ts';
import { BatchError } from '../wire/errors.ts';
import { ManagementError } from '../wire/management/errors.ts';
import type { Answer } from './answer.ts';
import { Body } from './body.ts';
import { NotModified } from './conditions.ts';
import { isReader, withoutSecrets } from './page/redaction.ts';
import { authorize, type Access, type Principal } from './principal.ts';
import { logAnswer, type Answered } from './requestLog.ts';
import { splitTarget, type Target } from './target.ts';
import type { Tracing } from './tracing/port.ts';
import { Waits } from './waits.ts';

/**
 * One of the planes that a service has: operations with an authentication and a form of errors of their own. What all
 * of them share, from the deadline to the log, is written once in `serve`.
 */
export interface Plane {
  readonly name: 'data' | 'own' | 'management' | 'identity';
  /**
   * The operation that the request asks for; undefined: its path belongs to another plane. @throws ClientError for a
   * path of this plane with a verb or form that it does not serve.
   */
  readonly match: (request: Request) => Route | undefined;
  /**
   * Who asks; null: the plane asks for no credential. @throws ClientError for a credential that is missing or wrong.
   */
  readonly authenticate: (request: Request) => Principal | null | Promise<Principal>;
  /** How the plane's clients read an error. `reason`: the phrase of the status line where it is not the usual one. */
  readonly errorBody: (error: ClientError, request: Request) => { readonly contentType: string; readonly text: string; readonly reason?: string };
  /** What a 401 tells of how to authenticate (`WWW-Authenticate`). */
  readonly challenge: (request: Request) => string;
  /** Headers of all answers of the plane. */
  readonly headers: (request: Request) => Readonly<Record<string, string>>;
}

/** An error that is for the client. The first comes from anywhere, the second from the management plane alone. */
export type ClientError = BatchError | ManagementError;

/** What was found for a request. */
interface Route {
  /** As metrics count it: a name of the plane's table; null: it has none. */
  readonly operation: string | null;
  /** The right that the caller needs; null: none, in a plane that asks for no credential. */
  readonly access: Access | null;
  /**
   * Reads the rest of the request, and returns what is to be done. @throws ClientError for a request that cannot be
   * served.
   */
  readonly handle: (caller: Caller) => Work;
}

/** Who asks, and how the rest of the request is read. */
export interface Caller {
  /** null: nobody in particular, in a plane that asks for no credential. */
  readonly principal: Principal | null;
  readonly body: Body;
  /** What the request waits for others. */
  readonly waits: Waits;
}

export interface Work {
  /** How long it may take. */
  readonly timeoutMs: number;
  /** `signal` aborts when the client has gone or the time is up. */
  readonly run: (signal: AbortSignal) => Promise<Answer>;
}

/** A request as the transport has it. */
export interface Incoming {
  readonly message: IncomingMessage;
  /** Path and query as sent. */
  readonly rawUrl: string;
  readonly scheme: 'http' | 'https';
  /** Aborts when the client has gone. */
  readonly gone: AbortSignal;
}

/** A request as planes see it. */
export interface Request extends Incoming {
  readonly requestId: string;
  /** When the request came. */
  readonly now: Instant;
  readonly target: Target;
  /** Scheme and host as the client called us, no slash at its end. */
  readonly baseUrl: string;
}

/** An answer with all its headers; `reason` is the phrase of the status line where it is not the usual one. */
export interface Outgoing extends Answer {
  readonly reason?: string;
}

/** The planes of a service, and what they share. */
export interface Planes {
  /** A request belongs to the first that matches it; the last one matches all. */
  readonly planes: readonly Plane[];
  /** The time of intents; never goes back. */
  readonly clock: () => Instant;
  /** Milliseconds that only grow: how long requests take. */
  readonly monotonic: () => number;
  readonly log: Logger;
  /** Left out: nothing is traced. */
  readonly tracing?: Tracing | undefined;
  /** Called once for each request that was answered. `operation`: null if none was found. */
  readonly observe: (operation: string | null, status: number, durationMs: number) => void;
}

/** Serves one request, whatever it is. Never throws. */
export async function serve(service: Planes, incoming: Incoming): Promise<Outgoing> {
  const request = requestOf(service, incoming);
  service.tracing?.begin(request.requestId, request.message.headers);
  const begunAt = service.monotonic();
  const found: Found = { plane: undefined, operation: null, isAuthenticated: false, waits: new Waits(service.monotonic), thrown: undefined };
  const answer = await run(service, request, found).catch((error: unknown) => errorAnswer(planeOf(service, found), request, found, error));
  const tookMs = service.monotonic() - begunAt;
  service.observe(found.operation, answer.status, tookMs);
  service.tracing?.end(request.requestId, { operation: found.operation, method: request.message.method ?? '', path: request.target.path, status: answer.status, startedAt: request.now, tookMs });
  tell(service, request, { status: answer.status, thrown: found.thrown, tookMs, waitedMs: found.waits.totalMs });
  // Who shows no credential gets an answer, and no connection to hold.
  const closing = found.isAuthenticated ? {} : { connection: 'close' };
  return { ...answer, headers: { ...commonHeaders(request), ...planeOf(service, found).headers(request), ...closing, ...answer.headers } };
}

function requestOf(service: Planes, incoming: Incoming): Request {
  // X-Forwarded-* headers are not trusted: links name the host that the client itself named.
  const baseUrl = `${incoming.scheme}://${incoming.message.headers.host ?? 'localhost'}`;
  return { ...incoming, requestId: randomUUID(), now: service.clock(), target: splitTarget(incoming.rawUrl), baseUrl };
}

/** What is known of a request while it is served. */
interface Found {
  /** The plane that was asked last whether the request is its own. */
  plane: Plane | undefined;
  operation: string | null;
  isAuthenticated: boolean;
  readonly waits: Waits;
  /** What became an error answer. */
  thrown: unknown;
}

function planeOf({ planes }: Planes, { plane = planes.at(-1) }: Found): Plane {
  if (plane === undefined) throw new Error('the service has no plane');
  return plane;
}

async function run(service: Planes, request: Request, found: Found): Promise<Answer> {
  const { plane, route } = match(service, request, found);
  found.operation = route.operation;
  const principal = await plane.authenticate(request);
  found.isAuthenticated = principal !== null;
  permit(principal, route);
  const body = new Body(request.message, found.waits);
  const { timeoutMs, run: work } = route.handle({ principal, body, waits: found.waits });
  // A body that does not come is the client's fault, not ours.
  const late = (): BatchError => new BatchError(body.isAwaited ? 'IOError' : 'OperationTimedOut');
  const answer = await withDeadline(timeoutMs, request.gone, late, work);
  return isReader(principal) ? withoutSecrets(answer) : answer;
}

function permit(principal: Principal | null, { access }: Route): void {
  if (access === null) return;
  if (principal === null || principal.kind === 'identity') throw new Error('an operation that needs a right of an account stands in a plane that has no accounts');
  authorize(principal, access);
}

function match({ planes }: Planes, request: Request, found: Found): { readonly plane: Plane; readonly route: Route } {
  for (const plane of planes) {
    // Before it is asked: what it throws is told in its form.
    found.plane = plane;
    const route = plane.match(request);
    if (route !== undefined) return { plane, route };
  }
  throw new Error('no plane takes the request');
}

async function withDeadline(ms: number, gone: AbortSignal, late: () => BatchError, work: (signal: AbortSignal) => Promise<Answer>): Promise<Answer> {
  const controller = new AbortController();
  // The reason is what handlers throw that look at the signal; of a client that has gone nobody reads it.
  const abort = (): void => controller.abort(late());
  gone.addEventListener('abort', abort, { once: true });
  let timer: NodeJS.Timeout | undefined;
  const deadline = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => {
      abort();
      reject(late());
    }, ms);
  });
  try {
    return await Promise.race([work(controller.signal), deadline]);
  } finally {
    clearTimeout(timer);
    gone.removeEventListener('abort', abort);
  }
}

/** Clients wait so long after `ServerBusy` before they ask again (RFC 9110, 10.2.3). */
const RETRY_AFTER_SECONDS = '1';

/** The one place where an error becomes an answer. Errors that are not for clients go into the log alone. */
function errorAnswer(plane: Plane, request: Request, found: Found, thrown: unknown): Outgoing {
  if (thrown instanceof NotModified) return { status: 304, headers: thrown.headers, body: null };
  found.thrown = thrown;
  const error = thrown instanceof BatchError || thrown instanceof ManagementError ? thrown : new BatchError(isUnavailable(thrown) || isNoRoom(thrown) ? 'ServerBusy' : 'InternalError');
  const { contentType, text, ...reason } = plane.errorBody(error, request);
  const challenge = error.status === 401 ? { 'www-authenticate': plane.challenge(request) } : {};
  const retry = error.code === 'ServerBusy' ? { 'retry-after': RETRY_AFTER_SECONDS } : {};
  return { status: error.status, headers: { 'content-type': contentType, ...challenge, ...retry }, body: text, ...reason };
}

/** A log that fails changes no answer. */
function tell({ log }: Planes, { requestId, message, target }: Request, answered: Pick<Answered, 'status' | 'thrown' | 'tookMs' | 'waitedMs'>): void {
  try {
    logAnswer(log, { requestId, method: message.method ?? '', path: target.path, ...answered });
  } catch {
    // Nowhere is left to say it.
  }
}

function commonHeaders({ message, requestId }: Request): Record<string, string> {
  const headers: Record<string, string> = { 'request-id': requestId, server: 'Linarite', 'x-content-type-options': 'nosniff' };
  const clientRequestId = message.headers['client-request-id'];
  if (typeof clientRequestId === 'string' && String(message.headers['return-client-request-id']).toLowerCase() === 'true') {
    headers['client-request-id'] = clientRequestId;
  }
  return headers;
}
