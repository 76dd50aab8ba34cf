import { createHash, createHmac, randomBytes } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createAssignedRoles } from '../../src/api/identity/assignedRoles.ts';
import { OPERATOR_USER, TENANT_ID } from '../../src/api/identity/wellKnown.ts';
import { managementAuthority } from '../../src/api/management/authentication.ts';
import { CLIENT, HOST, post, SECRET, token } from './identity/asking.ts';
import { ACCOUNT, placed } from './management/asking.ts';
import { SUBSCRIPTION } from './management/support.ts';
import { IDENTITY, testApi, UBUNTU, type Got, type TestApi } from './support.ts';

/** As its pages have it: from files, and while it is developed. */
const ORIGINS = ['file://', 'http://localhost:3178', 'http://127.0.0.1:9000'] as const;
const KEY = Buffer.alloc(64, 'k').toString('base64');
/** The versions of its sources of January 2026. */
const VERSION = { arm: '2020-01-01', batch: '2019-08-01', skus: '2021-06-01', data: '2023-05-01.17.0', authorization: '2017-05-01' } as const;

let service: TestApi;

beforeAll(async () => {
  const authority = managementAuthority({ tokens: IDENTITY.tokens, roles: { at: (...asked) => createAssignedRoles(service.pool).at(...asked) }, wallClock: () => service.now.value });
  service = await testApi({ management: { authority } });
  await placed(service);
  await service.ask({ method: 'POST', url: '/pools', body: { id: 'pool', vmSize: 'standard_d2s_v3', virtualMachineConfiguration: UBUNTU, targetDedicatedNodes: 0 } });
  await service.ask({ method: 'POST', url: '/jobs', body: { id: 'job', poolInfo: { poolId: 'pool' } } });
});
afterAll(() => service.close());

describe('a page of this machine in a browser', () => {
  const preflight = (origin: string, url: string, more: Readonly<Record<string, string>> = {}): Promise<Got> =>
    service.askPlainly({ method: 'OPTIONS', url, headers: { host: HOST, origin, 'access-control-request-method': 'GET', 'access-control-request-headers': 'authorization,cache-control,content-type,ocp-date', ...more } });
  const PATHS = [`/pools?api-version=${VERSION.data}`, `/subscriptions?api-version=${VERSION.arm}`, '/organizations/oauth2/v2.0/token', '/graph/v1.0/me'];

  it.each(ORIGINS)('may ask all planes from %s, and reads what clients read', async (origin) => {
    for (const url of PATHS) {
      const { status, headers, text } = await preflight(origin, url, { 'access-control-request-private-network': 'true' });
      expect([status, text], url).toEqual([200, '']);
      expect(headers).toMatchObject({ 'access-control-allow-origin': origin, 'access-control-allow-headers': 'authorization,cache-control,content-type,ocp-date', 'access-control-allow-private-network': 'true', vary: 'Origin' });
      expect(headers['access-control-allow-methods']).toMatch(/GET.*PATCH.*DELETE/);
      expect(headers['access-control-allow-credentials']).toBeUndefined();
    }
    const answer = await service.ask({ url: '/jobs/job', headers: { origin } });
    expect(answer.status).toBe(200);
    expect(answer.headers['access-control-allow-origin']).toBe(origin);
    expect(answer.headers['access-control-expose-headers']).toContain('ETag');
    const refused = await service.askPlainly({ url: `/pools?api-version=${VERSION.data}`, headers: { host: HOST, origin } });
    expect([refused.status >= 400, refused.headers['access-control-allow-origin']]).toEqual([true, origin]);
  });

  it.each(['https://example.org', 'http://localhost.example.org', 'null', 'http://localhost@example.org', 'https://batch.azure.com'])('that is of %s may not: it could use a well-known key', async (origin) => {
    for (const url of PATHS) expect((await preflight(origin, url)).headers['access-control-allow-origin'], url).toBeUndefined();
    const { headers } = await service.ask({ url: '/jobs/job', headers: { origin } });
    expect([headers['access-control-allow-origin'], headers['vary']]).toEqual([undefined, 'Origin']);
  });

  it('may not ask what is for the page of the service alone', async () => {
    expect((await preflight('http://localhost:3178', '/linarite/applications')).headers['access-control-allow-origin']).toBeUndefined();
  });
});

describe('Batch Explorer, signed in', () => {
  const verifier = randomBytes(32).toString('base64url');
  const RETURN = 'http://localhost:3874';

  /** By the system’s browser, as MSAL for Node.js does it. `resource`: as the environment of the program has it. */
  async function signIn(resource: string): Promise<Got> {
    const asked = new URLSearchParams({
      client_id: CLIENT,
      scope: `${resource}/user_impersonation openid profile offline_access`,
      redirect_uri: RETURN,
      response_mode: 'query',
      response_type: 'code',
      code_challenge: createHash('sha256').update(verifier).digest('base64url'),
      code_challenge_method: 'S256',
      prompt: 'select_account',
      client_info: '1',
    });
    const signed = await post(service, `/organizations/oauth2/v2.0/authorize?${asked}`, { username: OPERATOR_USER.name, password: SECRET });
    const code = new URL(signed.headers['location'] ?? '').searchParams.get('code') ?? '';
    return token(service, { client_id: CLIENT, redirect_uri: RETURN, scope: `${resource}/user_impersonation openid profile offline_access`, code, code_verifier: verifier, grant_type: 'authorization_code', client_info: '1', 'x-client-SKU': 'msal.js.node' }, '/organizations/oauth2/v2.0/token');
  }

  it('knows who has signed in, and shows tenants, subscriptions, accounts, rights, quotas and sizes', async () => {
    const { json } = await signIn('https://management.azure.com/');
    expect(JSON.parse(Buffer.from(json.id_token.split('.')[1], 'base64url').toString())).toMatchObject({ preferred_username: OPERATOR_USER.name, tid: TENANT_ID, oid: OPERATOR_USER.objectId });
    const ask = async (path: string, version: string, query = ''): Promise<Got> => {
      const got = await service.askPlainly({ url: `${path}?api-version=${version}${query}`, headers: { host: HOST, origin: 'file://', accept: 'application/json, text/plain, */*', authorization: `${json.token_type} ${json.access_token}` } });
      expect(got.status, `${path} ${got.text}`).toBe(200);
      return got;
    };
    expect((await ask('/tenants', VERSION.arm)).json.value[0]).toMatchObject({ id: expect.any(String), tenantId: expect.any(String) });
    expect((await ask('/subscriptions', VERSION.arm)).json.value[0]).toMatchObject({ subscriptionId: SUBSCRIPTION, state: 'Enabled', displayName: expect.any(String), tenantId: expect.any(String) });
    const [account] = (await ask(`/subscriptions/${SUBSCRIPTION}/providers/Microsoft.Batch/batchAccounts`, VERSION.batch)).json.value;
    expect(account).toMatchObject({ id: ACCOUNT, name: 'mybatchaccount', location: 'westeurope', properties: { accountEndpoint: expect.any(String), provisioningState: 'Succeeded' } });
    // It looks for exactly these words.
    expect((await ask(`${ACCOUNT}/providers/Microsoft.Authorization/permissions`, VERSION.authorization)).json.value[0].actions).toContain('*');
    expect((await ask(`/subscriptions/${SUBSCRIPTION}/providers/Microsoft.Batch/locations/westeurope/quotas`, VERSION.batch)).json).toEqual({ accountQuota: expect.any(Number) });
    const filter = `&$filter=${encodeURIComponent("resourceType eq 'Microsoft.Batch/batchAccounts' and location eq 'westeurope'")}`;
    expect((await ask(`/subscriptions/${SUBSCRIPTION}/resources`, VERSION.arm, filter)).json.value).toMatchObject([{ id: ACCOUNT }]);
    expect((await ask(`/subscriptions/${SUBSCRIPTION}/providers/Microsoft.Batch/locations/westeurope/virtualMachineSkus`, VERSION.skus)).json.value.length).toBeGreaterThan(10);
  });

  it('lists what is in an account by a token for Batch', async () => {
    const { json } = await signIn('https://batch.core.windows.net/');
    const { status, json: pools } = await service.askPlainly({ url: `/pools?maxresults=50&api-version=${VERSION.data}`, headers: { host: HOST, origin: 'http://localhost', authorization: `Bearer ${json.access_token}`, 'content-type': 'application/json; odata=minimalmetadata; charset=UTF-8', 'cache-control': 'no-cache' } });
    expect([status, pools.value.map(({ id }: { readonly id: string }) => id)]).toEqual([200, ['pool']]);
  });
});

describe('Batch Explorer with a local account: name, URL and key', () => {
  /** As its pages sign: what they set, and a length where there is a body. */
  function ask(method: string, path: string, query: Readonly<Record<string, string>> = {}, body?: object): Promise<Got> {
    const text = body === undefined ? undefined : JSON.stringify(body);
    const all = Object.entries({ ...query, 'api-version': VERSION.data }).toSorted(([one], [other]) => (one < other ? -1 : 1));
    const type = 'application/json; odata=minimalmetadata; charset=UTF-8';
    const date = new Date(service.now.value).toUTCString();
    const length = text === undefined ? (['GET', 'DELETE', 'HEAD'].includes(method) ? '' : '0') : String(Buffer.byteLength(text));
    const toSign = [method, '', '', length, '', type, '', '', '', '', '', '', `ocp-date:${date}`, `/mybatchaccount${path}${all.map(([name, value]) => `\n${name}:${value}`).join('')}`].join('\n');
    const signature = createHmac('sha256', Buffer.from(KEY, 'base64')).update(toSign).digest('base64');
    const sized = text === undefined ? (length === '' ? {} : { 'content-length': '0' }) : { 'content-length': length };
    return service.askPlainly({
      method,
      url: `${path}?${new URLSearchParams(all)}`,
      headers: { host: HOST, origin: 'file://', accept: 'application/json, text/plain, */*', 'content-type': type, 'cache-control': 'no-cache', 'ocp-date': date, authorization: `SharedKey mybatchaccount:${signature}`, ...sized },
      ...(text === undefined ? {} : { body: text }),
    });
  }

  it('shows pools, jobs, tasks, nodes, counts, schedules, images and applications, a page at a time', async () => {
    await service.ask({ method: 'POST', url: '/jobs', body: { id: 'other', poolInfo: { poolId: 'pool' } } });
    for (const path of ['/pools', '/jobs', '/jobs/job/tasks', '/pools/pool/nodes', '/nodecounts', '/jobschedules', '/supportedimages', '/applications', '/certificates']) {
      const { status, json, text, headers } = await ask('GET', path, { maxresults: '50' });
      expect(status, `${path} ${text}`).toBe(200);
      expect(json.value).toBeInstanceOf(Array);
      expect(headers['access-control-allow-origin']).toBe('file://');
    }
    const first = await ask('GET', '/jobs', { maxresults: '1', $select: 'id,state', $filter: "state eq 'active'" });
    const next = new URL(first.json['odata.nextLink']);
    // It asks there as it stands, and signs what stands there.
    const second = await ask('GET', next.pathname, Object.fromEntries(next.searchParams));
    expect([...first.json.value, ...second.json.value].map(({ id }) => id)).toEqual(['job', 'other']);
  });

  it('makes and deletes a job, and hears of errors in its form', async () => {
    expect((await ask('POST', '/jobs', {}, { id: 'made', poolInfo: { poolId: 'pool' } })).status).toBe(201);
    expect((await ask('POST', '/jobs/made/disable', {}, { disableTasks: 'requeue' })).status).toBe(202);
    expect((await ask('DELETE', '/jobs/made')).status).toBe(202);
    const missing = await ask('GET', '/jobs/nobody');
    expect([missing.status, missing.json.code, missing.json.message.value]).toEqual([404, 'JobNotFound', expect.stringContaining('RequestId:')]);
  });
});
