import type { Instant } from '../../../core/keys.ts';
import type { Database } from '../../../store/intents/statement.ts';
import { lowerAscii } from '../../../wire/letters.ts';
import type { Answer } from '../../answer.ts';
import type { Audit } from '../../audit.ts';
import { bearerOf } from '../../bearer.ts';
import type { Body } from '../../body.ts';
import { json } from '../../own/json.ts';
import type { Request } from '../../plane.ts';
import { graphAudiences } from '../audiences.ts';
import { graphChallenge } from '../challenge.ts';
import type { Identity } from '../identity.ts';
import { TokenRefused } from '../tokenRefused.ts';
import type { Tokens } from '../tokens.ts';
import { isOperatorIdentity } from '../wellKnown.ts';
import { GraphError } from './errors.ts';
import { GRAPH_HANDLERS, type GraphAnswer } from './handlers.ts';

interface GraphParts {
  readonly tokens: Tokens;
  readonly database: Database;
  /** Hears of each request that is no read. */
  readonly audit: Audit;
}

/** Below it: what stands in for Microsoft Graph. */
export const GRAPH_ROOT = '/graph/v1.0';

/**
 * The directory, in the form of Microsoft Graph: applications with their service principals and credentials. The
 * operator alone reads and changes it, since whoever could add a secret to an application would have its rights.
 */
export async function serveGraph({ message, target, baseUrl, requestId, now }: Request, body: Body, { tokens, database, audit }: GraphParts): Promise<Answer> {
  try {
    const root = `${baseUrl.replace(/^http:/, 'https:')}${GRAPH_ROOT}`;
    const identity = await callerOf({ token: bearerOf(message) ?? '', baseUrl, now }, tokens);
    const { key, id } = operationOf(message.method ?? '', decodedPath(target.path).slice(GRAPH_ROOT.length));
    const isRead = message.method === 'GET';
    const served = async (): Promise<GraphAnswer> => {
      if (!isOperatorIdentity(identity)) throw new GraphError('Authorization_RequestDenied', 'Insufficient privileges to complete the operation.');
      const handler = Object.hasOwn(GRAPH_HANDLERS, key) ? GRAPH_HANDLERS[key] : undefined;
      if (handler === undefined) throw new GraphError('BadRequest', `Resource not found for the segment '${target.path.slice(0, 256)}': this directory does not have it, or not with that verb.`);
      const filter = new URLSearchParams(target.rawQuery).get('$filter') ?? undefined;
      return handler({ id, filter, body: isRead ? undefined : await body.jsonIfAny(), root, now, database, isUser: identity.kind === 'user' });
    };
    const answer = await (isRead ? served() : audit('directory write', { requestId, operation: key === '' ? 'unknown' : key, path: target.path, identity }, served()));
    return answer.body === null ? { status: answer.status, headers: {}, body: null } : json(answer.status, answer.body);
  } catch (error) {
    if (!(error instanceof GraphError)) throw error;
    const answer = json(error.status, error.body({ requestId, now }));
    return error.status === 401 ? { ...answer, headers: { ...answer.headers, 'www-authenticate': graphChallenge(baseUrl) } } : answer;
  }
}

/** @throws GraphError. */
async function callerOf({ token, baseUrl, now }: { readonly token: string; readonly baseUrl: string; readonly now: Instant }, tokens: Tokens): Promise<Identity> {
  if (token === '') throw new GraphError('InvalidAuthenticationToken', 'Access token is empty.');
  return tokens.verify(token, { audiences: graphAudiences(baseUrl), now }).catch((error: unknown) => {
    throw error instanceof TokenRefused ? new GraphError('InvalidAuthenticationToken', error.message) : error;
  });
}

/** @throws GraphError. */
function decodedPath(path: string): string {
  try {
    return decodeURIComponent(path);
  } catch {
    throw new GraphError('BadRequest', 'The path of the request is not well formed.');
  }
}

/** Names compare without their case, as everywhere in such paths. */
const NAMES: ReadonlyMap<string, string> = new Map(Object.keys(GRAPH_HANDLERS).map((key) => [lowerAscii(key), key]));

function operationOf(method: string, path: string): { readonly key: string; readonly id: string } {
  const [, noun = '', named, slashed, action] = /^\/(\w+)(?:(\([^)]*\))|\/([^/]+))?(?:\/([\w$]+))?\/?$/.exec(path) ?? [];
  const whole = `${method} ${path.replace(/\/$/, '')}`;
  const fixed = NAMES.get(lowerAscii(whole));
  if (fixed !== undefined) return { key: fixed, id: '' };
  const shape = `${method} /${noun}/{id}${action === undefined ? '' : `/${action}`}`;
  return { key: NAMES.get(lowerAscii(shape)) ?? '', id: named ?? slashed ?? '' };
}
