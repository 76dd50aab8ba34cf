import { randomBytes, randomUUID } from 'node:crypto';
import type { Instant } from '../../../core/keys.ts';
import { type ApplicationCredential, credentialsOf, findRegistration, insertCredential, insertPrincipal, insertRegistration, listRegistrations, type Registration, removeCertificates, removePrincipal, removeRegistration, removeSecret, renameRegistration } from '../../../store/intents/directory.ts';
import { transaction, type Database } from '../../../store/intents/statement.ts';
import { isGuid } from '../../../wire/management/guid.ts';
import { hashOf, secretTextOf } from '../secrets.ts';
import { OPERATOR_USER } from '../wellKnown.ts';
import { bad, certificatesAsked, idIn, membersOf, nameIn, secretAsked } from './bodies.ts';
import { GraphError } from './errors.ts';
import { filterOf } from './filter.ts';
import { MOST_REGISTRATIONS, principalOf, servicePrincipals } from './principals.ts';
import { applicationView, principalView, secretView, USER_VIEW } from './views.ts';

/** One request to the directory, by whoever may ask it. */
interface GraphCall {
  /** Of the path: an object id, or `(appId='…')`. */
  readonly id: string;
  readonly filter: string | undefined;
  /** Undefined: none was sent. */
  readonly body: unknown;
  /** Where objects have their addresses: `https://HOST/graph/v1.0`. */
  readonly root: string;
  readonly now: Instant;
  readonly database: Database;
  /** Whether a person asks, and not an application. */
  readonly isUser: boolean;
}

export interface GraphAnswer {
  readonly status: 200 | 201 | 204;
  readonly body: object | null;
}

type GraphHandler = (call: GraphCall) => Promise<GraphAnswer>;

/** The operations of Microsoft Graph that `az ad` and its kin ask for, by verb and path; `{id}` is an object's. */
export const GRAPH_HANDLERS: Readonly<Record<string, GraphHandler>> = {
  'GET /applications': async ({ database, filter, root }) => {
    const keeps = filterOf(filter);
    const found = (await listRegistrations(database, MOST_REGISTRATIONS)).filter((one) => keeps({ ...one, id: one.objectId }));
    return list(root, 'applications', await Promise.all(found.map(async (one) => applicationView(one, await credentialsOf(database, one.appId)))));
  },
  'POST /applications': createApplication,
  'GET /applications/{id}': async (call) => ok(await viewOf(call, await application(call))),
  'PATCH /applications/{id}': async (call) => change(call, await application(call), 'objectId'),
  'DELETE /applications/{id}': async (call) => {
    const found = await application(call);
    await transaction(call.database, (tx) => removeRegistration(tx, found));
    return NO_CONTENT;
  },
  'GET /applications/{id}/owners': async (call) => none(call, await application(call)),
  'POST /applications/{id}/addPassword': async (call) => addPassword(call, await application(call), 'objectId'),
  'POST /applications/{id}/removePassword': async (call) => removePassword(call, await application(call), 'objectId'),
  'GET /servicePrincipals': async ({ database, filter, root }) => {
    const keeps = filterOf(filter);
    const found = (await servicePrincipals(database)).filter((one) => keeps({ ...one, id: one.objectId }));
    return list(root, 'servicePrincipals', await Promise.all(found.map(async (one) => principalView(one, await credentialsOf(database, one.appId)))));
  },
  'POST /servicePrincipals': createPrincipal,
  'GET /servicePrincipals/{id}': async (call) => {
    const { objectId, appId } = idOf(call);
    const found = (await servicePrincipals(call.database)).find((one) => one.objectId === objectId || one.appId === appId);
    if (found === undefined) throw missing(call.id);
    return ok({ '@odata.context': `${call.root}/$metadata#servicePrincipals/$entity`, ...principalView(found, await credentialsOf(call.database, found.appId)) });
  },
  'PATCH /servicePrincipals/{id}': async (call) => change(call, await principal(call), 'principalId'),
  'DELETE /servicePrincipals/{id}': async (call) => {
    const found = await principal(call);
    await transaction(call.database, (tx) => removePrincipal(tx, found));
    return NO_CONTENT;
  },
  'GET /servicePrincipals/{id}/owners': async (call) => none(call, await principal(call)),
  'POST /servicePrincipals/{id}/addPassword': async (call) => addPassword(call, await principal(call), 'principalId'),
  'POST /servicePrincipals/{id}/removePassword': async (call) => removePassword(call, await principal(call), 'principalId'),
  'GET /users': async ({ filter, root }) => {
    const keeps = filterOf(filter);
    const { id, displayName, userPrincipalName } = USER_VIEW;
    return list(root, 'users', keeps({ id, displayName, userPrincipalName }) ? [USER_VIEW] : []);
  },
  'GET /users/{id}': async ({ id, root }) => {
    if (![OPERATOR_USER.objectId, OPERATOR_USER.name].includes(id.toLowerCase())) throw missing(id);
    return ok({ '@odata.context': `${root}/$metadata#users/$entity`, ...USER_VIEW });
  },
  'GET /groups': async ({ filter, root }) => {
    filterOf(filter);
    return list(root, 'groups', []);
  },
  'GET /me': async ({ root, isUser }) => {
    if (!isUser) throw new GraphError('BadRequest', '/me request is only valid with delegated authentication flow.');
    return ok({ '@odata.context': `${root}/$metadata#users/$entity`, ...USER_VIEW });
  },
  'POST /directoryObjects/getByIds': async ({ database, body, root }) => {
    const { ids } = membersOf(body, ['ids', 'types']);
    if (!Array.isArray(ids) || !ids.every((id) => typeof id === 'string')) throw bad("The property 'ids' must be a list of GUIDs.");
    const wanted = new Set(ids.map((id) => id.toLowerCase()));
    const principals = (await servicePrincipals(database)).filter(({ objectId }) => wanted.has(objectId)).map((one) => principalView(one, []));
    return list(root, 'directoryObjects', wanted.has(USER_VIEW.id) ? [USER_VIEW, ...principals] : principals);
  },
};

const NO_CONTENT: GraphAnswer = { status: 204, body: null };

function ok(body: object): GraphAnswer {
  return { status: 200, body };
}

function list(root: string, name: string, value: readonly object[]): GraphAnswer {
  return ok({ '@odata.context': `${root}/$metadata#${name}`, value });
}

/** Nobody owns an object but the operator of the service. */
async function none({ root }: GraphCall, _found: Registration): Promise<GraphAnswer> {
  return list(root, 'directoryObjects', []);
}

async function createApplication(call: GraphCall): Promise<GraphAnswer> {
  const { database, now } = call;
  const members = membersOf(call.body, ['displayName', 'keyCredentials', 'signInAudience']);
  const displayName = nameIn(members, 'displayName');
  if (displayName === undefined) throw bad("A value is required for property 'displayName' of resource 'Application'.");
  const { signInAudience = 'AzureADMyOrg', keyCredentials = [] } = members;
  if (signInAudience !== 'AzureADMyOrg' && signInAudience !== 'AzureADMultipleOrgs') throw bad(`Invalid value specified for property 'signInAudience': applications are of this tenant, 'AzureADMyOrg'.`);
  if ((await listRegistrations(database, MOST_REGISTRATIONS)).length >= MOST_REGISTRATIONS) throw new GraphError('Directory_QuotaExceeded', `No more than ${MOST_REGISTRATIONS} applications can be registered.`);
  const made: Registration = { appId: randomUUID(), objectId: randomUUID(), displayName, principalId: null, createdAt: now };
  const certificates = certificatesAsked(keyCredentials, made.objectId, []);
  await transaction(database, async (tx) => {
    await insertRegistration(tx, made);
    for (const one of certificates) await insertCredential(tx, made.appId, one);
  });
  return { status: 201, body: await viewOf(call, made) };
}

async function createPrincipal({ database, body, root }: GraphCall): Promise<GraphAnswer> {
  const members = membersOf(body, ['appId', 'accountEnabled']);
  if (members['accountEnabled'] === false) throw bad("Invalid value specified for property 'accountEnabled': service principals are enabled here.");
  const appId = idIn(members, 'appId');
  const registration = await findRegistration(database, appId);
  if (registration?.appId !== appId) throw bad(`The appId '${appId}' of the service principal does not reference a valid application object.`);
  const principalId = randomUUID();
  if (!(await insertPrincipal(database, appId, principalId))) {
    throw new GraphError('Request_MultipleObjectsWithSameKeyValue', `The service principal cannot be created, updated, or restored because the service principal name ${appId} is already in use.`);
  }
  const [made] = principalOf({ ...registration, principalId });
  if (made === undefined) throw new Error(`the application ${appId} has no service principal`);
  return { status: 201, body: { '@odata.context': `${root}/$metadata#servicePrincipals/$entity`, ...principalView(made, []) } };
}

/** Whose credentials: the application's own, or its service principal's. */
type Holder = 'objectId' | 'principalId';

async function change({ database, body }: GraphCall, found: Registration, of: Holder): Promise<GraphAnswer> {
  const members = membersOf(body, of === 'objectId' ? ['displayName', 'keyCredentials', 'signInAudience'] : ['keyCredentials', 'accountEnabled']);
  if (members['accountEnabled'] === false) throw bad("Invalid value specified for property 'accountEnabled': service principals are enabled here.");
  const [displayName, holder] = [nameIn(members, 'displayName'), holderOf(found, of)];
  await transaction(database, async (tx) => {
    if (displayName !== undefined) await renameRegistration(tx, found.appId, displayName);
    if (members['keyCredentials'] === undefined) return;
    const certificates = certificatesAsked(members['keyCredentials'], holder, await credentialsOf(tx, found.appId));
    await removeCertificates(tx, holder);
    for (const one of certificates) await insertCredential(tx, found.appId, one);
  });
  return NO_CONTENT;
}

const SECRET_BYTES = 32;
const MOST_SECRETS = 100;

/** The secret is shown this once. */
async function addPassword({ database, body, root, now }: GraphCall, found: Registration, of: Holder): Promise<GraphAnswer> {
  const asked = secretAsked(body, now);
  if ((await credentialsOf(database, found.appId)).length >= MOST_SECRETS) throw new GraphError('Directory_QuotaExceeded', `No more than ${MOST_SECRETS} credentials can be registered.`);
  const secretText = secretTextOf(randomBytes(SECRET_BYTES));
  const credential: ApplicationCredential = { ...asked, keyId: randomUUID(), holder: holderOf(found, of), kind: 'secret', hint: secretText.slice(0, 3), proof: hashOf(secretText) };
  await insertCredential(database, found.appId, credential);
  return ok({ '@odata.context': `${root}/$metadata#microsoft.graph.passwordCredential`, ...secretView(credential), secretText });
}

async function removePassword({ database, body }: GraphCall, found: Registration, of: Holder): Promise<GraphAnswer> {
  const keyId = idIn(membersOf(body, ['keyId']), 'keyId');
  if (!(await removeSecret(database, holderOf(found, of), keyId))) throw bad('No password credential found with keyId.');
  return NO_CONTENT;
}

function holderOf(found: Registration, of: Holder): string {
  const holder = found[of];
  if (holder === null) throw new Error(`the application ${found.appId} has no service principal`);
  return holder;
}

async function viewOf({ database, root }: GraphCall, found: Registration): Promise<object> {
  return { '@odata.context': `${root}/$metadata#applications/$entity`, ...applicationView(found, await credentialsOf(database, found.appId)) };
}

/** By its own id, or by that of its application. */
function idOf({ id }: GraphCall): { readonly objectId?: string; readonly appId?: string } {
  const [, named] = /^\(appId='([^']+)'\)$/i.exec(id) ?? [];
  const asked = (named ?? id).toLowerCase();
  if (!isGuid(asked)) throw missing(id);
  return named === undefined ? { objectId: asked } : { appId: asked };
}

async function application(call: GraphCall): Promise<Registration> {
  const { objectId, appId } = idOf(call);
  const found = await findRegistration(call.database, objectId ?? appId ?? '');
  if (found === null || (found.objectId !== objectId && found.appId !== appId)) throw missing(call.id);
  return found;
}

/** Of an application; those of the operator and of managed identities are not changed here. */
async function principal(call: GraphCall): Promise<Registration> {
  const { objectId, appId } = idOf(call);
  const found = await findRegistration(call.database, objectId ?? appId ?? '');
  if (found !== null && found.principalId !== null && (found.principalId === objectId || found.appId === appId)) return found;
  const isOther = (await servicePrincipals(call.database)).some((one) => one.objectId === objectId || one.appId === appId);
  throw isOther ? new GraphError('Authorization_RequestDenied', 'The service principals of the operator and of managed identities are not changed in the directory.') : missing(call.id);
}

function missing(id: string): GraphError {
  return new GraphError('Request_ResourceNotFound', `Resource '${id.slice(0, 64)}' does not exist or one of its queried reference-property objects are not present.`);
}

