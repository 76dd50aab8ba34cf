import { afterAll, beforeAll, expect, test } from 'vitest';
import { knownIn } from '../../../src/wire/contract/tables.ts';
import { managementContract } from '../../../src/wire/management/contract.ts';
import { MANAGEMENT_ROWS, type ManagementOperationId, type ManagementRow } from '../../../src/wire/management/operations.ts';
import type { Shapes } from '../../../src/wire/management/types.generated.ts';
import { parseManagementVersion } from '../../../src/wire/management/versions.ts';
import type { PropertyRow } from '../../../src/wire/shapes/definition.ts';
import type { Revision } from '../../../src/wire/versions.ts';
import { ACCOUNT, GROUP, manage } from '../../api/management/asking.ts';
import { testApi, type Got, type TestApi } from '../../api/support.ts';
import { CERTIFICATE } from '../../support/certificates.ts';
import { FULL_STORAGE, requestOf, placedWithStorage, STORAGE_SPEC } from './scenario.ts';

let it: TestApi;
beforeAll(async () => {
  it = await testApi({ storage: FULL_STORAGE });
  await placedWithStorage(it);
  await manage(it, 'PUT', `${ACCOUNT}/applications/app`, {});
  for (const version of VERSIONS) {
    await manage(it, 'PUT', `${ACCOUNT}/applications/app/versions/${version}`, {});
    await manage(it, 'POST', `${ACCOUNT}/applications/app/versions/${version}/activate`, { format: 'zip' });
  }
  await it.pool.query(`insert into certificate (account, thumbprint, thumbprint_key, format, data, public_data, state, state_since) select account, print, print, 'cer', '', '', 'active', 1 from account, unnest($1::text[]) print where name = 'mybatchaccount'`, [THUMBPRINTS]);
});
afterAll(() => it.close());

const ALL: readonly ManagementRow[] = MANAGEMENT_ROWS;
const GUID = '00000000-0000-4000-8000-000000000000';
const PARAMS = { identityName: 'identity', providerNamespace: 'Microsoft.Batch', operationId: GUID, serviceName: 'default', deploymentName: 'main', roleAssignmentName: GUID, roleDefinitionId: GUID };

function versionOf({ until }: ManagementRow): string {
  return until === undefined ? '2025-06-01' : until < 20 ? '2024-02-01' : '2024-07-01';
}

/** Where it is asked for; what comes after a scope, at the group. */
function targetOf({ id }: ManagementRow, params: Readonly<Record<string, string>> = {}): { readonly method: string; readonly path: string } {
  const { method, path } = requestOf({ operation: id as ManagementOperationId, params: { ...PARAMS, ...params } }, 25);
  return { method, path: path.startsWith('/providers/Microsoft.Authorization') ? `${GROUP}${path}` : path };
}

function ask(row: ManagementRow, { body, params = {}, version = versionOf(row), query = '' }: { readonly body?: unknown; readonly params?: Readonly<Record<string, string>>; readonly version?: string; readonly query?: string } = {}): Promise<Got> {
  const { method, path } = targetOf(row, params);
  return manage(it, method, `${path}${query}`, body, {}, version);
}

/** As one that the client can put right: never an error of the service, never taken. */
function expectRefused({ status, json, text }: Got, where: string): void {
  expect(status, `${where}: ${text}`).toBeGreaterThanOrEqual(400);
  expect(status, `${where}: ${text}`).toBeLessThan(500);
  expect(json?.error, where).toEqual(expect.objectContaining({ code: expect.stringMatching(/^[A-Z]\w+$/), message: expect.stringMatching(/\w/) }));
}

/** A body that is read, or has to be there. */
const READING = ALL.filter(({ shape, body }) => shape !== undefined || body === 'required');
/** The hash of a template is that of any object. */
const TAKES_ANY_OBJECT = 'Deployments_CalculateTemplateHash';
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
    if ((what === 'none' && row.body === 'optional') || (what === 'a property that nobody knows' && id === TAKES_ANY_OBJECT)) continue;
    const { method, path } = targetOf(row);
    const payload = typeof body === 'string' ? body : JSON.stringify(body);
    const got = await it.askPlainly({ method, url: `${path}?api-version=${versionOf(row)}`, ...(payload === undefined ? {} : { body: payload }), headers: { host: '127.0.0.1:10800', authorization: 'Bearer operator', 'content-type': 'application/json', 'content-length': String(Buffer.byteLength(payload ?? '')) } });
    expectRefused(got, `${id} with ${what}`);
  }
});

const SHAPED: readonly (readonly [ManagementRow, keyof Shapes])[] = ALL.flatMap((row) => (row.shape === undefined ? [] : [[row, row.shape] as const]));

test.each(SHAPED.map(([row, shape]) => ({ id: row.id, row, shape })))('$id refuses each property of a wrong type', async ({ id, row, shape }) => {
  for (const [name, property] of managementContract.rowsOf(shape)) {
    const wrong = property.list === true ? 'x' : property.type === 'string' || managementContract.enumValues(property.type) !== undefined ? { a: 1 } : 7;
    expectRefused(await ask(row, { body: { ...complete(shape), [name]: wrong } }), `${id} with ${name} ${JSON.stringify(wrong)}`);
  }
});

/** The smallest body of a shape: what it requires. */
function complete(shape: keyof Shapes): Readonly<Record<string, unknown>> {
  return Object.fromEntries(managementContract.rowsOf(shape).flatMap(([name, row]) => (row.required === true ? [[name, completed(row)]] : [])));
}

function completed({ type, list }: PropertyRow): unknown {
  const one = managementContract.isShape(type) ? complete(type) : (managementContract.enumValues(type)?.[0] ?? 'westeurope');
  return list === true ? [one] : one;
}

/** Bodies that lack one required property each, however deep, with its name. */
function lacking(shape: keyof Shapes, revision: Revision): readonly (readonly [missing: string, body: unknown])[] {
  return managementContract.rowsOf(shape).flatMap(([name, row]) => {
    if (!knownIn(row, revision)) return [];
    const { type, required, list } = row;
    const { [name]: _it, ...rest } = complete(shape);
    const within = managementContract.isShape(type) ? lacking(type, revision) : [];
    return [...(required === true ? [[name, rest] as const] : []), ...within.map(([missing, body]) => [missing, { ...rest, [name]: list === true ? [body] : body }] as const)];
  });
}

const REQUIRING = SHAPED.map(([row, shape]) => ({ id: row.id, row, bodies: lacking(shape, parseManagementVersion(versionOf(row)).revision) })).filter(({ bodies }) => bodies.length > 0);

test.each(REQUIRING)('$id refuses a body that lacks what it requires, and names it', async ({ id, row, bodies }) => {
  for (const [missing, body] of bodies) {
    const { status, text, json } = await ask(row, { body });
    expect([status, json?.error.code], `${id} without ${missing}: ${text}`).toEqual([400, 'MissingRequiredProperty']);
    expect(json.error.details, id).toContainEqual({ code: 'PropertyName', message: missing });
  }
});

test.each(ALL.map((row) => ({ id: row.id, row })))('$id answers of a version that is none', async ({ id, row }) => {
  const body = row.body === undefined ? undefined : {};
  // The answer to HEAD has no body.
  const hasBody = row.method !== 'HEAD';
  for (const version of ['', 'yesterday', '2025-13-01', '2025-06-01&api-version=2024-07-01']) {
    expect(await ask(row, { body, version }), `${id} in ${version}`).toMatchObject({ status: 400, ...(hasBody && { json: { error: { code: version === '' ? 'MissingApiVersionParameter' : 'InvalidApiVersionParameter' } } }) });
  }
});

test.each(ALL.filter(({ path }) => path.includes('{subscriptionId}')).map((row) => ({ id: row.id, row })))('$id answers of another subscription or group', async ({ id, row }) => {
  const other = await ask(row, { body: row.body === undefined ? undefined : {}, params: { subscriptionId: '11111111-1111-1111-1111-111111111111' } });
  expect([other.status, other.json?.error.code], id).toEqual([404, row.method === 'HEAD' ? undefined : 'SubscriptionNotFound']);
  if (row.path.includes('{resourceGroupName}') && row.method === 'GET' && !row.path.endsWith('{resourceGroupName}')) {
    const nowhere = await ask(row, { params: { resourceGroupName: 'nowhere' } });
    expect([nowhere.status, nowhere.json?.error.code], id).toEqual([404, 'ResourceGroupNotFound']);
  }
});

test.each(ALL.filter(({ query, method }) => query === undefined && method === 'GET').map((row) => ({ id: row.id, row })))('$id refuses a filter and a selection', async ({ id, row }) => {
  for (const query of ["?$filter=name%20eq%20'x'", '?$select=name', '?maxresults=1', '?$top=1', '?$orderby=name']) expect(await ask(row, { query }), id).toMatchObject({ status: 400, json: { error: { code: 'InvalidQueryParameterValue' } } });
});

const PAGED = ALL.flatMap((row) => (['maxresults', '$top'] as const).flatMap((bound) => (row.query?.includes(bound) === true ? [{ id: row.id, bound, row }] : [])));

test.each(PAGED)('$id refuses a page of no size by $bound, and two sizes', async ({ row, bound }) => {
  // What has no deployment has none of its operations.
  if (row.path.includes('{deploymentName}')) expect((await deployed(row)).status).toBeLessThan(300);
  for (const size of ['0', '-1', 'x', '1.5', `1&${bound}=2`]) expect(await ask(row, { query: `?${bound}=${size}` }), size).toMatchObject({ status: 400, json: { error: { code: 'InvalidQueryParameterValue' } } });
});

/** The deployment whose operations are listed. */
async function deployed({ path }: ManagementRow): Promise<Got> {
  const isOfGroup = path.includes('{resourceGroupName}');
  return manage(it, 'PUT', `${isOfGroup ? GROUP : GROUP.replace(/\/resourceGroups.*$/, '')}/providers/Microsoft.Resources/deployments/main`, { ...(isOfGroup ? {} : { location: 'westeurope' }), properties: { mode: 'Incremental', template: NOTHING } });
}

const NOTHING = { $schema: 'https://schema.management.azure.com/schemas/2019-04-01/deploymentTemplate.json#', contentVersion: '1.0.0.0', resources: [] };
const STORAGE = `${GROUP}/providers/Microsoft.Storage/storageAccounts`;
const THUMBPRINTS = Array.from({ length: 13 }, (_, index) => index.toString(16).padStart(40, 'a'));
const VERSIONS = Array.from({ length: 11 }, (_, index) => `9.${index}`);
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
  ['a long interval of a formula', 'PUT', (time) => `${ACCOUNT}/pools/interval${time}`, (evaluationInterval) => ({ properties: { ...MACHINE, scaleSettings: { autoScale: { formula: '$TargetDedicatedNodes=0;', evaluationInterval } } } }), 'P7D', 'P7DT1S'],
  ['the packages of a pool', 'PUT', (count) => `${ACCOUNT}/pools/packages${count}`, (count) => ({ properties: { ...MACHINE, applicationPackages: VERSIONS.slice(0, Number(count)).map((version) => ({ id: `${ACCOUNT}/applications/app`, version })) } }), '10', '11'],
  ['the certificates of a pool', 'PUT', (count) => `${ACCOUNT}/pools/certificates${count}`, (count) => ({ properties: { ...MACHINE, certificates: THUMBPRINTS.slice(0, Number(count)).map((thumbprint) => ({ id: `${ACCOUNT}/certificates/sha1-${thumbprint}` })) } }), '12', '13', '2024-07-01'],
  ['a short name of a storage account', 'PUT', (name) => `${STORAGE}/${name}`, () => STORAGE_SPEC, 'abc', 'ab'],
  ['a long name of a storage account', 'PUT', (name) => `${STORAGE}/${name}`, () => STORAGE_SPEC, 'a'.repeat(24), 'a'.repeat(25)],
  ['the name of a deployment', 'PUT', (name) => `${GROUP}/providers/Microsoft.Resources/deployments/${name}`, () => ({ properties: { mode: 'Incremental', template: NOTHING } }), 'd'.repeat(64), 'd'.repeat(65)],
  ['the thumbprint of a certificate', 'PUT', (thumbprint) => `${ACCOUNT}/certificates/sha1-${thumbprint}`, () => ({ properties: { data: CERTIFICATE.pfx, format: 'Pfx', password: 'secret' } }), CERTIFICATE.thumbprint, `${CERTIFICATE.thumbprint}0`, '2024-07-01'],
];

test.each(LIMITS.map(([what, ...limit]) => ({ what, limit })))('$what: the last that is taken, and the first that is not', async ({ what, limit: [method, path, body, within, beyond, version = '2025-06-01'] }) => {
  const taken = await manage(it, method, path(within), body(within), {}, version);
  expect(taken.status, `${what}: ${taken.text}`).toBeLessThan(300);
  expectRefused(await manage(it, method, path(beyond), body(beyond), {}, version), what);
});

test('of a member that stands twice in a body the last counts', async () => {
  const body = '{"tags":{"a":"first"},"tags":{"a":"last"}}';
  const headers = { host: '127.0.0.1:10800', authorization: 'Bearer operator', 'content-type': 'application/json', 'content-length': String(body.length) };
  expect((await it.askPlainly({ method: 'PATCH', url: `${ACCOUNT}?api-version=2025-06-01`, body, headers })).json.tags).toEqual({ a: 'last' });
});

test('what is said twice in the same words is said once: a version, a page, a rule of an account', async () => {
  expect((await manage(it, 'GET', `${ACCOUNT}?api-version=2025-06-01&api-version=2025-06-01`)).status).toBe(200);
  expect((await manage(it, 'GET', `${GROUP}/resources?$top=1&$top=1`)).json.value).toHaveLength(1);
  const rule = { action: 'Allow', value: '10.0.0.0/8' };
  const accountAccess = { defaultAction: 'Allow', ipRules: [rule, rule] };
  expect((await manage(it, 'PATCH', ACCOUNT, { properties: { networkProfile: { accountAccess } } })).json.properties.networkProfile).toEqual({ accountAccess });
});

test('an identity is assigned once, whatever the case of its id', async () => {
  const id = `${GROUP}/providers/Microsoft.ManagedIdentity/userAssignedIdentities/i`;
  const identity = { type: 'UserAssigned', userAssignedIdentities: { [id]: {}, [id.toUpperCase()]: {} } };
  for (const [path, properties] of [[ACCOUNT, {}], [`${ACCOUNT}/pools/twice`, MACHINE]] as const) {
    expect(await manage(it, 'PUT', path, { location: path === ACCOUNT ? 'westeurope' : undefined, identity, properties }), path).toMatchObject({ status: 400, json: { error: { code: 'InvalidPropertyValue' } } });
  }
});
