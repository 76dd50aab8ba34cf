import type { IncomingMessage } from 'node:http';
import type { Logger } from 'pino';
import { BatchError } from '../../wire/errors.ts';
import { matchOperation, type MatchedOperation, type Operation } from '../../wire/operations.ts';
import { readQuery, readVersion } from '../../wire/query.ts';
import type { Answer } from '../answer.ts';
import { authenticate, type Authorities } from '../authentication.ts';
import { batchErrorBody, ODATA_HEADERS } from '../batchErrors.ts';
import type { Call, Parts } from '../call.ts';
import { refuseConditions } from '../conditions.ts';
import { handlers } from './handlers.ts';
import { batchChallenge } from '../identity/challenge.ts';
import type { AccountPart } from '../roles.ts';
import type { Caller, Plane, Request, Work } from '../plane.ts';

export interface DataPlaneOptions {
  readonly parts: Parts;
  readonly authorities: Authorities;
  readonly log: Logger;
}

/**
 * The data plane of Azure Batch: the operations of `wire/operationTable.ts`. It matches every request, so it comes
 * last.
 */
export function createDataPlane(options: DataPlaneOptions): Plane {
  return {
    name: 'data',
    match: (request) => {
      const { message, target } = request;
      const matched = matchOperation(message.method ?? '', target.path);
      const { operation, params } = matched;
      return { operation: operation.id, access: { right: operation.right, of: partOf(operation), params }, handle: (caller) => handle(options, request, matched, caller) };
    },
    authenticate: ({ message, rawUrl, target, now }) => {
      // As the service does it: whoever asks, the version comes first.
      readVersion(target.rawQuery, now);
      return authenticate(message, rawUrl, options.authorities);
    },
    challenge: ({ baseUrl }) => batchChallenge(baseUrl),
    errorBody: batchErrorBody,
    headers: () => ODATA_HEADERS,
  };
}

/** By the first segment of an operation's path. */
const PARTS: Readonly<Record<string, AccountPart>> = {
  applications: 'applications',
  certificates: 'certificates',
  jobs: 'jobs',
  jobschedules: 'jobSchedules',
  lifetimejobstats: 'jobs',
  lifetimepoolstats: 'pools',
  nodeagentskus: 'account',
  nodecounts: 'pools',
  pools: 'pools',
  poolusagemetrics: 'pools',
  supportedimages: 'account',
};

export function partOf({ path }: Operation): AccountPart {
  const part = PARTS[/^\/(\w+)/.exec(path)?.[1] ?? ''];
  if (part === undefined) throw new Error(`nothing says which part of an account ${path} is about`);
  return part;
}

function handle({ parts, log }: DataPlaneOptions, request: Request, { operation, params }: MatchedOperation, { principal, body, waits }: Caller): Work {
  const { message, target, now, requestId, baseUrl } = request;
  if (principal === null || principal.kind === 'identity') throw new Error(`${operation.id} needs a principal`);
  const query = readQuery(operation, target.rawQuery, now);
  const { version } = query;
  if (version.newer) log.info({ apiVersion: version.text, servedAs: version.revision }, 'api-version is newer than this service');
  const handler = handlers[operation.id];
  if (handler === undefined) throw notServed(operation);
  refuseContentType(message);
  refuseConditions(operation, message.headers);
  const { path, rawQuery } = target;
  const json = (): Promise<unknown> => body.json();
  const jsonIfAny = (): Promise<unknown> => body.jsonIfAny();
  const run = async (signal: AbortSignal): Promise<Answer> => {
    if (operation.body === undefined) await body.refuse();
    const { headers } = message;
    const call: Call = { principal, operation, params, query, rawQuery, headers, version, baseUrl, path, requestId, now, signal, json, jsonIfAny };
    return handler(call, waits.countedIn(parts));
  };
  return { timeoutMs: query.serverTimeoutMs, run };
}

function notServed({ id, method, path }: Operation): BatchError {
  return new BatchError('NotImplemented', [{ key: 'Reason', value: `${id} (${method} ${path}) is not served yet. What is served stands in docs/compatibility.md of Linarite.` }]);
}

/**
 * `application/json; odata=minimalmetadata` is what clients send; which type it is does not matter, whether it is one
 * does.
 */
const MEDIA_TYPE = /^[\w!#$%&'*+.^`|~-]+\/[\w!#$%&'*+.^`|~-]+\s*(;|$)/;

function refuseContentType({ headers }: IncomingMessage): void {
  const type = headers['content-type'];
  if (type !== undefined && !MEDIA_TYPE.test(type)) throw new BatchError('InvalidHeaderValue', [{ key: 'HeaderName', value: 'Content-Type' }]);
}
