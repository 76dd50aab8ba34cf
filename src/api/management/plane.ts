import { invalidQuery } from '../../wire/errors.ts';
import { LIMITS } from '../../wire/limits.ts';
import { lowerAscii } from '../../wire/letters.ts';
import { matchManagementOperation, requireServed, type ManagementOperation, type MatchedManagementOperation } from '../../wire/management/operations.ts';
import { parseManagementVersion } from '../../wire/management/versions.ts';
import { ManagementError } from '../../wire/management/errors.ts';
import { managementChallenge } from '../identity/challenge.ts';
import type { Identity } from '../identity/identity.ts';
import type { Caller, Plane, Request, Work } from '../plane.ts';
import type { IdentityPrincipal } from '../principal.ts';
import type { Audit } from '../audit.ts';
import type { ManagementCall, ManagementParts } from './call.ts';
import { managementErrorBody } from './errorForm.ts';
import { managementHandlers } from './handlers.ts';
import { requireSubscription } from './subscription/handlers.ts';

/** Roots of Azure Resource Manager's paths. */
const ROOTS: ReadonlySet<string> = new Set(['subscriptions', 'providers', 'tenants']);

export interface ManagementPlaneOptions {
  readonly parts: ManagementParts;
  /** Hears of each request that is no read. */
  readonly audit: Audit;
  /** Who asks. @throws ManagementError AuthenticationFailed and its like (401). */
  readonly authenticate: (request: Request) => Promise<IdentityPrincipal>;
  /** Whether a role of the identity gives an action on what the path names. */
  readonly permits: (identity: Identity, action: string, path: string) => Promise<boolean>;
}

/** The management plane: Azure Resource Manager, as far as `wire/management/operations.ts` has it. */
export function createManagementPlane(options: ManagementPlaneOptions): Plane {
  return {
    name: 'management',
    match: (request) => {
      const { message, target } = request;
      if (!ROOTS.has(lowerAscii(target.path.split('/')[1] ?? ''))) return undefined;
      // `az resource` leaves the segment of a parent empty: `/providers/Microsoft.Batch//batchAccounts/…`.
      const path = target.path.replaceAll(/\/{2,}/g, '/');
      const matched = matchManagementOperation(message.method ?? '', path);
      return { operation: matched.operation.id, access: null, handle: (caller) => handle(options, { ...request, target: { ...target, path } }, matched, caller) };
    },
    authenticate: (request) => options.authenticate(request),
    challenge: ({ baseUrl }) => managementChallenge(baseUrl),
    errorBody: managementErrorBody,
    headers: ({ requestId, message }) => {
      const asked = message.headers['x-ms-client-request-id'];
      return { 'x-ms-request-id': requestId, ...(typeof asked === 'string' ? { 'x-ms-client-request-id': asked } : {}) };
    },
  };
}

function handle({ parts, permits, audit }: ManagementPlaneOptions, request: Request, { operation, params }: MatchedManagementOperation, { principal, body, waits }: Caller): Work {
  if (principal?.kind !== 'identity') throw new Error(`${operation.id} needs an identity`);
  const { identity } = principal;
  const { message, target, now, requestId, baseUrl } = request;
  const query = new URLSearchParams(target.rawQuery);
  const version = parseManagementVersion(distinct(query, 'api-version').join(','));
  const run = async (signal: AbortSignal) => {
    await requirePermission(permits, identity, operation.action, target.path);
    // As the gateway of the real service: before anything of the provider is looked at.
    if (params['subscriptionId'] !== undefined) requireSubscription({ params }, parts);
    requireServed(operation, version);
    refuseUnknownQuery(operation, query);
    if (operation.body === undefined) await body.refuse();
    const call: ManagementCall = { identity, operation, params, query, headers: message.headers, version, baseUrl, path: target.path, requestId, now, signal, json: () => body.json(), jsonIfAny: () => body.jsonIfAny(), text: (mostBytes) => body.text(mostBytes) };
    return managementHandlers[operation.id](call, { ...parts, data: waits.countedIn(parts.data) });
  };
  return { timeoutMs: LIMITS.serverTimeoutMs, run: isRead(operation) ? run : (signal) => audit('management write', { requestId, operation: operation.id, path: target.path, identity }, run(signal)) };
}

export function isRead({ method }: Pick<ManagementOperation, 'method'>): boolean {
  return method === 'GET' || method === 'HEAD';
}

/** Nothing that is asked of a list is ignored. @throws BatchError InvalidQueryParameterValue (400). */
function refuseUnknownQuery({ query: taken = [] }: ManagementOperation, query: URLSearchParams): void {
  const known: readonly string[] = [...taken, '$skiptoken'];
  for (const [name, value] of query) {
    if (!name.startsWith('$') && name !== 'maxresults') continue;
    if (!known.includes(name)) throw invalidQuery(name, value, 'This operation does not take the parameter.');
    if (distinct(query, name).length > 1) throw invalidQuery(name, value, 'It stands there twice, with different values.');
  }
}

/** The values of a parameter: clients that follow a link may say again what it says already. */
function distinct(query: URLSearchParams, name: string): readonly string[] {
  return [...new Set(query.getAll(name))];
}

/** @throws ManagementError AuthorizationFailed (403), in the words of Azure Resource Manager. */
export async function requirePermission(permits: ManagementPlaneOptions['permits'], identity: Identity, action: string, path: string): Promise<void> {
  if (await permits(identity, action, path)) return;
  const { name, objectId } = identity;
  throw new ManagementError('AuthorizationFailed', `The client '${name}' with object id '${objectId}' does not have authorization to perform action '${action}' over scope '${path}' or the scope is invalid.`);
}
