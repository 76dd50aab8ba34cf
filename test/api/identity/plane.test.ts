import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ASSERTION_TYPE } from '../../../src/api/identity/assertion.ts';
import { identityHeader } from '../../../src/api/identity/options.ts';
import { BATCH_AUDIENCE, OPERATOR, OPERATOR_USER, TENANT_ID } from '../../../src/api/identity/wellKnown.ts';
import { IDENTITY, testApi, type Got, type TestApi } from '../support.ts';
import * as asking from './asking.ts';
import { BATCH_SCOPE, claimsOf, CLIENT, codeOf, RIGHT, SECRET } from './asking.ts';

const DEVICE_GRANT = 'urn:ietf:params:oauth:grant-type:device_code';

let service: TestApi;

beforeAll(async () => {
  service = await testApi();
});
afterAll(() => service.close());

function get(url: string, headers: Readonly<Record<string, string>> = {}): Promise<Got> {
  return asking.get(service, url, headers);
}

function post(url: string, form: Readonly<Record<string, string>>, headers: Readonly<Record<string, string>> = {}): Promise<Got> {
  return asking.post(service, url, form, headers);
}

function token(form: Readonly<Record<string, string>>, url?: string): Promise<Got> {
  return asking.token(service, form, url);
}

/** The status of the answer to who approves of a sign-in. */
async function approved(code: string, shown?: string): Promise<number> {
  const bearer = shown ?? (await asking.operatorToken(service, 'https://management.azure.com'));
  return (await service.askPlainly({ method: 'POST', url: `/linarite/identity/devices/${code}`, headers: { host: '127.0.0.1:10800', authorization: `Bearer ${bearer}` } })).status;
}

describe('the metadata of the cloud', () => {
  it('is one object in the form that az registers', async () => {
    expect((await get('/metadata/endpoints?api-version=2015-01-01')).json).toEqual({
      galleryEndpoint: 'https://127.0.0.1:10800/gallery',
      graphEndpoint: 'https://127.0.0.1:10800/graph',
      portalEndpoint: 'https://127.0.0.1:10800/portal',
      authentication: { loginEndpoint: 'https://127.0.0.1:10800/adfs', audiences: ['https://management.core.windows.net/', 'https://management.azure.com/'] },
    });
  });

  it('is a list of clouds in later versions, under the name by which the client called', async () => {
    const { json } = await get('/metadata/endpoints?api-version=2019-05-01', { host: 'localhost:10800' });
    expect(json).toHaveLength(1);
    expect(json[0]).toMatchObject({ name: 'Linarite', resourceManager: 'https://localhost:10800/', batch: BATCH_AUDIENCE, authentication: { loginEndpoint: 'https://localhost:10800/adfs' } });
    expect(Object.keys(json[0].suffixes)).toContain('storage');
  });
});

describe('discovery', () => {
  it('leads from each form of an authority to endpoints that are there', async () => {
    for (const authority of ['adfs', `adfs/${TENANT_ID}`, TENANT_ID, `${TENANT_ID}/v2.0`, 'common/v2.0', 'organizations', 'LINARITE.onmicrosoft.com/v2.0']) {
      const { status, json } = await get(`/${authority}/.well-known/openid-configuration`);
      expect(status, authority).toBe(200);
      expect(json.issuer).toBe(`https://127.0.0.1:10800/${TENANT_ID}/`);
      const path = (url: string): string => new URL(url).pathname;
      expect((await token(RIGHT, path(json.token_endpoint))).status, authority).toBe(200);
      expect((await get(path(json.jwks_uri))).json.keys, authority).toHaveLength(1);
      expect((await post(path(json.device_authorization_endpoint), { client_id: CLIENT })).status, authority).toBe(200);
    }
  });

  it('knows no other tenant', async () => {
    const other = await get('/11111111-2222-3333-4444-555555555555/v2.0/.well-known/openid-configuration');
    expect([other.status, codeOf(other)]).toEqual([400, ['invalid_request', 90002]]);
    expect(codeOf(await token(RIGHT, '/nobody/oauth2/v2.0/token'))).toEqual(['invalid_request', 90002]);
  });

  it('tells that its host is an authority of its own', async () => {
    expect((await get('/common/discovery/instance?api-version=1.1&authorization_endpoint=x')).json).toMatchObject({ metadata: [{ aliases: ['127.0.0.1:10800'] }] });
  });
});

describe('a service principal', () => {
  it('gets a token for what it asks, by its secret, in either form of the request', async () => {
    const answer = await token(RIGHT);
    expect(answer.json).toMatchObject({ token_type: 'Bearer', expires_in: 3599, ext_expires_in: 3599 });
    expect(answer.headers['cache-control']).toBe('no-store');
    expect(claimsOf(answer.json.access_token)).toMatchObject({ aud: BATCH_AUDIENCE, iss: `https://127.0.0.1:10800/${TENANT_ID}/`, appid: OPERATOR.appId, oid: OPERATOR.objectId, tid: TENANT_ID, idtyp: 'app' });
    const old = await token({ grant_type: 'client_credentials', client_id: OPERATOR.appId, client_secret: SECRET, resource: 'https://management.core.windows.net/' }, `/${TENANT_ID}/oauth2/token`);
    expect(old.json).toMatchObject({ expires_in: '3599', resource: 'https://management.core.windows.net/' });
    expect(claimsOf(old.json.access_token)['aud']).toBe('https://management.core.windows.net/');
    const basic = Buffer.from(`${OPERATOR.appId}:${encodeURIComponent(SECRET)}`).toString('base64');
    expect((await post('/adfs/oauth2/token', { grant_type: 'client_credentials', scope: BATCH_SCOPE }, { authorization: `Basic ${basic}` })).status).toBe(200);
  });

  it('gets tokens for the audiences that clients are known to ask for', async () => {
    for (const audience of ['https://management.core.windows.net/', 'https://management.azure.com', 'https://127.0.0.1:10800', BATCH_AUDIENCE, 'https://storage.azure.com', 'https://graph.microsoft.com']) {
      const { json } = await token({ ...RIGHT, scope: `${audience}/.default` });
      expect(claimsOf(json.access_token)['aud']).toBe(audience);
    }
  });

  const { grant_type: _grant, ...noGrant } = RIGHT;
  const { client_id: _client, ...noClient } = RIGHT;
  const { client_secret: _secret, ...noSecret } = RIGHT;
  const { scope: _scope, ...noScope } = RIGHT;
  it.each([
    ['a wrong secret', { ...RIGHT, client_secret: 'x' }, 401, ['invalid_client', 7000215]],
    ['no secret', noSecret, 401, ['invalid_client', 7000216]],
    ['an assertion of a certificate', { ...noSecret, client_assertion: 'x.y.z', client_assertion_type: ASSERTION_TYPE }, 401, ['invalid_client', 700027]],
    ['an assertion and a secret', { ...RIGHT, client_assertion: 'x.y.z', client_assertion_type: ASSERTION_TYPE }, 400, ['invalid_request', 90014]],
    ['an assertion of another kind', { ...noSecret, client_assertion: 'x.y.z', client_assertion_type: 'saml' }, 401, ['invalid_client', 50027]],
    ['an unknown application', { ...RIGHT, client_id: CLIENT }, 400, ['unauthorized_client', 700016]],
    ['no application', noClient, 400, ['invalid_request', 900144]],
    ['no grant', noGrant, 400, ['invalid_request', 900144]],
    ['another grant', { ...RIGHT, grant_type: 'implicit' }, 400, ['unsupported_grant_type', 70003]],
    ['a grant that objects have by themselves', { ...RIGHT, grant_type: 'constructor' }, 400, ['unsupported_grant_type', 70003]],
    ['no scope', noScope, 400, ['invalid_request', 900144]],
    ['a scope that is no address', { ...RIGHT, scope: 'user.read' }, 400, ['invalid_scope', 70011]],
    ['a scope for part of it', { ...RIGHT, scope: `${BATCH_AUDIENCE}/user_impersonation` }, 400, ['invalid_scope', 1002012]],
    ['a resource that nobody knows', { ...RIGHT, scope: 'https://example.org/.default' }, 400, ['invalid_resource', 500011]],
  ])('is told what is wrong with %s', async (_what, form, status, code) => {
    const refused = await token(form);
    expect([refused.status, codeOf(refused)]).toEqual([status, code]);
    expect(refused.text).not.toContain(SECRET);
  });

  it('is told that a GET or JSON is no request for a token', async () => {
    expect(codeOf(await get('/adfs/oauth2/token'))).toEqual(['invalid_request', 900561]);
    expect(codeOf(await post('/adfs/oauth2/token', RIGHT, { 'content-type': 'application/json' }))).toEqual(['invalid_request', 9001023]);
  });
});

describe('a user', () => {
  it('signs in with a device code once the operator has approved of it, and once only', async () => {
    const begun = await post('/adfs/oauth2/devicecode', { client_id: CLIENT, scope: `${BATCH_SCOPE} offline_access openid` });
    const { user_code: code, device_code: device, message } = begun.json;
    expect(message).toContain(`linarite identity approve ${code}`);
    const poll = (): Promise<Got> => token({ grant_type: DEVICE_GRANT, client_id: CLIENT, device_code: device, scope: BATCH_SCOPE, client_info: '1' });
    expect(codeOf(await poll())).toEqual(['authorization_pending', 70016]);
    expect(await approved(code, 'no token')).toBe(401);
    expect((await service.ask({ method: 'POST', url: `/linarite/identity/devices/${code}` })).status).toBe(401);
    expect(await approved(code.toLowerCase())).toBe(200);
    const signedIn = await poll();
    expect(await approved(code, signedIn.json.access_token)).toBe(401);
    expect(claimsOf(signedIn.json.access_token)).toMatchObject({ oid: OPERATOR_USER.objectId, upn: OPERATOR_USER.name, appid: CLIENT, aud: BATCH_AUDIENCE });
    expect(claimsOf(signedIn.json.id_token)).toMatchObject({ aud: CLIENT, tid: TENANT_ID, preferred_username: OPERATOR_USER.name });
    expect(JSON.parse(Buffer.from(signedIn.json.client_info, 'base64url').toString())).toEqual({ uid: OPERATOR_USER.objectId, utid: TENANT_ID });
    expect(codeOf(await poll())).toEqual(['bad_verification_code', 70019]);
  });

  it('comes too late after a quarter of an hour, and cannot use the code of another application', async () => {
    const { json } = await post('/adfs/oauth2/devicecode', { client_id: CLIENT });
    const form = { grant_type: DEVICE_GRANT, client_id: CLIENT, device_code: json.device_code, scope: BATCH_SCOPE };
    expect(codeOf(await token({ ...form, client_id: TENANT_ID }))).toEqual(['bad_verification_code', 70019]);
    service.now.value += 15 * 60_000;
    expect(codeOf(await token(form))).toEqual(['expired_token', 70020]);
    expect(await approved(json.user_code)).toBe(400);
  });

  it('signs in by name and password, and comes again with what it got', async () => {
    const form = { grant_type: 'password', client_id: CLIENT, username: OPERATOR_USER.name, password: SECRET, scope: `${BATCH_SCOPE} offline_access` };
    expect(codeOf(await token({ ...form, password: 'x' }))).toEqual(['invalid_grant', 50126]);
    expect(codeOf(await token({ ...form, username: 'ada' }))).toEqual(['invalid_grant', 50126]);
    expect(codeOf(await token({ ...form, client_id: 'az' }))).toEqual(['unauthorized_client', 900023]);
    const { json } = await token(form);
    const again = { grant_type: 'refresh_token', client_id: CLIENT, refresh_token: json.refresh_token, scope: 'https://management.azure.com//.default' };
    expect(claimsOf((await token(again)).json.access_token)).toMatchObject({ oid: OPERATOR_USER.objectId, aud: 'https://management.azure.com/' });
    expect(codeOf(await token({ ...again, client_id: TENANT_ID }))).toEqual(['invalid_grant', 70000]);
    expect(codeOf(await token({ ...again, refresh_token: json.access_token }))).toEqual(['invalid_grant', 70000]);
    service.now.value += 91 * 86_400_000;
    expect(codeOf(await token(again))).toEqual(['invalid_grant', 700082]);
  });
});

describe('a program of this machine', () => {
  const HEADER = identityHeader(SECRET);
  const RESOURCE = encodeURIComponent(BATCH_AUDIENCE);

  it('gets a token by the header that it was given', async () => {
    const { status, json } = await get(`/msi/token?api-version=2019-08-01&resource=${RESOURCE}`, { 'x-identity-header': HEADER });
    expect(status).toBe(200);
    expect(json).toMatchObject({ token_type: 'Bearer', resource: BATCH_AUDIENCE, client_id: OPERATOR.appId, expires_on: String(service.now.value / 1_000 + 86_400) });
    expect(claimsOf(json.access_token)).toMatchObject({ aud: BATCH_AUDIENCE, oid: OPERATOR.objectId });
  });

  it('gets it in the older form too, with a date of its own', async () => {
    const { json } = await get(`/msi/token/?resource=${RESOURCE}&api-version=2017-09-01`, { secret: HEADER });
    expect(json.expires_on).toMatch(/^\d\d\/\d\d\/\d{4} \d\d:\d\d:\d\d \+00:00$/);
    expect(Date.parse(json.expires_on)).toBe(service.now.value + 86_400_000);
  });

  it('gets none with another header, none at all, for nobody known, or as somebody else', async () => {
    const ask = async (query: string, headers: Readonly<Record<string, string>>): Promise<readonly unknown[]> => {
      const { status, json } = await get(`/msi/token?api-version=2019-08-01${query}`, headers);
      return [status, json.error];
    };
    expect(await ask(`&resource=${RESOURCE}`, { 'x-identity-header': 'x' })).toEqual([401, 'unauthorized']);
    expect(await ask(`&resource=${RESOURCE}`, {})).toEqual([400, 'invalid_request']);
    expect(await ask('', { 'x-identity-header': HEADER })).toEqual([400, 'invalid_request']);
    expect(await ask('&resource=https://example.org', { 'x-identity-header': HEADER })).toEqual([400, 'invalid_resource']);
    expect(await ask(`&resource=${RESOURCE}&client_id=${CLIENT}`, { 'x-identity-header': HEADER })).toEqual([400, 'invalid_request']);
  });

  it('gets none from the address of the instance metadata, which asks for no secret, where the secret is one', async () => {
    expect((await get(`/metadata/identity/oauth2/token?api-version=2018-02-01&resource=${RESOURCE}`, { metadata: 'true' })).status).toBe(403);
  });
});

describe('where everybody on the machine knows the secret', () => {
  let open: TestApi;
  beforeAll(async () => {
    open = await testApi({ identity: { ...IDENTITY, isSecretKnown: true } });
  });
  afterAll(() => open.close());

  it('the address of the instance metadata gives tokens, but not to what was passed on by another program', async () => {
    const url = `/metadata/identity/oauth2/token?api-version=2018-02-01&resource=${encodeURIComponent('https://management.azure.com/')}`;
    const headers = { host: '127.0.0.1:10800', metadata: 'true' };
    const { status, json } = await open.askPlainly({ url, headers });
    expect(status).toBe(200);
    expect(json).toMatchObject({ expires_in: '86400', resource: 'https://management.azure.com/' });
    expect((await open.askPlainly({ url, headers: { ...headers, 'x-forwarded-for': '10.0.0.1' } })).status).toBe(400);
    expect((await open.askPlainly({ url, headers: { host: headers.host } })).status).toBe(400);
  });
});
