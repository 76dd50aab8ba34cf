import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createAssignedRoles } from '../../src/api/identity/assignedRoles.ts';
import type { Identity } from '../../src/api/identity/identity.ts';
import { issuerAt } from '../../src/api/identity/tokens.ts';
import { BATCH_AUDIENCE, OPERATOR, TENANT_ID } from '../../src/api/identity/wellKnown.ts';
import { managementAuthority } from '../../src/api/management/authentication.ts';
import { OWN_OPERATIONS } from '../../src/api/own/operations.ts';
import { ROLES } from '../../src/api/roles.ts';
import { insertResource } from '../../src/store/intents/resources.ts';
import { MANAGEMENT_ROWS, type ManagementRow } from '../../src/wire/management/operations.ts';
import { operations, type OperationId } from '../../src/wire/operations.ts';
import { API_VERSIONS } from '../../src/wire/versions.ts';
import { FILES, nodeRequests, requestOf, sessionOf } from '../contract/scenario.ts';
import { CERTIFICATE } from '../support/certificates.ts';
import { SUBSCRIPTION } from './management/support.ts';
import { IDENTITY, noStorage, testApi, TOKENS, UBUNTU, withVersion, type Got, type Sent, type TestApi } from './support.ts';

/**
 * Two accounts of one service: a session does all that can be done with the first, and before each step the other's
 * key, its members' tokens and the tokens of its tasks try the same, by the ids that the first has.
 */

const FIRST = { name: 'mybatchaccount', key: Buffer.alloc(64, 'k').toString('base64') };
const AT_SERVICE = '127.0.0.1:10800';
const AT_FIRST = `${FIRST.name}.localhost:10800`;
const GROUP = `/subscriptions/${SUBSCRIPTION}/resourceGroups/g`;
function accountId(name: string): string {
  return `${GROUP}/providers/Microsoft.Batch/batchAccounts/${name}`;
}

let it: TestApi;
let number: number;
const other = { name: 'other', key: '' };
let member: Identity;
let taskToken: string;

beforeAll(async () => {
  const authority = managementAuthority({ tokens: IDENTITY.tokens, roles: { at: (...asked) => createAssignedRoles(it.pool).at(...asked) }, wallClock: () => it.now.value });
  it = await testApi({ files: FILES, nodeRequests: nodeRequests(), storage: { ...noStorage, createContainer: () => Promise.resolve() }, management: { authority } });
  await insertResource(it.pool, { id: GROUP, type: 'Microsoft.Resources/resourceGroups', spec: { location: 'westeurope' } }, 0);
  await insertResource(it.pool, { id: accountId(FIRST.name), type: 'Microsoft.Batch/batchAccounts', spec: { location: 'westeurope' }, account: 1 }, 0);
  const made = await manage(OPERATOR, 'PUT', accountId(other.name), { location: 'eastus' });
  expect(made.status).toBe(202);
  const { pathname, search } = new URL(made.headers['location'] ?? '');
  while ((await manage(OPERATOR, 'GET', `${pathname}${search}`)).status !== 200);
  other.key = (await manage(OPERATOR, 'POST', `${accountId(other.name)}/listKeys`)).json.primary;
  number = (await it.pool.query<{ account: number }>('select account from account where name = $1', [other.name])).rows[0]?.account ?? 0;
  member = { objectId: randomUUID(), tenantId: TENANT_ID, kind: 'user', name: 'ada' };
  await insertResource(it.pool, { id: `${accountId(other.name)}/providers/Microsoft.Authorization/roleAssignments/${randomUUID()}`, type: 'Microsoft.Authorization/roleAssignments', spec: { properties: { principalId: member.objectId, roleDefinitionId: `/providers/Microsoft.Authorization/roleDefinitions/${ROLES.owner.id}` } } }, it.now.value + 1);
  for (const [url, body] of [['/pools', { id: 'own', vmSize: 'standard_d1_v2', virtualMachineConfiguration: UBUNTU }], ['/jobs', { id: 'own', poolInfo: { poolId: 'own' } }], ['/jobs/own/tasks', { id: 'own', commandLine: 'x' }]] as const) {
    expect((await it.askAs(other.name, other.key, { method: 'POST', url, body })).status).toBe(201);
  }
  const { rows } = await it.pool.query<{ job: string; task: string }>('select job, task from task join job using (job) where account = $1', [number]);
  taskToken = TOKENS.issue({ account: number, job: Number(rows[0]?.job), task: Number(rows[0]?.task), attempt: 1 });
});
afterAll(() => it.close());

async function manage(identity: Identity, method: string, url: string, body?: unknown): Promise<Got> {
  const token = await IDENTITY.tokens.issue({ identity, audience: 'https://management.azure.com/', issuer: issuerAt(`https://${AT_SERVICE}`), now: it.now.value });
  return plainly({ method, url: withVersion(url), body, headers: { host: AT_SERVICE, authorization: `Bearer ${token}` } });
}

/** As it stands, with the headers of its body. */
function plainly({ method = 'GET', url, body, headers }: Sent): Promise<Got> {
  const payload = body === undefined ? undefined : JSON.stringify(body);
  const sized = payload === undefined ? (method === 'GET' || method === 'HEAD' ? {} : { 'content-length': '0' }) : { 'content-type': 'application/json; odata=minimalmetadata', 'content-length': String(Buffer.byteLength(payload)) };
  return it.askPlainly({ method, url, ...(payload === undefined ? {} : { body: payload }), headers: { ...sized, ...headers } });
}

/** Who is not of the first account, or does not show that it is; and what it has to be told. */
const STRANGERS: readonly { readonly who: string; readonly as: (sent: Sent) => Promise<Got>; readonly status: number; readonly code: string }[] = [
  { who: 'the first account’s name with the key of the other', as: (sent) => it.askAs(FIRST.name, other.key, sent), status: 403, code: 'AuthenticationFailed' },
  { who: 'the other account at the host of the first', as: (sent) => it.askAs(other.name, other.key, { ...sent, headers: { host: AT_FIRST } }), status: 403, code: 'AuthenticationFailed' },
  { who: 'an owner of the other account at the host of the first', as: (sent) => asMember(sent, AT_FIRST), status: 403, code: 'InsufficientAccountPermissions' },
  { who: 'an owner of the other account at the service, which is the first’s', as: (sent) => asMember(sent, AT_SERVICE), status: 403, code: 'InsufficientAccountPermissions' },
  { who: 'a task of the other account at the host of the first', as: (sent) => asTask(sent, AT_FIRST), status: 401, code: 'AuthenticationFailed' },
  { who: 'a task of the other account at the service', as: (sent) => asTask(sent, AT_SERVICE), status: 403, code: 'InsufficientAccountPermissions' },
];

async function asMember(sent: Sent, host: string): Promise<Got> {
  const token = await IDENTITY.tokens.issue({ identity: member, audience: BATCH_AUDIENCE, issuer: issuerAt(`http://${AT_SERVICE}`), now: it.now.value });
  return plainly({ ...sent, url: withVersion(sent.url), headers: { host, authorization: `Bearer ${token}` } });
}

function asTask(sent: Sent, host: string): Promise<Got> {
  return plainly({ ...sent, url: withVersion(sent.url), headers: { host, authorization: `Bearer ${taskToken}` } });
}

/** All of them are refused. HEAD has no body that says the code. */
async function expectRefused(what: string, sent: Sent): Promise<void> {
  for (const { who, as, status, code } of STRANGERS) {
    const got = await as(sent);
    expect([what, who, got.status, got.json?.code ?? code], got.text).toEqual([what, who, status, code]);
  }
}

interface Table {
  readonly name: string;
  /** Whether its rows say whose they are. */
  readonly ofAccount: boolean;
}
let tables: readonly Table[] | undefined;

/** All that the database has, but of the other account; what that was let do of its own is taken back first. */
async function everything(): Promise<readonly string[]> {
  tables ??= (await it.pool.query<Table>(
    `select t.table_name as name, exists (select from information_schema.columns c where c.table_schema = 'public' and c.table_name = t.table_name and c.column_name = 'account') as "ofAccount"
      from information_schema.tables t where table_schema = 'public' and table_type = 'BASE TABLE' and table_name <> 'migration'`,
  )).rows;
  for (const table of ['pool', 'job_schedule', 'application', 'certificate', 'inbox', 'drill', 'page_link', 'webhook']) await it.pool.query(`delete from ${table} where account = $1 ${['pool', 'job_schedule'].includes(table) ? "and id <> 'own'" : ''}`, [number]);
  for (const table of ['open_job', 'task']) await it.pool.query(`delete from ${table} where job in (select job from job where account = $1 and id <> 'own')`, [number]);
  await it.pool.query(`delete from job where account = $1 and id <> 'own'`, [number]);
  const digests = tables.map(({ name, ofAccount }) => `select '${name}' as name, md5(coalesce(string_agg(t::text, '|' order by t::text), '')) as md5 from ${name} t ${ofAccount ? `where account is distinct from ${number}` : ''}`);
  const { rows } = await it.pool.query<{ name: string; md5: string }>(`select * from (${digests.join(' union all ')}) all_of_them order by name`);
  return rows.map(({ name, md5 }) => `${name} ${md5}`);
}

/** Ids that the first account alone has, as answers would show them. */
const OF_FIRST = new RegExp(`"(id|\\w+Id|thumbprint)":"(p|j|s|app|tvmps_\\w+|${CERTIFICATE.thumbprint})"`, 'i');

function isRead({ method }: { readonly method: string }): boolean {
  return method === 'GET' || method === 'HEAD';
}

describe('an account', () => {
  test('is reached by no key and no token of another one, whatever operation of the data plane or of Linarite itself is tried', { timeout: 120_000 }, async () => {
    const tried = new Set<OperationId>();
    for (const step of sessionOf(it)) {
      if (step.operation === 'Pool_RemoveNodes') await tryOwnOperations();
      await step.before?.();
      const row = operations.find(({ id }) => id === step.operation);
      if (row === undefined) throw new Error(step.operation);
      // What is of early versions alone is asked for in the last of them.
      const last = row.until ?? (step.body !== undefined && 'cloudServiceConfiguration' in step.body ? 19 : 25);
      const version = API_VERSIONS.findLast(({ revision }) => revision <= last);
      if (version === undefined) throw new Error(step.operation);
      const sent = requestOf(step, version.text, version.revision);
      const before = isRead(row) ? [] : await everything();
      await expectRefused(step.operation, sent);
      const got = await it.askAs(other.name, other.key, sent);
      expect([step.operation, got.status], got.text).toEqual([step.operation, row.path.includes('{') ? 404 : row.status]);
      expect(got.text, step.operation).not.toMatch(OF_FIRST);
      expect(isRead(row) ? [] : await everything(), step.operation).toEqual(before);
      await it.ask(sent);
      tried.add(step.operation);
    }
    expect(operations.filter(({ id }) => !tried.has(id)).map(({ id }) => id)).toEqual([]);
  });

  test('is reached through Resource Manager by no owner of another one, and by no key and no token of a task at all', async () => {
    const before = await everything();
    const rows: readonly ManagementRow[] = MANAGEMENT_ROWS;
    for (const { id, method, path } of rows) {
      const values: Readonly<Record<string, string>> = { subscriptionId: SUBSCRIPTION, resourceGroupName: 'g', accountName: FIRST.name, poolName: 'p', applicationName: 'app', versionName: '1.0', certificateName: `sha1-${CERTIFICATE.thumbprint}`, locationName: 'westeurope' };
      const scope = path.startsWith('/providers/Microsoft.Authorization') ? accountId(FIRST.name) : '';
      const url = `${scope}${path.replaceAll(/\{(\w+)\}/g, (_, name: string) => values[name] ?? 'x')}`;
      const body = method === 'PUT' || method === 'PATCH' || method === 'POST' ? {} : undefined;
      const seen = await manage(member, method, url, body);
      // Those say nothing of anybody's resources (`OPEN_PATHS`).
      const isOpen = ['/subscriptions', '/tenants'].includes(url);
      expect([id, seen.status, seen.json?.error?.code], seen.text).toEqual([id, isOpen ? 200 : 403, isOpen ? undefined : method === 'HEAD' ? undefined : 'AuthorizationFailed']);
      for (const authorization of [`Bearer ${taskToken}`, undefined]) {
        const sent = { method, url: withVersion(url), body };
        const got = await (authorization === undefined ? it.askAs(other.name, other.key, sent) : plainly({ ...sent, headers: { host: AT_SERVICE, authorization } }));
        expect([id, got.status]).toEqual([id, 401]);
      }
    }
    expect(await everything()).toEqual(before);
  });

  test('names nothing that its owner may not use: neither the storage of another one nor its identity', async () => {
    const storage = `${GROUP}/providers/Microsoft.Storage/storageAccounts/ofthefirst`;
    const identity = `${GROUP}/providers/Microsoft.ManagedIdentity/userAssignedIdentities/ofthefirst`;
    for (const id of [storage, identity]) expect((await manage(OPERATOR, 'PUT', id, { location: 'westeurope', ...(id === storage ? { sku: { name: 'Standard_LRS' }, kind: 'StorageV2' } : {}) })).status).toBeLessThan(300);
    const before = await everything();
    const theirs = accountId(other.name);
    const assigned = { type: 'UserAssigned', userAssignedIdentities: { [identity]: {} } };
    for (const [method, url, body] of [
      ['PATCH', theirs, { properties: { autoStorage: { storageAccountId: storage } } }],
      ['PUT', theirs, { location: 'eastus', properties: { autoStorage: { storageAccountId: storage } } }],
      ['PATCH', theirs, { identity: assigned }],
      ['PUT', `${theirs}/pools/new`, { identity: assigned, properties: { vmSize: 'standard_d2s_v3', deploymentConfiguration: { virtualMachineConfiguration: { imageReference: UBUNTU.imageReference, nodeAgentSkuId: UBUNTU.nodeAgentSKUId } } } }],
      ['PATCH', `${theirs}/pools/own`, { identity: assigned }],
    ] as const) {
      const refused = await manage(member, method, url, body);
      expect([method, url, refused.status, refused.json.error?.code], refused.text).toEqual([method, url, 403, 'LinkedAuthorizationFailed']);
    }
    expect(await everything()).toEqual(before);
    expect((await manage(OPERATOR, 'PATCH', theirs, { properties: { autoStorage: { storageAccountId: storage } } })).status).toBe(200);
  });

  test('whose key is replaced takes the old one no more, on connections that are open as well; the other’s goes on', async () => {
    const { primary, secondary } = (await manage(OPERATOR, 'POST', `${accountId(other.name)}/listKeys`)).json;
    const status = async (key: string): Promise<number> => (await it.askAs(other.name, key, { url: '/pools' })).status;
    // The tests' client keeps its connection between requests.
    expect([await status(primary), await status(secondary)]).toEqual([200, 200]);
    const next = (await manage(OPERATOR, 'POST', `${accountId(other.name)}/regenerateKeys`, { keyName: 'Primary' })).json;
    expect([await status(primary), await status(secondary), await status(next.primary), (await it.ask({ url: '/pools' })).status]).toEqual([403, 200, 200, 200]);
    other.key = next.primary;
  });
});

/** Tries them where the first account has a pool, a node, a job, a task, an application, a drill, a session … */
async function tryOwnOperations(): Promise<void> {
  expect((await it.ask({ method: 'POST', url: '/linarite/drills', body: { rate: '10%/min' } })).status).toBe(201);
  const { rows: [session] } = await it.pool.query<{ number: string }>(`insert into page_session (account, role, token, cookie, keys, agent, made_at, used_at) values (1, 'reader', '\\x01', '\\x01', '\\x01', 'a browser', 0, 0) returning number`);
  const { rows: [webhook] } = await it.pool.query<{ webhook: string }>(`insert into webhook (account, url, selection, secret, created, epoch, tick, place, at, disabled_at) values (1, 'https://192.0.2.1/', '{}', 'sealed', 0, 0, 0, 0, 0, 1) returning webhook`);
  const { json: bulk } = await it.ask({ method: 'POST', url: '/linarite/jobs/j/bulk', body: { action: 'terminate', ids: ['done'] } });
  expect(bulk.operation).toMatch(/-/);
  const ids: Readonly<Record<string, string>> = { poolId: 'p', nodeId: 'tvmps_1_d', jobId: 'j', taskId: 'done', id: 'app', version: '1.0', drillId: '1', session: String(session?.number), operation: bulk.operation, webhookId: String(webhook?.webhook), file: 'stdout.txt' };
  for (const { method, path } of OWN_OPERATIONS) {
    const name = `${method} ${path}`;
    const url = path.replaceAll(/\{(\w+)\}/g, (_, param: string) => {
      const value = ids[param];
      if (value === undefined) throw new Error(`${name} is not tried: which ${param} has the first account?`);
      return value;
    });
    const { query = '', body, status } = OWN_REQUESTS[name] ?? {};
    if (method !== 'GET' && status === undefined) throw new Error(`${name} is not tried: OWN_REQUESTS has to say how it is asked for, and what the other account is told`);
    const sent = { method, url: `${url}${query}`, ...(body === undefined ? {} : { body }) };
    const before = await everything();
    await expectRefused(name, sent);
    const got = await it.askAs(other.name, other.key, sent);
    expect.soft([name, got.status], got.text).toEqual([name, status ?? (path.includes('{') ? 404 : 200)]);
    expect.soft(got.text, name).not.toMatch(OF_FIRST);
    expect.soft(await everything(), name).toEqual(before);
  }
}

/**
 * How operations of Linarite itself are asked for what the first account has, and what the other is told: all that
 * change something, and those that answer other than 404 to an id, or 200.
 */
const OWN_REQUESTS: Readonly<Record<string, { readonly query?: string; readonly body?: unknown; readonly status: number }>> = {
  'POST /linarite/jobs/{jobId}/bulk': { body: { action: 'terminate', ids: ['done'] }, status: 404 },
  'GET /linarite/jobs/{jobId}/tasks/{taskId}/files/{file}/find': { query: '?text=a', status: 404 },
  'POST /linarite/webhooks': { body: { url: 'https://hooks.example.com/', on: ['task.failed'] }, status: 201 },
  'DELETE /linarite/webhooks/{webhookId}': { status: 404 },
  'POST /linarite/webhooks/{webhookId}/enable': { status: 404 },
  'POST /linarite/webhooks/{webhookId}/test': { status: 404 },
  'PATCH /linarite/account': { body: { quotas: { pools: 5 } }, status: 200 },
  'POST /linarite/signin/links': { body: { role: 'reader' }, status: 201 },
  'GET /linarite/sessions/current': { status: 404 },
  'DELETE /linarite/sessions/current': { status: 404 },
  'DELETE /linarite/sessions/{session}': { status: 404 },
  'PUT /linarite/applications/{id}': { body: { properties: { displayName: 'taken' } }, status: 200 },
  'PATCH /linarite/applications/{id}': { body: { properties: { displayName: 'taken' } }, status: 404 },
  'DELETE /linarite/applications/{id}': { status: 204 },
  'PUT /linarite/applications/{id}/versions/{version}': { status: 200 },
  'DELETE /linarite/applications/{id}/versions/{version}': { status: 404 },
  'POST /linarite/applications/{id}/versions/{version}/activate': { body: { format: 'zip' }, status: 404 },
  'POST /linarite/clock/advance': { body: { by: 'PT1S' }, status: 409 },
  'GET /linarite/cost': { query: '?job=j', status: 404 },
  'GET /linarite/events': { query: '?job=j&limit=1', status: 200 },
  'POST /linarite/drills': { body: { rate: '10%/min', pools: ['p'] }, status: 404 },
  'POST /linarite/drills/{drillId}/stop': { status: 404 },
  'POST /linarite/pools/{poolId}/evaluate': { body: { formula: '$TargetDedicatedNodes = 1;' }, status: 404 },
  'POST /linarite/autoscale/evaluate': { body: { formula: '$TargetDedicatedNodes = 1;', samples: { pool: 'p' } }, status: 404 },
  'POST /linarite/simulations': { body: { pools: [{ pool: 'p' }], load: { tasks: 1 } }, status: 404 },
  'POST /linarite/pools/{poolId}/samples': { body: { samples: [{ name: 'a', value: 1 }] }, status: 404 },
  'POST /linarite/seed': { body: { seed: { pools: [{ id: 'seeded', vmSize: 'standard_d1_v2', virtualMachineConfiguration: UBUNTU }] } }, status: 200 },
};
