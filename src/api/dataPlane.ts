import { randomUUID } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import type { Logger } from 'pino';
import type { AccountNumber, Instant } from '../core/keys.ts';
import { isNoRoom } from '../processes/noRoom.ts';
import { isUnavailable } from '../store/intents/statement.ts';
import { BatchError, errorBody } from '../wire/errors.ts';
import { matchOperation, type Operation, type OperationId } from '../wire/operations.ts';
import { readQuery, readVersion } from '../wire/query.ts';
import { jsonContentType, type Answer } from './answer.ts';
import { authenticate } from './authentication.ts';
import { readJson, refuseBody } from './body.ts';
import type { Call, Parts } from './call.ts';
import { NotModified, refuseConditions } from './conditions.ts';
import { explain, matchExplain } from './explain.ts';
import { handlers } from './handlers.ts';
import { isManagement, managementAnswer } from './management.ts';
import { type Answered, logAnswer } from './requestLog.ts';
import { splitTarget, type Target } from './target.ts';
import { Waits } from './waits.ts';

/** An account as requests name it: keys are base64, either of them signs. */
export interface Account {
  readonly number: AccountNumber;
  /** Lower case. */
  readonly name: string;
  readonly keys: readonly string[];
}

export interface DataPlane {
  readonly parts: Parts;
  readonly accounts: ReadonlyMap<string, Account>;
  /** The time of intents; never goes back. */
  readonly clock: () => Instant;
  /** The time that signatures are held against. */
  readonly wallClock: () => Instant;
  /** Milliseconds that only grow: how long requests take. */
  readonly monotonic: () => number;
  readonly log: Logger;
  /** Called once for each request that was answered. `operation`: null if none was found. */
  readonly observe: (operation: OperationId | null, status: number, durationMs: number) => void;
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

/** An answer with all its headers; `reason` is the phrase of the status line where it is not the usual one. */
export interface Outgoing extends Answer {
  readonly reason?: string;
}

/** Serves one request of the data plane, whatever it is. Never throws. */
export async function serve(plane: DataPlane, incoming: Incoming): Promise<Outgoing> {
  const context = contextOf(plane, incoming);
  const begunAt = plane.monotonic();
  const found: Found = { operation: null, isAuthenticated: false, waits: new Waits(plane.monotonic), thrown: undefined };
  const answer = isManagement(context.target.path) ? managementAnswer(context.requestId) : await run(plane, context, found).catch((error: unknown) => errorAnswer(context, found, error));
  const tookMs = plane.monotonic() - begunAt;
  plane.observe(found.operation, answer.status, tookMs);
  tell(plane, context, { status: answer.status, thrown: found.thrown, tookMs, waitedMs: found.waits.totalMs });
  // Who shows no credential gets an answer, and no connection to hold.
  const closing = found.isAuthenticated ? {} : { connection: 'close' };
  return { ...answer, headers: { ...commonHeaders(context), ...closing, ...answer.headers } };
}

function contextOf(plane: DataPlane, incoming: Incoming): Context {
  // X-Forwarded-* headers are not trusted: links name the host that the client itself named.
  const baseUrl = `${incoming.scheme}://${incoming.message.headers.host ?? 'localhost'}`;
  return { ...incoming, requestId: randomUUID(), now: plane.clock(), target: splitTarget(incoming.rawUrl), baseUrl };
}

interface Context extends Incoming {
  readonly requestId: string;
  readonly now: Instant;
  readonly target: Target;
  readonly baseUrl: string;
}

/** What is known of a request while it is served. */
interface Found {
  operation: OperationId | null;
  isAuthenticated: boolean;
  readonly waits: Waits;
  /** What became an error answer. */
  thrown: unknown;
}

async function run(plane: DataPlane, context: Context, found: Found): Promise<Answer> {
  const { message, target, now, requestId, baseUrl } = context;
  const asked = matchExplain(message.method ?? '', target.path);
  if (asked !== undefined) {
    const account = authenticate(message, context.rawUrl, plane.accounts, now);
    found.isAuthenticated = true;
    return explain(asked, account.number, plane.parts);
  }
  const { operation, params } = matchOperation(message.method ?? '', target.path);
  found.operation = operation.id;
  readVersion(target.rawQuery, now);
  const account = authenticate(message, context.rawUrl, plane.accounts, plane.wallClock());
  found.isAuthenticated = true;
  const query = readQuery(operation, target.rawQuery, now);
  const { version } = query;
  if (version.newer) plane.log.info({ apiVersion: version.text, servedAs: version.revision }, 'api-version is newer than this service');
  const handler = handlers[operation.id];
  if (handler === undefined) throw notServed(operation);
  refuseContentType(message);
  refuseConditions(operation, message.headers);
  const body = { isAwaited: false };
  const reading = async <Read>(read: Promise<Read>): Promise<Read> => {
    body.isAwaited = true;
    const value = await found.waits.for(read);
    body.isAwaited = false;
    return value;
  };
  // A body that does not come is the client's fault, not ours.
  const late = (): BatchError => new BatchError(body.isAwaited ? 'IOError' : 'OperationTimedOut');
  return withDeadline(query.serverTimeoutMs, context.gone, late, async (signal) => {
    if (operation.body === undefined) await reading(refuseBody(message));
    const json = (): Promise<unknown> => reading(readJson(message, 'required'));
    const jsonIfAny = (): Promise<unknown> => reading(readJson(message, 'optional'));
    const { headers } = message;
    const { path, rawQuery } = target;
    const call: Call = { account, operation, params, query, rawQuery, headers, version, baseUrl, path, requestId, now, signal, json, jsonIfAny };
    return handler(call, found.waits.countedIn(plane.parts));
  });
}

function notServed({ id, method, path }: Operation): BatchError {
  return new BatchError('NotImplemented', [{ key: 'Reason', value: `${id} (${method} ${path}) is not served yet. What is served stands in docs/compatibility.md of Linarite.` }]);
}

/** `application/json; odata=minimalmetadata` is what clients send; which type it is does not matter, whether it is one does. */
const MEDIA_TYPE = /^[\w!#$%&'*+.^`|~-]+\/[\w!#$%&'*+.^`|~-]+\s*(;|$)/;

function refuseContentType({ headers }: IncomingMessage): void {
  const type = headers['content-type'];
  if (type !== undefined && !MEDIA_TYPE.test(type)) throw new BatchError('InvalidHeaderValue', [{ key: 'HeaderName', value: 'Content-Type' }]);
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
const retryAfterSeconds = '1';

/** The one place where what was thrown becomes an answer. What is not for clients goes into the log alone. */
function errorAnswer(context: Context, found: Found, thrown: unknown): Outgoing {
  if (thrown instanceof NotModified) return { status: 304, headers: thrown.headers, body: null };
  found.thrown = thrown;
  const error = thrown instanceof BatchError ? thrown : new BatchError(isUnavailable(thrown) || isNoRoom(thrown) ? 'ServerBusy' : 'InternalError');
  const body = JSON.stringify(errorBody(error, { requestId: context.requestId, nowMs: context.now, baseUrl: context.baseUrl }));
  const headers = { 'content-type': jsonContentType, ...(error.status === 401 ? { 'www-authenticate': 'SharedKey' } : {}), ...(error.code === 'ServerBusy' ? { 'retry-after': retryAfterSeconds } : {}) };
  return { status: error.status, headers, body, reason: error.message };
}

/** A log that fails changes no answer. */
function tell({ log }: DataPlane, { requestId, message, target }: Context, answered: Pick<Answered, 'status' | 'thrown' | 'tookMs' | 'waitedMs'>): void {
  try {
    logAnswer(log, { requestId, method: message.method ?? '', path: target.path, ...answered });
  } catch {
    // Nowhere is left to say it.
  }
}

function commonHeaders({ message, requestId }: Context): Record<string, string> {
  const headers: Record<string, string> = {
    'request-id': requestId,
    dataserviceversion: '3.0',
    server: 'Linarite',
    'x-content-type-options': 'nosniff',
  };
  const clientRequestId = message.headers['client-request-id'];
  if (typeof clientRequestId === 'string' && String(message.headers['return-client-request-id']).toLowerCase() === 'true') {
    headers['client-request-id'] = clientRequestId;
  }
  return headers;
}
