import { afterAll, beforeAll, expect, test } from 'vitest';
import { managementContract } from '../../../src/wire/management/contract.ts';
import { MANAGEMENT_ROWS, type ManagementOperationId, type ManagementRow } from '../../../src/wire/management/operations.ts';
import { ACCOUNT, GROUP, manage } from '../../api/management/asking.ts';
import { testApi, type Got, type TestApi } from '../../api/support.ts';
import { CERTIFICATE } from '../../support/certificates.ts';
import { FULL_STORAGE, requestOf, placedWithStorage } from './scenario.ts';

let it: TestApi;
beforeAll(async () => {
  it = await testApi({ storage: FULL_STORAGE });
  await placedWithStorage(it);
  await manage(it, 'PUT', `${ACCOUNT}/applications/app`, {});
});
afterAll(() => it.close());

const ALL: readonly ManagementRow[] = MANAGEMENT_ROWS.filter(({ id }) => !id.startsWith('Role') && !id.startsWith('Deployment'));
const PARAMS = { identityName: 'identity', providerNamespace: 'Microsoft.Batch', operationId: '00000000-0000-4000-8000-000000000000', serviceName: 'default' };

function versionOf({ until }: ManagementRow): string {
  return until === undefined ? '2025-06-01' : until < 20 ? '2024-02-01' : '2024-07-01';
}

function ask(row: ManagementRow, { body, params = {}, version = versionOf(row), query = '' }: { readonly body?: unknown; readonly params?: Readonly<Record<string, string>>; readonly version?: string; readonly query?: string } = {}): Promise<Got> {
  const { method, path } = requestOf({ operation: row.id as ManagementOperationId, params: { ...PARAMS, ...params } }, 25);
  return manage(it, method, `${path}${query}`, body, {}, version);
}

/** As one that the client can put right: never an error of the service, never taken. */
function expectRefused({ status, json, text }: Got, where: string): void {
  expect(status, `${where}: ${text}`).toBeGreaterThanOrEqual(400);
  expect(status, `${where}: ${text}`).toBeLessThan(500);
  expect(json?.error, where).toEqual(expect.objectContaining({ code: expect.stringMatching(/^[A-Z]\w+$/), message: expect.stringMatching(/\w/) }));
}

const READING = ALL.filter(({ shape }) => shape !== undefined);
const BODIES: readonly (readonly [string, unknown])[] = [
  ['none', undefined],
  ['a list', []],
  ['a text', 'x'],
  ['null', null],
  ['a property that nobody knows', { colour: 'red' }],
  ['broken JSON', '{"a":'],
];

test.each(READING.map((row) => ({ id: row.id, row })))('$id refuses a body that is none of its own', async ({ id, row }) => {
  for (const [what, body] of BODIES) {
    if (what === 'none' && row.body === 'optional') continue;
    const { method, path } = requestOf({ operation: id as ManagementOperationId, params: PARAMS }, 25);
    const payload = typeof body === 'string' ? body : JSON.stringify(body);
    const got = await it.askPlainly({ method, url: `${path}?api-version=${versionOf(row)}`, ...(payload === undefined ? {} : { body: payload }), headers: { host: '127.0.0.1:10800', authorization: 'Bearer operator', 'content-type': 'application/json', 'content-length': String(Buffer.byteLength(payload ?? '')) } });
    expectRefused(got, `${id} with ${what}`);
  }
});

test.each(READING.map((row) => ({ id: row.id, row })))('$id refuses each property of a wrong type', async ({ id, row }) => {
  if (row.shape === undefined) return;
  for (const [name, property] of managementContract.rowsOf(row.shape)) {
    const wrong = property.list === true ? 'x' : property.type === 'string' || managementContract.enumValues(property.type) !== undefined ? { a: 1 } : 7;
    expectRefused(await ask(row, { body: { location: 'westeurope', [name]: wrong } }), `${id} with ${name} ${JSON.stringify(wrong)}`);
  }
});

test.each(ALL.filter(({ path }) => path.includes('{subscriptionId}')).map((row) => ({ id: row.id, row })))('$id answers of another subscription, group or account, and of a version that is none', async ({ id, row }) => {
  const body = row.shape === undefined ? undefined : {};
  const other = await ask(row, { body, params: { subscriptionId: '11111111-1111-1111-1111-111111111111' } });
  // The answer to HEAD has no body.
  const hasBody = row.method !== 'HEAD';
  expect([other.status, other.json?.error.code], id).toEqual([404, hasBody ? 'SubscriptionNotFound' : undefined]);
  for (const version of ['', 'yesterday', '2025-13-01']) expect(await ask(row, { body, version }), `${id} in ${version}`).toMatchObject({ status: 400, ...(hasBody && { json: { error: { code: version === '' ? 'MissingApiVersionParameter' : 'InvalidApiVersionParameter' } } }) });
  if (row.path.includes('{resourceGroupName}') && row.method === 'GET' && !row.path.endsWith('{resourceGroupName}')) {
    const nowhere = await ask(row, { params: { resourceGroupName: 'nowhere' } });
    expect([nowhere.status, nowhere.json?.error.code], id).toEqual([404, 'ResourceGroupNotFound']);
  }
});

test.each(ALL.filter(({ query, method }) => query === undefined && method === 'GET').map((row) => ({ id: row.id, row })))('$id refuses a filter and a selection', async ({ id, row }) => {
  for (const query of ["?$filter=name%20eq%20'x'", '?$select=name', '?maxresults=1', '?$top=1', '?$orderby=name']) expect(await ask(row, { query }), id).toMatchObject({ status: 400, json: { error: { code: 'InvalidQueryParameterValue' } } });
});

test.each(ALL.filter(({ query }) => query?.includes('maxresults') === true).map((row) => ({ id: row.id, row })))('$id refuses a page of no size', async ({ row }) => {
  for (const size of ['0', '-1', 'x', '1.5']) expect((await ask(row, { query: `?maxresults=${size}` })).status).toBe(400);
});

const MACHINE = { vmSize: 'Standard_A1_v2', deploymentConfiguration: { virtualMachineConfiguration: { imageReference: { publisher: 'canonical', offer: '0001-com-ubuntu-server-jammy', sku: '22_04-lts' }, nodeAgentSkuId: 'batch.node.ubuntu 22.04' } } };

/** Each limit, the last that is taken and the first that is not (limits 7.3 and the OpenAPI facts). */
const LIMITS: readonly (readonly [what: string, method: string, path: (value: string) => string, body: (value: string) => object, within: string, beyond: string, version?: string])[] = [
  ['a short name of an account', 'PUT', (name) => ACCOUNT.replace('mybatchaccount', name), () => ({ location: 'westeurope' }), 'abc', 'ab'],
  ['a long name of an account', 'PUT', (name) => ACCOUNT.replace('mybatchaccount', name), () => ({ location: 'westeurope' }), 'a'.repeat(24), 'a'.repeat(25)],
  ['the name of a group', 'PUT', (name) => GROUP.replace(/g$/, name), () => ({ location: 'westeurope' }), 'g'.repeat(90), 'g'.repeat(91)],
  ['the name of an identity', 'PUT', (name) => `${GROUP}/providers/Microsoft.ManagedIdentity/userAssignedIdentities/${name}`, () => ({ location: 'westeurope' }), 'a'.repeat(128), 'a'.repeat(129)],
  ['the name of a pool', 'PUT', (name) => `${ACCOUNT}/pools/${name}`, () => ({ properties: MACHINE }), 'p'.repeat(64), 'p'.repeat(65)],
  ['the name of an application', 'PUT', (name) => `${ACCOUNT}/applications/${name}`, () => ({}), 'p'.repeat(64), 'p'.repeat(65)],
  ['the version of a package', 'PUT', (name) => `${ACCOUNT}/applications/app/versions/${name}`, () => ({}), '1'.repeat(64), '1'.repeat(65)],
  ['what an application is shown as', 'PATCH', () => `${ACCOUNT}/applications/app`, (displayName) => ({ properties: { displayName } }), 'x'.repeat(1024), 'x'.repeat(1025)],
  ['slots of a node', 'PUT', (slots) => `${ACCOUNT}/pools/slots${slots}`, (slots) => ({ properties: { ...MACHINE, taskSlotsPerNode: Number(slots) } }), '4', '5'],
  ['the time of a resize', 'PUT', (time) => `${ACCOUNT}/pools/resize${time}`, (resizeTimeout) => ({ properties: { ...MACHINE, scaleSettings: { fixedScale: { resizeTimeout } } } }), 'PT5M', 'PT4M59S'],
  ['the interval of a formula', 'PUT', (time) => `${ACCOUNT}/pools/interval${time}`, (evaluationInterval) => ({ properties: { ...MACHINE, scaleSettings: { autoScale: { formula: '$TargetDedicatedNodes=0;', evaluationInterval } } } }), 'PT5M', 'PT4M59S'],
  ['the thumbprint of a certificate', 'PUT', (thumbprint) => `${ACCOUNT}/certificates/sha1-${thumbprint}`, () => ({ properties: { data: CERTIFICATE.pfx, format: 'Pfx', password: 'secret' } }), CERTIFICATE.thumbprint, `${CERTIFICATE.thumbprint}0`, '2024-07-01'],
];

test.each(LIMITS.map(([what, ...limit]) => ({ what, limit })))('$what: the last that is taken, and the first that is not', async ({ what, limit: [method, path, body, within, beyond, version = '2025-06-01'] }) => {
  const taken = await manage(it, method, path(within), body(within), {}, version);
  expect(taken.status, `${what}: ${taken.text}`).toBeLessThan(300);
  expectRefused(await manage(it, method, path(beyond), body(beyond), {}, version), what);
});
