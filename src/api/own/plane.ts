import { Readable } from 'node:stream';
import { LIMITS } from '../../wire/limits.ts';
import { BatchError } from '../../wire/errors.ts';
import { authenticate, authenticateAgain, type Authorities } from '../authentication.ts';
import { batchErrorBody, ODATA_HEADERS } from '../batchErrors.ts';
import type { Parts } from '../call.ts';
import { batchChallenge } from '../identity/challenge.ts';
import type { Caller, Plane, Request, Work } from '../plane.ts';
import { authorize, type Access } from '../principal.ts';
import { whileStanding } from '../standing.ts';
import { matchOwnOperation, type MatchedOwnOperation } from './operations.ts';

export interface OwnPlaneOptions {
  readonly parts: Parts;
  readonly authorities: Authorities;
}

/**
 * Operations of Linarite itself, under `/linarite/`: signed as those of the data plane, errors in its form, no
 * versions.
 */
export function createOwnPlane({ parts, authorities }: OwnPlaneOptions): Plane {
  return {
    name: 'own',
    match: (request) => {
      const matched = matchOwnOperation(request.message.method ?? '', request.target.path);
      if (matched === undefined) return undefined;
      const query = new URLSearchParams(request.target.rawQuery);
      const { method, path } = matched.operation;
      const access = accessOf(matched, query);
      return { operation: `${method} ${path}`, access, handle: (caller) => handle(parts, authorities, { request, matched, query, access }, caller) };
    },
    authenticate: ({ message, rawUrl }) => authenticate(message, rawUrl, authorities),
    challenge: ({ baseUrl }) => batchChallenge(baseUrl),
    errorBody: batchErrorBody,
    headers: () => ODATA_HEADERS,
  };
}

function accessOf({ operation: { right, of, jobInQuery }, params }: MatchedOwnOperation, query: URLSearchParams): Access {
  const jobId = jobInQuery === undefined ? null : query.get(jobInQuery);
  return jobId ? { right, of: 'jobs', params: { ...params, jobId } } : { right, of, params };
}

interface Found {
  readonly request: Request;
  readonly matched: MatchedOwnOperation;
  readonly query: URLSearchParams;
  readonly access: Access;
}

function handle(parts: Parts, authorities: Authorities, { request, matched: { operation, params }, query, access }: Found, { principal, body, waits }: Caller): Work {
  if (principal === null || principal.kind === 'identity') throw new Error('an operation of ours needs a principal');
  const { now, message, baseUrl } = request;
  return {
    timeoutMs: operation.timeoutMs ?? LIMITS.serverTimeoutMs,
    run: async (signal) => {
      if (operation.body === undefined) await body.refuse();
      const call = { principal, account: principal.account.number, params, query, headers: message.headers, baseUrl, now, remoteAddress: message.socket.remoteAddress ?? '', signal, json: () => body.json(), jsonIfAny: () => body.jsonIfAny(), text: (mostBytes: number) => body.text(mostBytes) };
      const answer = await operation.run(call, waits.countedIn(parts));
      if (operation.changesAccess === true) authorities.accounts.tell();
      return answer.endless === true && answer.body instanceof Readable ? { ...answer, body: standing(answer.body, request, authorities, access) } : answer;
    },
  };
}

function standing(body: Readable, { message, rawUrl }: Request, authorities: Authorities, access: Access): Readable {
  const askedAt = authorities.wallClock();
  const mayStill = async (): Promise<boolean> => {
    try {
      authorize(await authenticateAgain(message, rawUrl, authorities, askedAt), access);
      return true;
    } catch (error) {
      if (error instanceof BatchError) return false;
      throw error;
    }
  };
  return whileStanding(body, { accounts: authorities.accounts, mayStill });
}
