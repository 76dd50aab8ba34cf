import { createHmac, createPublicKey, generateKeyPairSync, randomUUID, type KeyObject, sign, X509Certificate } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ASSERTION_TYPE } from '../../../src/api/identity/assertion.ts';
import { OPERATOR, OPERATOR_USER } from '../../../src/api/identity/wellKnown.ts';
import { insertResource } from '../../../src/store/intents/resources.ts';
import { managementAuthority } from '../../../src/api/management/authentication.ts';
import { createAssignedRoles } from '../../../src/api/identity/assignedRoles.ts';
import { ROLES } from '../../../src/api/roles.ts';
import { selfSigned } from '../../support/selfSigned.ts';
import { SUBSCRIPTION } from '../management/support.ts';
import { IDENTITY, testApi, type Got, type TestApi } from '../support.ts';
import { BATCH_SCOPE, claimsOf, CLIENT, codeOf, HOST, operatorToken, RIGHT, SECRET, token } from './asking.ts';

const GROUP = `/subscriptions/${SUBSCRIPTION}/resourceGroups/g`;
const ROLE_ROOT = '/providers/Microsoft.Authorization/roleDefinitions';
const DAY_MS = 86_400_000;

let service: TestApi;
let graphToken: string;
let armToken: string;
let rsa: { readonly key: KeyObject; readonly certificate: X509Certificate };
let curve: typeof rsa;

beforeAll(async () => {
  const authority = managementAuthority({ tokens: IDENTITY.tokens, roles: { at: (...asked) => createAssignedRoles(service.pool).at(...asked) }, wallClock: () => service.now.value });
  service = await testApi({ management: { authority } });
  await insertResource(service.pool, { id: GROUP, type: 'Microsoft.Resources/resourceGroups', spec: { location: 'westeurope' } }, 0);
  await insertResource(service.pool, { id: `${GROUP}/providers/Microsoft.ManagedIdentity/userAssignedIdentities/mine`, type: 'Microsoft.ManagedIdentity/userAssignedIdentities', spec: { principalId: randomUUID(), clientId: randomUUID() } }, 0);
  [rsa, curve] = await Promise.all([selfSigned('rsa', service.now.value), selfSigned('ec', service.now.value)]);
  await fresh();
});
afterAll(() => service.close());

async function fresh(): Promise<void> {
  graphToken = await operatorToken(service, 'https://graph.microsoft.com');
  armToken = await operatorToken(service, 'https://management.azure.com');
}

async function send(method: string, url: string, bearer: string, body?: object): Promise<Got> {
  const text = body === undefined ? undefined : JSON.stringify(body);
  const sized = text === undefined ? {} : { 'content-type': 'application/json', 'content-length': String(Buffer.byteLength(text)) };
  return service.askPlainly({ method, url, headers: { host: HOST, authorization: `Bearer ${bearer}`, ...sized }, ...(text === undefined ? {} : { body: text }) });
}

function graph(method: string, path: string, body?: object, bearer = graphToken): Promise<Got> {
  return send(method, `/graph/v1.0${path}`, bearer, body);
}

function arm(method: string, path: string, body?: object, bearer = armToken, query = ''): Promise<Got> {
  return send(method, `${path}?api-version=2022-04-01${query}`, bearer, body);
}

interface Made {
  readonly id: string;
  readonly appId: string;
  readonly principalId: string;
}

/** As `az ad sp create-for-rbac` makes it. */
async function made(displayName: string = randomUUID(), keyCredentials: readonly object[] = []): Promise<Made> {
  const application = await graph('POST', '/applications', { displayName, keyCredentials });
  expect(application.status, application.text).toBe(201);
  const { id, appId } = application.json;
  const principal = await graph('POST', '/servicePrincipals', { appId, accountEnabled: true });
  expect(principal.status, principal.text).toBe(201);
  return { id, appId, principalId: principal.json.id };
}

async function secretOf({ id }: Made, credential: object = { displayName: 'rbac' }): Promise<{ readonly keyId: string; readonly secretText: string }> {
  const { status, json } = await graph('POST', `/applications/${id}/addPassword`, { passwordCredential: credential });
  expect(status).toBe(200);
  return json;
}

function bySecret({ appId }: Made, secret: string, scope = BATCH_SCOPE): Promise<Got> {
  return token(service, { ...RIGHT, client_id: appId, client_secret: secret, scope });
}

describe('a service principal that was made', () => {
  it('signs in with its secret, until that ends or is taken away, and is told which', async () => {
    const mine = await made('ci');
    const { secretText, keyId } = await secretOf(mine);
    const { json } = await bySecret(mine, secretText);
    expect(claimsOf(json.access_token)).toMatchObject({ oid: mine.principalId, appid: mine.appId, appidacr: '1', idtyp: 'app', app_displayname: 'ci' });
    expect(codeOf(await bySecret(mine, `${secretText}x`))).toEqual(['invalid_client', 7000215]);
    expect(codeOf(await bySecret(mine, SECRET))).toEqual(['invalid_client', 7000215]);
    const short = await secretOf(mine, { startDateTime: new Date(service.now.value).toISOString(), endDateTime: new Date(service.now.value + 1_000).toISOString() });
    expect((await bySecret(mine, short.secretText)).status).toBe(200);
    service.now.value += 1_000;
    expect(codeOf(await bySecret(mine, short.secretText))).toEqual(['invalid_client', 7000222]);
    expect((await graph('POST', `/applications/${mine.id}/removePassword`, { keyId })).status).toBe(204);
    expect(codeOf(await bySecret(mine, secretText))).toEqual(['invalid_client', 7000215]);
    const later = await secretOf(mine, { startDateTime: new Date(service.now.value + DAY_MS).toISOString() });
    expect(codeOf(await bySecret(mine, later.secretText))).toEqual(['invalid_client', 7000215]);
  });

  it('shows its secrets to nobody, and keeps none', async () => {
    const mine = await made();
    const { secretText, keyId } = await secretOf(mine);
    const shown = await graph('GET', `/applications/${mine.id}`);
    expect(shown.json.passwordCredentials).toMatchObject([{ keyId, hint: secretText.slice(0, 3), secretText: null, displayName: 'rbac' }]);
    expect(shown.text).not.toContain(secretText);
    const { rows } = await service.pool.query('select row_to_json(c)::text as text from application_credential c');
    expect(rows.map(({ text }) => text).join()).not.toContain(secretText);
  });

  it('has the roles that were assigned to it, and none of them any more once it is deleted', async () => {
    const mine = await made();
    const { secretText } = await secretOf(mine);
    const bearer: string = (await bySecret(mine, secretText, 'https://management.azure.com/.default')).json.access_token;
    expect((await arm('GET', GROUP, undefined, bearer)).status).toBe(403);
    const assignment = `${GROUP}/providers/Microsoft.Authorization/roleAssignments/${randomUUID()}`;
    expect((await arm('PUT', assignment, { properties: { roleDefinitionId: ROLES.reader.id, principalId: mine.principalId } })).status).toBe(201);
    expect((await arm('GET', GROUP, undefined, bearer)).status).toBe(200);
    expect((await graph('DELETE', `/applications/${mine.id}`)).status).toBe(204);
    expect((await arm('GET', GROUP, undefined, bearer)).status).toBe(403);
    expect((await arm('GET', assignment)).status).toBe(404);
    expect(codeOf(await bySecret(mine, secretText))).toEqual(['unauthorized_client', 700016]);
  });

  it('gets nothing before it has a service principal, or once that alone is deleted', async () => {
    const { json: application } = await graph('POST', '/applications', { displayName: 'bare' });
    const bare = { ...application, principalId: '' };
    const { secretText } = await secretOf(bare);
    expect(codeOf(await bySecret(bare, secretText))).toEqual(['unauthorized_client', 700016]);
    const { json: principal } = await graph('POST', '/servicePrincipals', { appId: bare.appId });
    expect((await bySecret(bare, secretText)).status).toBe(200);
    expect((await graph('POST', '/servicePrincipals', { appId: bare.appId })).json.error.code).toBe('Request_MultipleObjectsWithSameKeyValue');
    expect((await graph('DELETE', `/servicePrincipals/${principal.id}`)).status).toBe(204);
    expect(codeOf(await bySecret(bare, secretText))).toEqual(['unauthorized_client', 700016]);
  });
});

describe('an assertion that is signed with the key of a certificate', () => {
  let mine: Made;
  const key = ({ certificate }: typeof rsa): object => ({ type: 'AsymmetricX509Cert', usage: 'Verify', key: certificate.raw.toString('base64') });
  beforeAll(async () => {
    mine = await made('certified', [key(rsa), key(curve)]);
  });

  interface Assertion {
    readonly header?: Readonly<Record<string, unknown>>;
    readonly claims?: Readonly<Record<string, unknown>>;
    readonly by?: typeof rsa;
    readonly mac?: string;
  }
  const ENDPOINT = `https://${HOST}/adfs/oauth2/token`;
  const asserted = ({ header = {}, claims = {}, by = rsa, mac }: Assertion = {}): string => {
    const seconds = Math.floor(service.now.value / 1_000);
    const x5t = Buffer.from(by.certificate.fingerprint.replaceAll(':', ''), 'hex').toString('base64url');
    const [head, body] = [{ alg: by === rsa ? 'RS256' : 'ES256', typ: 'JWT', x5t, ...header }, { aud: ENDPOINT, iss: mine.appId, sub: mine.appId, jti: randomUUID(), nbf: seconds, exp: seconds + 600, ...claims }];
    const signed = [head, body].map((part) => Buffer.from(JSON.stringify(part)).toString('base64url')).join('.');
    const signature = mac === undefined ? sign('sha256', Buffer.from(signed), by === rsa ? by.key : { key: by.key, dsaEncoding: 'ieee-p1363' }).toString('base64url') : createHmac('sha256', mac).update(signed).digest('base64url');
    return `${signed}.${head.alg === 'none' ? '' : signature}`;
  };
  const ask = (assertion: string, change: Readonly<Record<string, string>> = {}): Promise<Got> => token(service, { grant_type: 'client_credentials', client_id: mine.appId, client_assertion_type: ASSERTION_TYPE, client_assertion: assertion, scope: BATCH_SCOPE, ...change });

  it('gets a token, by RSA or a curve, the certificate named by either thumbprint, and again with the same one', async () => {
    const assertion = asserted();
    for (let time = 0; time < 2; time += 1) expect(claimsOf((await ask(assertion)).json.access_token)).toMatchObject({ oid: mine.principalId, appidacr: '2' });
    const long = Buffer.from(rsa.certificate.fingerprint256.replaceAll(':', ''), 'hex').toString('base64url');
    for (const named of [asserted({ by: curve }), asserted({ header: { x5t: undefined, 'x5t#S256': long } }), asserted({ header: { x5t: undefined, 'x5t#S256': `${long}=` } }), asserted({ claims: { aud: `https://${HOST}/11a12173-0000-4000-8000-000000000001/` } })]) {
      const { status, text } = await ask(named);
      expect(status, text).toBe(200);
    }
  });

  it.each<[string, () => string, number]>([
    ['no signature', () => asserted({ header: { alg: 'none' } }), 700027],
    ['the certificate taken for a shared secret', () => asserted({ header: { alg: 'HS256' }, mac: rsa.certificate.publicKey.export({ type: 'spki', format: 'pem' }).toString() }), 700027],
    ['the certificate’s text taken for a shared secret', () => asserted({ header: { alg: 'HS256' }, mac: rsa.certificate.toString() }), 700027],
    ['an algorithm of another kind of key', () => asserted({ header: { alg: 'ES256' } }), 700027],
    ['another key', () => asserted({ by: { ...rsa, key: generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey } }), 700027],
    ['a key that it brings along', () => {
      const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
      return asserted({ by: { ...rsa, key: privateKey }, header: { jwk: createPublicKey(privateKey).export({ format: 'jwk' }) } });
    }, 700027],
    ['no certificate named', () => asserted({ header: { x5t: undefined } }), 700027],
    ['a certificate that is not registered', () => asserted({ header: { x5t: 'AAAA' } }), 700027],
    ['another application', () => asserted({ claims: { sub: CLIENT, iss: CLIENT } }), 700021],
    ['another issuer', () => asserted({ claims: { iss: CLIENT } }), 700021],
    ['another audience', () => asserted({ claims: { aud: 'https://login.microsoftonline.com/common/oauth2/token' } }), 700023],
    ['the end of its time', () => asserted({ claims: { exp: Math.floor(service.now.value / 1_000) - 301 } }), 700024],
    ['a time to come', () => asserted({ claims: { nbf: Math.floor(service.now.value / 1_000) + 301 } }), 700024],
    ['no end', () => asserted({ claims: { exp: undefined } }), 50027],
    ['another text', () => 'x.y.z', 50027],
    ['a token of this service', () => graphToken, 700027],
  ])('is refused with %s', async (_what, make, number) => {
    expect(codeOf(await ask(make()))).toEqual(['invalid_client', number]);
  });

  it('is refused once the certificate is taken away, or has ended', async () => {
    const { json } = await graph('GET', `/applications/${mine.id}`);
    const [first, second] = json.keyCredentials;
    expect(first).toMatchObject({ key: null, type: 'AsymmetricX509Cert', customKeyIdentifier: expect.stringMatching(/^[0-9A-F]{40}$/) });
    const keeps = [first, second].find(({ customKeyIdentifier }) => customKeyIdentifier === curve.certificate.fingerprint.replaceAll(':', ''));
    expect((await graph('PATCH', `/applications/${mine.id}`, { keyCredentials: [keeps] })).status).toBe(204);
    expect(codeOf(await ask(asserted()))).toEqual(['invalid_client', 700027]);
    expect((await ask(asserted({ by: curve }))).status).toBe(200);
    const soon = { ...key(rsa), endDateTime: new Date(service.now.value + 1_000).toISOString() };
    expect((await graph('PATCH', `/applications/${mine.id}`, { keyCredentials: [keeps, soon] })).status).toBe(204);
    expect((await ask(asserted())).status).toBe(200);
    service.now.value += 1_000;
    expect(codeOf(await ask(asserted()))).toEqual(['invalid_client', 700027]);
  });
});

describe('the directory', () => {
  it('is found through as clients look: by name, by ids, operator and managed identities among them', async () => {
    const mine = await made("Ada's");
    const found = async (path: string): Promise<readonly string[]> => (await graph('GET', path)).json.value.map((one: { readonly id: string }) => one.id);
    const q = encodeURIComponent;
    expect(await found(`/servicePrincipals?$filter=${q("displayName eq 'Ada''s'")}`)).toEqual([mine.principalId]);
    expect(await found(`/applications?$filter=${q("startswith(displayName,'ada')")}`)).toEqual([mine.id]);
    expect(await found(`/servicePrincipals?$filter=${q(`servicePrincipalNames/any(c:c eq '${mine.appId}')`)}`)).toEqual([mine.principalId]);
    expect(await found(`/applications?$filter=${q(`appId eq '${mine.appId}' and displayName eq 'x and ''y'`)}`)).toEqual([]);
    expect(await found(`/servicePrincipals?$filter=${q("displayName eq 'mine'")}`)).toHaveLength(1);
    expect(await found(`/users?$filter=${q(`userPrincipalName eq '${OPERATOR_USER.name}'`)}`)).toEqual([OPERATOR_USER.objectId]);
    expect((await graph('GET', `/servicePrincipals/${mine.principalId}`)).json.appId).toBe(mine.appId);
    expect((await graph('GET', `/servicePrincipals(appId='${mine.appId}')`)).json.id).toBe(mine.principalId);
    const { json } = await graph('POST', '/directoryObjects/getByIds', { ids: [mine.principalId, OPERATOR_USER.objectId, randomUUID()], types: ['user', 'servicePrincipal'] });
    expect(json.value.map((one: { readonly '@odata.type': string }) => one['@odata.type'])).toEqual(['#microsoft.graph.user', '#microsoft.graph.servicePrincipal']);
  });

  it.each<[string, () => Promise<Got>, number, string]>([
    ['a filter that it does not know', () => graph('GET', "/applications?$filter=contains(displayName,'x')"), 400, 'Request_UnsupportedQuery'],
    ['an object that is not there', () => graph('GET', `/applications/${randomUUID()}`), 404, 'Request_ResourceNotFound'],
    ['an id that is none', () => graph('GET', '/applications/x'), 404, 'Request_ResourceNotFound'],
    ['no name', () => graph('POST', '/applications', {}), 400, 'Request_BadRequest'],
    ['a property that it does not have', () => graph('POST', '/applications', { displayName: 'x', web: { redirectUris: ['https://x'] } }), 400, 'Request_BadRequest'],
    ['a certificate that is none', () => graph('POST', '/applications', { displayName: 'x', keyCredentials: [{ key: 'AAAA', type: 'AsymmetricX509Cert', usage: 'Verify' }] }), 400, 'Request_BadRequest'],
    ['a certificate that is to last longer than it does', () => graph('POST', '/applications', { displayName: 'x', keyCredentials: [{ key: rsa.certificate.raw.toString('base64'), endDateTime: '2199-01-01T00:00:00Z' }] }), 400, 'KeyCredentialsInvalidEndDate'],
    ['a service principal of no application', () => graph('POST', '/servicePrincipals', { appId: randomUUID() }), 400, 'Request_BadRequest'],
    ['a change of the operator’s', () => graph('POST', `/servicePrincipals/${OPERATOR.objectId}/addPassword`, {}), 403, 'Authorization_RequestDenied'],
    ['what it does not have', () => graph('GET', '/domains'), 400, 'BadRequest'],
    ['a token for something else', () => graph('GET', '/applications', undefined, armToken), 401, 'InvalidAuthenticationToken'],
    ['no token', () => graph('GET', '/applications', undefined, ''), 401, 'InvalidAuthenticationToken'],
    ['/me of an application', () => graph('GET', '/me'), 400, 'BadRequest'],
  ])('refuses %s in the form of Graph', async (_what, make, status, code) => {
    const refused = await make();
    expect([refused.status, refused.json.error.code, Object.keys(refused.json.error.innerError)]).toEqual([status, code, ['date', 'request-id', 'client-request-id']]);
    if (status === 401) expect(refused.headers['www-authenticate']).toContain('authorization_uri="https://127.0.0.1:10800/');
  });

  it('is the operator’s alone: nobody else gives applications secrets, whatever roles they have', async () => {
    const mine = await made();
    const { secretText } = await secretOf(mine);
    await arm('PUT', `/subscriptions/${SUBSCRIPTION}/providers/Microsoft.Authorization/roleAssignments/${randomUUID()}`, { properties: { roleDefinitionId: ROLES.owner.id, principalId: mine.principalId } });
    const own: string = (await bySecret(mine, secretText, 'https://graph.microsoft.com/.default')).json.access_token;
    for (const answer of [await graph('GET', '/applications', undefined, own), await graph('POST', `/applications/${mine.id}/addPassword`, {}, own)]) expect([answer.status, answer.json.error.code]).toEqual([403, 'Authorization_RequestDenied']);
  });
});

describe("a role of one's own", () => {
  const SUBSCRIPTION_SCOPE = `/subscriptions/${SUBSCRIPTION}`;
  const asked = (change: object = {}): { readonly properties: object } => ({ properties: { roleName: randomUUID(), type: 'CustomRole', permissions: [{ actions: ['*/read'], notActions: ['Microsoft.Storage/*'], dataActions: [], notDataActions: [] }], assignableScopes: [SUBSCRIPTION_SCOPE], ...change } });

  it('gives what it says as long as it says so, and is not deleted while somebody has it', async () => {
    const id = randomUUID();
    const somebody = await made();
    const { secretText } = await secretOf(somebody);
    const bearer: string = (await bySecret(somebody, secretText, 'https://management.azure.com/.default')).json.access_token;
    const { status, json } = await arm('PUT', `${SUBSCRIPTION_SCOPE}${ROLE_ROOT}/${id}`, asked({ roleName: 'Group reader' }));
    expect([status, json.id, json.properties.type]).toEqual([201, `${SUBSCRIPTION_SCOPE}${ROLE_ROOT}/${id}`, 'CustomRole']);
    expect((await arm('GET', `${GROUP}${ROLE_ROOT}`, undefined, armToken, `&$filter=${encodeURIComponent("roleName eq 'group READER'")}`)).json.value).toEqual([json]);
    expect((await arm('GET', `${GROUP}${ROLE_ROOT}`, undefined, armToken, `&$filter=${encodeURIComponent("type eq 'CustomRole'")}`)).json.value).toEqual([json]);
    const assignment = `${GROUP}/providers/Microsoft.Authorization/roleAssignments/${randomUUID()}`;
    expect((await arm('PUT', assignment, { properties: { roleDefinitionId: json.id, principalId: somebody.principalId } })).status).toBe(201);
    const reads = async (path: string): Promise<number> => (await arm('GET', path, undefined, bearer)).status;
    expect([await reads(GROUP), await reads(`${GROUP}/providers/Microsoft.Storage/storageAccounts`)]).toEqual([200, 403]);
    expect((await arm('DELETE', json.id)).json.error.code).toBe('RoleDefinitionHasAssignments');
    expect((await arm('PUT', json.id, asked({ roleName: 'Group reader', permissions: [{ actions: ['Microsoft.Storage/*/read'] }] }))).status).toBe(201);
    expect([await reads(GROUP), await reads(`${GROUP}/providers/Microsoft.Storage/storageAccounts`)]).toEqual([403, 200]);
    expect((await arm('DELETE', assignment)).status).toBe(200);
    expect((await arm('DELETE', json.id)).status).toBe(200);
    expect((await arm('DELETE', json.id)).status).toBe(204);
    expect((await arm('GET', json.id)).status).toBe(404);
  });

  it('is assigned where it may be alone, and made by who may at all its scopes', async () => {
    const id = randomUUID();
    const role = `${GROUP}${ROLE_ROOT}/${id}`;
    expect((await arm('PUT', role, asked({ assignableScopes: [GROUP] }))).status).toBe(201);
    const elsewhere = await arm('PUT', `${SUBSCRIPTION_SCOPE}/providers/Microsoft.Authorization/roleAssignments/${randomUUID()}`, { properties: { roleDefinitionId: role, principalId: randomUUID() } });
    expect(elsewhere.json.error.code).toBe('RoleAssignmentScopeNotAssignableToRoleDefinition');
    const owner = await made();
    const { secretText } = await secretOf(owner);
    await arm('PUT', `${GROUP}/providers/Microsoft.Authorization/roleAssignments/${randomUUID()}`, { properties: { roleDefinitionId: ROLES.owner.id, principalId: owner.principalId } });
    const bearer: string = (await bySecret(owner, secretText, 'https://management.azure.com/.default')).json.access_token;
    expect((await arm('PUT', `${GROUP}${ROLE_ROOT}/${randomUUID()}`, asked({ assignableScopes: [GROUP] }), bearer)).status).toBe(201);
    expect((await arm('PUT', `${GROUP}${ROLE_ROOT}/${randomUUID()}`, asked({ assignableScopes: [GROUP, SUBSCRIPTION_SCOPE] }), bearer)).json.error.code).toBe('AuthorizationFailed');
  });

  it.each<[string, string, object, string]>([
    ['a name that is no GUID', 'x', {}, 'InvalidRoleDefinitionId'],
    ['the id of a built-in role', ROLES.reader.id, {}, 'RoleDefinitionUpdateNotPermitted'],
    ['the name of a built-in role', randomUUID(), { roleName: 'reader' }, 'RoleDefinitionWithSameNameExists'],
    ['an action that nothing here has', randomUUID(), { permissions: [{ actions: ['Microsoft.Compute/virtualMachines/read'] }] }, 'InvalidActionOrNotAction'],
    ['a data action that nothing here has', randomUUID(), { permissions: [{ dataActions: ['Microsoft.KeyVault/vaults/*'] }] }, 'InvalidDataActionOrNotDataAction'],
    ['every scope', randomUUID(), { assignableScopes: ['/'] }, 'InvalidAssignableScope'],
    ['a scope that is not there', randomUUID(), { assignableScopes: [`${GROUP}x`] }, 'ResourceNotFound'],
    ['no scope', randomUUID(), { assignableScopes: [] }, 'InvalidPropertyValue'],
    ['another type', randomUUID(), { type: 'BuiltInRole' }, 'InvalidRequestContent'],
  ])('is refused with %s', async (_what, name, change, code) => {
    const { json, status } = await arm('PUT', `${SUBSCRIPTION_SCOPE}${ROLE_ROOT}/${name}`, asked(change));
    expect(status).toBeGreaterThanOrEqual(400);
    expect(json.error.code).toBe(code);
  });
});
