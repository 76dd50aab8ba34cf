import { lowerAscii } from '../letters.ts';
import { createPathTree } from '../pathTree.ts';
import type { ApiVersion, Revision } from '../versions.ts';
import { ManagementError } from './errors.ts';
import { AUTHORIZATION, AUTHORIZATION_ROWS } from './authorizationOperations.ts';
import { BATCH_ROWS } from './batchOperations.ts';
import { DEPLOYMENT_ROWS } from './deploymentOperations.ts';
import { GROUP_ROWS } from './groupOperations.ts';
import { IDENTITY_ROWS } from './identityOperations.ts';
import { STORAGE_ROWS } from './storageOperations.ts';
import type { Shapes } from './types.generated.ts';
import { MANAGEMENT_VERSIONS, PROVIDER_VERSIONS } from './versions.ts';

/** One operation of the management plane. */
export interface ManagementRow {
  /** As the specification of its provider names it. */
  readonly id: string;
  readonly method: 'GET' | 'HEAD' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  /** `{name}` is a parameter; the rest matches in any case. */
  readonly path: string;
  /** The action that a role has to give, as Azure's roles name it: `Microsoft.Batch/batchAccounts/write`. */
  readonly action: string;
  /** Left out: none is read. */
  readonly body?: 'required' | 'optional';
  /** What the body is read as. */
  readonly shape?: keyof Shapes;
  /** What a list takes besides `api-version`; without a list no OData parameter is taken. */
  readonly query?: readonly ManagementQueryName[];
  /** Conditional headers that are heard. */
  readonly conditional?: readonly ('if-match' | 'if-none-match')[];
  /** First and last revision that have it. */
  readonly since?: Revision;
  readonly until?: Revision;
}

type ManagementQueryName = 'maxresults' | '$top' | '$select' | '$filter' | '$expand';

/** Every operation of the management plane; each provider's stand in a file of their own. */
export const MANAGEMENT_ROWS = [...GROUP_ROWS, ...DEPLOYMENT_ROWS, ...STORAGE_ROWS, ...IDENTITY_ROWS, ...AUTHORIZATION_ROWS, ...BATCH_ROWS] as const satisfies readonly ManagementRow[];

export type ManagementOperationId = (typeof MANAGEMENT_ROWS)[number]['id'];
export type ManagementOperation = ManagementRow & { readonly id: ManagementOperationId };

export interface MatchedManagementOperation {
  readonly operation: ManagementOperation;
  readonly params: Readonly<Record<string, string>>;
}

const BATCH = 'Microsoft.Batch';
const ROWS: readonly ManagementOperation[] = MANAGEMENT_ROWS;
const READING = { decode, decodeSegment: decode };
const findPlain = createPathTree(ROWS.filter((row) => !isOfScope(row)), READING);
const findAtScope = createPathTree(ROWS.filter(isOfScope), READING);

/** Paths of these come after any scope. */
function isOfScope({ path }: ManagementRow): boolean {
  return path.startsWith(AUTHORIZATION);
}

function findPath(rawPath: string): ReturnType<typeof findPlain> {
  const at = lowerAscii(rawPath).lastIndexOf(lowerAscii(`${AUTHORIZATION}/`));
  if (at === -1) return findPlain(rawPath);
  const found = findAtScope(rawPath.slice(at));
  return found === undefined ? undefined : { ...found, params: { ...found.params, scope: decode(rawPath.slice(0, at)) } };
}

/** The versions that have a type of resource, newest first. */
type TypeVersions = ReadonlyMap<string, readonly string[]>;

/** The types of resources that can be made, by the namespace of their provider; both as they are spelt. */
const TYPES: ReadonlyMap<string, TypeVersions> = typesOf(ROWS);

export function resourceTypes(): ReadonlyMap<string, TypeVersions> {
  return TYPES;
}

function typesOf(rows: readonly ManagementRow[]): Map<string, TypeVersions> {
  const found = new Map([['Microsoft.Resources', new Map([['subscriptions/resourceGroups', versionsOf('Microsoft.Resources')]])]]);
  for (const row of rows) {
    const { namespace, type } = typeOf(row.path);
    if (namespace === undefined) continue;
    const types = found.get(namespace) ?? new Map<string, readonly string[]>();
    if (row.method === 'PUT') types.set(type, namespace === BATCH ? versionsServing(row).toReversed() : versionsOf(namespace));
    found.set(namespace, types);
  }
  return found;
}

function typeOf(path: string): { readonly namespace: string | undefined; readonly type: string } {
  const [, namespace, rest = ''] = /\/providers\/(Microsoft\.\w+)\/(.+)$/.exec(path) ?? [];
  return { namespace, type: rest.split('/').filter((segment) => !segment.startsWith('{')).join('/') };
}

function versionsOf(namespace: string): readonly string[] {
  const versions = PROVIDER_VERSIONS[namespace];
  if (versions === undefined) throw new Error(`${namespace} has no versions`);
  return versions;
}

/** Oldest first. */
function versionsServing(operation: ManagementRow): readonly string[] {
  return MANAGEMENT_VERSIONS.filter(({ revision }) => isServedIn(operation, revision)).map(({ text }) => text);
}

/**
 * Finds the operation of a request. `rawPath`: as sent, without its query.
 * @throws ManagementError InvalidResourceNamespace or InvalidResourceType (404) for a path that no row has,
 * MethodNotAllowed (405) for a verb it does not take, InvalidRequestContent (400) for broken percent-encoding.
 */
export function matchManagementOperation(method: string, rawPath: string): MatchedManagementOperation {
  const found = findPath(rawPath);
  if (found === undefined) throw unknownPath(rawPath);
  const operation = found.rows.get(method);
  if (operation === undefined) throw new ManagementError('MethodNotAllowed', `The request method '${method}' is not allowed for this resource; it takes ${[...found.rows.keys()].join(', ')}.`);
  return { operation, params: found.params };
}

/** Whether a version of Microsoft.Batch has the operation. */
export function isServedIn({ since, until }: ManagementRow, revision: Revision): boolean {
  return (since === undefined || revision >= since) && (until === undefined || revision <= until);
}

/** @throws ManagementError InvalidResourceType (404) for what the version does not have, in the words of Azure. */
export function requireServed(operation: ManagementRow, { text, revision }: ApiVersion): void {
  if (isServedIn(operation, revision)) return;
  const { namespace = '', type } = typeOf(operation.path);
  throw new ManagementError('InvalidResourceType', `The resource type '${type}' could not be found in the namespace '${namespace}' for api version '${text}'. The supported api-versions are '${versionsServing(operation).join(',')}'.`);
}

function unknownPath(rawPath: string): ManagementError {
  const [, namespace, rest = ''] = /\/providers\/([^/]+)\/?([^?]*)$/i.exec(rawPath) ?? [];
  if (namespace === undefined) return new ManagementError('NotFound', `The path '${rawPath}' names nothing that Azure Resource Manager has here.`);
  const known = [...TYPES.keys()].find((one) => lowerAscii(one) === lowerAscii(namespace));
  if (known === undefined) return new ManagementError('InvalidResourceNamespace', `The resource namespace '${namespace}' is invalid: this service has ${[...TYPES.keys()].join(', ')}.`);
  const type = rest.split('/').filter((_, index) => index % 2 === 0).join('/');
  return new ManagementError('InvalidResourceType', `The resource type '${type}' could not be found in the namespace '${known}'.`);
}

function decode(text: string): string {
  try {
    const decoded = decodeURIComponent(text);
    if (!decoded.includes('\0')) return decoded;
  } catch {
    // Told below.
  }
  throw new ManagementError('InvalidRequestContent', 'The path of the request is not percent-encoded as it should be.');
}
