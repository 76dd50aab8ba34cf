import type { IncomingHttpHeaders, IncomingMessage } from 'node:http';
import type { Instant } from '../../core/keys.ts';
import { LIMITS } from '../../wire/limits.ts';
import type { TaskTokens } from '../../ports.ts';
import { identitiesOfTask } from '../../store/intents/taskIdentities.ts';
import type { Database } from '../../store/intents/statement.ts';
import type { Answer } from '../answer.ts';
import type { Audit } from '../audit.ts';
import { bearerOf } from '../bearer.ts';
import type { Body } from '../body.ts';
import { json } from '../own/json.ts';
import type { ClientError, Plane, Request } from '../plane.ts';
import { managementAudiences } from './audiences.ts';
import { createDeviceLogins, DEVICE_LOGIN_MS, type DeviceLogins } from './deviceLogins.ts';
import { cloudMetadata, instanceDiscovery, openIdConfiguration } from './documents.ts';
import { Form } from './form.ts';
import { type GrantParts, grantToken, publicClient } from './grants.ts';
import { serveGraph } from './graph/serve.ts';
import type { Identity } from './identity.ts';
import { managedToken, type ManagedParts } from './managedIdentity.ts';
import { OAuthError } from './oauthError.ts';
import { TokenRefused } from './tokenRefused.ts';
import { type IdentityOptions, identityHeader } from './options.ts';
import { type IdentityPath, identityPath } from './paths.ts';
import { checkTenant } from './tenants.ts';
import { LONGEST_LIFETIME_MS } from './tokens.ts';
import { messagePage } from './signIn/pages.ts';
import { approveDevice, authorize, signOut, type Visit } from './signIn/signIn.ts';
import { OPERATOR, OPERATOR_USER, TENANT_ID } from './wellKnown.ts';

/**
 * The identity plane: what clients ask of Microsoft Entra and of the clouds' metadata, so that their sign-in works
 * against this service. Its operations ask for no credential: each proves what it needs by itself.
 */
export function createIdentityPlane({ tokens, operatorSecret, isSecretKnown }: IdentityOptions, { database, taskTokens, wallClock, audit }: { readonly database: Database; readonly taskTokens: TaskTokens; readonly wallClock: () => Instant; readonly audit: Audit }): Plane {
  const devices = createDeviceLogins(database);
  const parts: Parts = { tokens, operatorSecret, devices, isSecretKnown, taskTokens, database, audit };
  return {
    name: 'identity',
    match: (sent) => {
      const path = identityPath(sent.target.path);
      if (path === undefined) return undefined;
      // Tokens are held against the same clock.
      const request = { ...sent, now: wallClock() };
      return { operation: 'identity', access: null, handle: ({ body }) => ({ timeoutMs: LIMITS.serverTimeoutMs, run: () => answer(path, request, body, parts).catch((error: unknown) => refused(error, request)) }) };
    },
    authenticate: () => null,
    challenge: () => 'Basic',
    errorBody: (error, { requestId, now }) => ({ contentType: JSON_TYPE, text: JSON.stringify(serverError(error, requestId, now)) }),
    headers: ({ requestId }) => ({ ...NOT_KEPT, 'x-ms-request-id': requestId }),
  };
}

const JSON_TYPE = 'application/json; charset=utf-8';
/** RFC 6749, 5.1. */
const NOT_KEPT = { 'cache-control': 'no-store', pragma: 'no-cache' };

interface Parts extends GrantParts {
  readonly isSecretKnown: boolean;
  readonly taskTokens: TaskTokens;
  /** Hears of each change of the directory, of keys, and of who signs in. */
  readonly audit: Audit;
}

async function answer(path: IdentityPath, request: Request, body: Body, parts: Parts): Promise<Answer> {
  const { message, target, baseUrl, now } = request;
  const place = { url: baseUrl.replace(/^http:/, 'https:') };
  const query = new URLSearchParams(target.rawQuery);
  switch (path.kind) {
    case 'cloudMetadata':
      return json(200, cloudMetadata(place, query.get('api-version') ?? ''));
    case 'instanceDiscovery':
      return json(200, instanceDiscovery(place));
    case 'managedToken': {
      const { method = '', headers } = message;
      const parameters = method === 'POST' ? await formOf(message, body) : new Form(query);
      return managedToken({ form: path.form, method, parameters, headers, baseUrl, now }, (await ofTask(headers, parts)) ?? ofOperator(parts));
    }
    case 'approval':
      return approve(path.userCode, request, body, parts);
    case 'configuration':
      checkTenant(path.authority.tenant);
      return json(200, openIdConfiguration(place, path.authority));
    case 'keys':
      return json(200, await parts.tokens.publicKeys(now));
    case 'token': {
      const form = await posted(message, body);
      checkTenant(path.authority.tenant);
      return json(200, await grantToken({ form, basic: basicOf(message), baseUrl, endpoint: `${place.url}${target.path}`, now }, parts));
    }
    case 'deviceCode': {
      const form = await posted(message, body);
      checkTenant(path.authority.tenant);
      return json(200, await beginDeviceLogin(form, place.url, now, parts));
    }
    case 'authorize':
      return shown(request, async () => {
        checkTenant(path.authority.tenant);
        return authorize(await visitOf(request, query, body), parts);
      });
    case 'deviceLogin':
      return shown(request, async () => approveDevice(await visitOf(request, query, body), { ...parts, devices: auditedDevices(request, parts) }));
    case 'signOut':
      return signOut();
    case 'graph':
      return serveGraph(request, body, parts);
    case 'keyRotation':
      return rotateKeys(request, body, parts);
  }
}

/** Pages say to a person what is wrong with a request. */
async function shown({ requestId, now }: Request, page: () => Promise<Answer>): Promise<Answer> {
  try {
    return await page();
  } catch (error) {
    if (!(error instanceof OAuthError)) throw error;
    const { error_description: text } = error.body({ requestId, now });
    return messagePage({ title: 'The sign-in cannot begin', text, status: error.status });
  }
}

async function visitOf({ message, now }: Request, query: URLSearchParams, body: Body): Promise<Visit> {
  if (message.method !== 'GET' && message.method !== 'POST') throw onlyPost(message);
  return { query: new Form(query), entered: message.method === 'POST' ? await formOf(message, body) : null, now };
}

const HOUR_MS = 3_600_000;

function ofOperator({ tokens, operatorSecret, isSecretKnown }: Parts): ManagedParts {
  return { tokens, identities: [OPERATOR], secret: identityHeader(operatorSecret), isOpen: isSecretKnown, lifetimeMs: LONGEST_LIFETIME_MS };
}

/** Of the identities of its pool; null: no task asks. @throws OAuthError for one that has ended. */
async function ofTask(headers: IncomingHttpHeaders, { tokens, taskTokens, database }: Parts): Promise<ManagedParts | null> {
  const secret = String(headers['x-identity-header'] ?? headers['secret'] ?? '');
  const task = taskTokens.verifyIdentity(secret);
  if (task === null) return null;
  const assigned = await identitiesOfTask(database, task);
  if (assigned === null) throw new OAuthError('taskEnded', 'The task that was given this header has ended.');
  const identities = assigned.map(({ resourceId, principalId, clientId }): Identity => ({ objectId: principalId, tenantId: TENANT_ID, kind: 'managedIdentity', name: resourceId.slice(resourceId.lastIndexOf('/') + 1), appId: clientId, resourceId }));
  return { tokens, identities, secret, isOpen: false, lifetimeMs: HOUR_MS };
}

/**
 * Our own operations, which take no body, are the service principal's of the operator: its secret is a file. What they
 * change is audited.
 */
async function asOperator({ message, target, baseUrl, requestId, now }: Request, body: Body, { tokens, audit }: Parts, operation: string, work: () => Promise<Answer>): Promise<Answer> {
  await body.refuse();
  if (message.method !== 'POST') throw onlyPost(message);
  const identity = await tokens.verify(bearerOf(message) ?? '', { audiences: managementAudiences(baseUrl), now });
  const { objectId, tenantId } = identity;
  const permitted = async (): Promise<Answer> => {
    if (objectId !== OPERATOR.objectId || tenantId !== TENANT_ID) throw new OAuthError('notOperator', 'Only the service principal of the operator approves of sign-ins and changes keys.');
    return work();
  };
  return audit('identity write', { requestId, operation, path: target.path, identity }, permitted());
}

function rotateKeys(request: Request, body: Body, parts: Parts): Promise<Answer> {
  return asOperator(request, body, parts, 'rotate keys', async () => {
    const forgetsOld = new URLSearchParams(request.target.rawQuery).get('old') === 'forgotten';
    return json(200, { kid: await parts.tokens.rotate({ now: request.now, forgetsOld }) });
  });
}

/** Who signs in becomes the operator: so only the operator approves. */
function approve(userCode: string, request: Request, body: Body, parts: Parts): Promise<Answer> {
  return asOperator(request, body, parts, 'approve sign-in', async () => {
    if (!(await parts.devices.approve(userCode, request.now))) throw new OAuthError('badCode', `No sign-in waits with the code '${userCode.toUpperCase()}': it may have expired.`);
    return json(200, { code: userCode.toUpperCase(), state: 'approved' });
  });
}

/** For the page on which whoever has the operator's secret approves. */
function auditedDevices({ requestId, target }: Request, { devices, audit }: Parts): Pick<DeviceLogins, 'approve'> {
  const write = { requestId, operation: 'approve sign-in', path: target.path, identity: OPERATOR_USER };
  return {
    approve: async (code, now) => {
      const approved = devices.approve(code, now).then((isWaiting) => ({ status: isWaiting ? 200 : 400, isWaiting }));
      return (await audit('identity write', write, approved)).isWaiting;
    },
  };
}

/** RFC 8628, 3.2; `message` is what clients of Entra print. */
async function beginDeviceLogin(form: Form, url: string, now: number, { devices }: GrantParts): Promise<object> {
  const { code, userCode } = await devices.begin({ clientId: publicClient(form), now });
  return {
    user_code: userCode,
    device_code: code,
    verification_uri: `${url}/devicelogin`,
    verification_url: `${url}/devicelogin`,
    expires_in: DEVICE_LOGIN_MS / 1_000,
    interval: 1,
    message: `To sign in, run the command "linarite identity approve ${userCode}" on the machine of the service, or open the page ${url}/devicelogin and enter the code ${userCode}.`,
  };
}

async function posted(message: IncomingMessage, body: Body): Promise<Form> {
  if (message.method !== 'POST') throw onlyPost(message);
  return formOf(message, body);
}

function onlyPost({ method = '' }: IncomingMessage): OAuthError {
  return new OAuthError('onlyPost', `The endpoint only accepts POST requests. Received a ${method} request.`);
}

async function formOf(message: IncomingMessage, body: Body): Promise<Form> {
  return Form.read(message.headers['content-type'], await body.text());
}

function basicOf({ headers }: IncomingMessage): { readonly id: string; readonly secret: string } | null {
  const [, encoded] = /^Basic ([\w+/=]+)$/i.exec(headers.authorization ?? '') ?? [];
  const [id, secret, ...more] = encoded === undefined ? [] : Buffer.from(encoded, 'base64').toString().split(':');
  if (id === undefined || secret === undefined || more.length > 0) return null;
  try {
    return { id: decodeURIComponent(id), secret: decodeURIComponent(secret) };
  } catch {
    return null;
  }
}

function refused(error: unknown, { requestId, now }: Request): Answer {
  const known = error instanceof TokenRefused ? new OAuthError('invalidToken', error.message) : error;
  if (!(known instanceof OAuthError)) throw error;
  return json(known.status, known.body({ requestId, now }));
}

function serverError({ status, message }: ClientError, requestId: string, now: number): object {
  return { error: status >= 500 ? 'server_error' : 'invalid_request', error_description: message, timestamp: new Date(now).toISOString(), trace_id: requestId };
}
