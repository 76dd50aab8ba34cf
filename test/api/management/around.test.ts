import { BlobServiceClient, StorageSharedKeyCredential } from '@azure/storage-blob';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { StorageAccounts } from '../../../src/blobs/accounts.ts';
import { temporaryBlobs, type TemporaryBlobs } from '../../support/blobs.ts';
import { testApi, type TestApi } from '../support.ts';
import { asking } from './asked.ts';
import { SUBSCRIPTION } from './support.ts';

let blobs: TemporaryBlobs;
let storages: StorageAccounts;
let it: TestApi;
beforeAll(async () => {
  blobs = await temporaryBlobs();
  storages = new StorageAccounts({ first: blobs.server, serve: (more) => blobs.server.setAccounts(more), now: Date.now });
  it = await testApi({ storages });
});
afterEach(async () => {
  for (const { name } of storages.further()) {
    await storages.empty(name);
    await storages.remove(name);
  }
  await it.clear();
});
afterAll(async () => {
  await it.close();
  await blobs.remove();
});

const { ask, polled } = asking(() => it);
const SUBSCRIPTIONS = `/subscriptions/${SUBSCRIPTION}`;
const GROUP = `${SUBSCRIPTIONS}/resourceGroups/g`;
function storage(name: string): string {
  return `${GROUP}/providers/Microsoft.Storage/storageAccounts/${name}`;
}
const BODY = { location: 'eastus', kind: 'StorageV2', sku: { name: 'standard_lrs' } };

async function group(): Promise<void> {
  await ask('PUT', GROUP, { location: 'eastus' });
}

async function clientOf(name: string, key = 0): Promise<BlobServiceClient> {
  const { json } = await ask('POST', `${storage(name)}/listKeys`);
  return new BlobServiceClient((await ask('GET', storage(name))).json.properties.primaryEndpoints.blob, new StorageSharedKeyCredential(name, json.keys[key].value));
}

describe('a storage account', () => {
  test('takes blobs from the moment it is made, with either key', async () => {
    await group();
    const made = await ask('PUT', storage('mystorage'), { ...BODY, tags: { a: 'b' }, properties: { encryption: { services: {} } } });
    expect([made.status, made.text]).toEqual([202, '']);
    expect(made.headers['location']).toMatch(/\/providers\/Microsoft\.Storage\/locations\/eastus\/asyncoperations\/[-0-9a-f]{36}\?monitor=true&api-version=/);
    const { status, json } = await polled(made);
    expect([status, json]).toMatchObject([200, { id: storage('mystorage'), name: 'mystorage', type: 'Microsoft.Storage/storageAccounts', kind: 'StorageV2', location: 'eastus', sku: { name: 'Standard_LRS', tier: 'Standard' }, tags: { a: 'b' }, properties: { provisioningState: 'Succeeded', primaryEndpoints: { blob: expect.stringMatching(/^http:\/\/127\.0\.0\.1:\d+\/mystorage\/$/) } } }]);
    await (await clientOf('mystorage')).getContainerClient('one').create();
    expect(await (await clientOf('mystorage', 1)).getContainerClient('one').exists()).toBe(true);
  });

  test('whose key is replaced does not take the former one', async () => {
    await group();
    await ask('PUT', storage('mystorage'), BODY);
    const former = await clientOf('mystorage');
    await former.getContainerClient('one').create();
    const { json } = await ask('POST', `${storage('mystorage')}/regenerateKey`, { keyName: 'key1' });
    expect(json.keys.map(({ keyName }: { keyName: string }) => keyName)).toEqual(['key1', 'key2']);
    await expect(former.getContainerClient('one').getProperties()).rejects.toMatchObject({ statusCode: 403 });
    expect(await (await clientOf('mystorage')).getContainerClient('one').exists()).toBe(true);
  });

  test('has keys that only listKeys and regenerateKey show, and that lie sealed in the database', async () => {
    await group();
    const keys = async (): Promise<readonly string[]> => (await ask('POST', `${storage('mystorage')}/listKeys`)).json.keys.map(({ value }: { readonly value: string }) => value);
    const made = await ask('PUT', storage('mystorage'), BODY);
    const answers = [made, await polled(made)];
    const all = [...(await keys())];
    await ask('POST', `${storage('mystorage')}/regenerateKey`, { keyName: 'key1' });
    all.push(...(await keys()));
    expect(new Set(all).size).toBe(3);
    for (const path of [storage('mystorage'), `${GROUP}/providers/Microsoft.Storage/storageAccounts`, `${SUBSCRIPTIONS}/providers/Microsoft.Storage/storageAccounts`, `${GROUP}/resources`, `${SUBSCRIPTIONS}/resources`]) answers.push(await ask('GET', path));
    answers.push(await ask('PATCH', storage('mystorage'), { tags: { a: 'b' } }), await ask('PUT', storage('mystorage'), BODY));
    const stored = await it.pool.query('select resource::text from resource union all select long_operation::text from long_operation');
    expect(JSON.stringify(stored.rows)).toContain('mystorage');
    for (const text of [...answers.map((answer) => answer.text), JSON.stringify(stored.rows)]) for (const key of all) expect(text).not.toContain(key);
  });

  test.each([
    ['StorageV2', 'Standard_LRS'],
    ['Storage', 'Standard_GRS'],
    ['BlobStorage', 'Standard_LRS'],
    ['BlockBlobStorage', 'Premium_LRS'],
  ])('of the kind %s keeps blobs', async (kind, sku) => {
    await group();
    expect((await polled(await ask('PUT', storage('mystorage'), { ...BODY, kind, sku: { name: sku } }))).json).toMatchObject({ kind, sku: { name: sku } });
    const container = (await clientOf('mystorage')).getContainerClient('one');
    await container.create();
    await container.getBlockBlobClient('blob').upload('hello', 5);
    expect((await container.getBlockBlobClient('blob').downloadToBuffer()).toString()).toBe('hello');
  });

  test('that is deleted is gone with what was in it: one of the same name is empty', async () => {
    await group();
    await ask('PUT', storage('mystorage'), BODY);
    await (await clientOf('mystorage')).getContainerClient('one').create();
    expect((await ask('DELETE', storage('mystorage'))).status).toBe(200);
    expect((await ask('DELETE', storage('mystorage'))).status).toBe(204);
    expect((await ask('GET', storage('mystorage'))).json.error.code).toBe('ResourceNotFound');
    await ask('PUT', storage('mystorage'), BODY);
    expect(await (await clientOf('mystorage')).getContainerClient('one').exists()).toBe(false);
  });

  test.each([
    ['PUT', storage('no'), BODY, 400, 'AccountNameInvalid'],
    ['PUT', storage('testaccount'), BODY, 409, 'StorageAccountAlreadyTaken'],
    ['PUT', storage('mystorage'), { ...BODY, location: 'atlantis' }, 400, 'LocationNotAvailableForResourceType'],
    ['PUT', storage('mystorage'), { ...BODY, kind: 'FileStorage' }, 400, 'InvalidPropertyValue'],
    ['PUT', storage('mystorage'), { ...BODY, sku: {} }, 400, 'MissingRequiredProperty'],
    ['PUT', storage('mystorage'), { ...BODY, properties: { color: 'red' } }, 400, 'InvalidRequestBody'],
    ['POST', `${storage('mystorage')}/listKeys`, undefined, 404, 'ResourceNotFound'],
  ])('%s %s %j: %i %s', async (method, path, body, status, code) => {
    await group();
    expect(await ask(method, path, body)).toMatchObject({ status, json: { error: { code } } });
  });

  test('has a name that can be asked for before', async () => {
    await group();
    const asked = (name: string) => ask('POST', `${SUBSCRIPTIONS}/providers/Microsoft.Storage/checkNameAvailability`, { name, type: 'Microsoft.Storage/storageAccounts' });
    expect((await asked('free')).json).toEqual({ nameAvailable: true });
    expect((await asked('testaccount')).json).toMatchObject({ nameAvailable: false, reason: 'AlreadyExists' });
    expect((await asked('Not Valid')).json).toMatchObject({ nameAvailable: false, reason: 'AccountNameInvalid' });
  });
});

describe('an account of Azure Batch', () => {
  test('uses the storage that it names', async () => {
    await group();
    await ask('PUT', storage('mystorage'), BODY);
    const account = `${GROUP}/providers/Microsoft.Batch/batchAccounts/withstorage`;
    const { json } = await polled(await ask('PUT', account, { location: 'eastus', properties: { autoStorage: { storageAccountId: storage('mystorage') } } }));
    expect(json.properties.autoStorage).toEqual({ storageAccountId: storage('mystorage'), lastKeySync: expect.stringMatching(/^\d{4}-/), authenticationMode: 'StorageKeys' });
    const { rows } = await it.pool.query(`select account from account where name = 'withstorage'`);
    expect(storages.usedBy(rows[0].account).accountName).toBe('mystorage');
    await ask('PUT', storage('other'), BODY);
    await ask('PATCH', account, { properties: { autoStorage: { storageAccountId: storage('other') } } });
    expect(storages.usedBy(rows[0].account).accountName).toBe('other');
    expect((await ask('PATCH', account, { properties: { autoStorage: { storageAccountId: storage('none') } } })).json.error.code).toBe('InvalidPropertyValue');
    await polled(await ask('DELETE', GROUP));
  });
});

describe('an identity', () => {
  const identity = `${GROUP}/providers/Microsoft.ManagedIdentity/userAssignedIdentities/my-identity`;

  test('has an id of its own and one for its clients, which stay', async () => {
    await group();
    const made = await ask('PUT', identity, { location: 'eastus', tags: {} });
    const guid = expect.stringMatching(/^[0-9a-f-]{36}$/);
    expect(made).toMatchObject({ status: 201, json: { id: identity, name: 'my-identity', type: 'Microsoft.ManagedIdentity/userAssignedIdentities', location: 'eastus', properties: { tenantId: guid, principalId: guid, clientId: guid } } });
    expect(await ask('PUT', identity, { location: 'East US', tags: { a: 'b' } })).toMatchObject({ status: 200, json: { tags: { a: 'b' }, properties: made.json.properties } });
    expect((await ask('GET', `${SUBSCRIPTIONS}/providers/Microsoft.ManagedIdentity/userAssignedIdentities`)).json.value).toHaveLength(1);
    expect((await ask('DELETE', identity)).status).toBe(200);
    expect((await ask('GET', identity)).status).toBe(404);
  });
});

describe('a resource group that is deleted', () => {
  test('takes all that is in it along, accounts before their storage', async () => {
    await group();
    await ask('PUT', storage('mystorage'), BODY);
    await ask('PUT', `${GROUP}/providers/Microsoft.ManagedIdentity/userAssignedIdentities/one`, { location: 'eastus' });
    await polled(await ask('PUT', `${GROUP}/providers/Microsoft.Batch/batchAccounts/inside`, { location: 'eastus', properties: { autoStorage: { storageAccountId: storage('mystorage') } } }));
    expect((await ask('GET', `${GROUP}/resources`)).json.value.map(({ type }: { type: string }) => type)).toEqual(['Microsoft.Batch/batchAccounts', 'Microsoft.ManagedIdentity/userAssignedIdentities', 'Microsoft.Storage/storageAccounts']);
    expect((await polled(await ask('DELETE', GROUP))).status).toBe(200);
    expect((await ask('HEAD', GROUP)).status).toBe(404);
    expect((await ask('GET', `${SUBSCRIPTIONS}/resources`)).json.value).toEqual([]);
    expect(storages.named('mystorage')).toBeUndefined();
  });

  test('that is none is 404', async () => {
    expect((await ask('DELETE', GROUP)).json.error.code).toBe('ResourceGroupNotFound');
  });
});

describe('what there is, filtered', () => {
  const list = async (path: string): Promise<readonly string[]> => (await ask('GET', path)).json.value.map(({ name }: { name: string }) => name);
  const filter = (text: string): string => `$filter=${encodeURIComponent(text)}`;

  test('resources by what clients ask, a page full at a time, with what is asked besides', async () => {
    await group();
    const tags = [{ team: 'blue' }, { team: 'red' }, {}];
    for (const [index, one] of tags.entries()) await ask('PUT', `${GROUP}/providers/Microsoft.ManagedIdentity/userAssignedIdentities/id-${index}`, { location: index === 2 ? 'westus' : 'eastus', tags: one });
    await ask('PUT', storage('mystorage'), BODY);
    for (const root of [SUBSCRIPTIONS, GROUP]) {
      expect(await list(`${root}/resources?${filter("resourceType eq 'Microsoft.ManagedIdentity/userAssignedIdentities'")}`)).toEqual(['id-0', 'id-1', 'id-2']);
      expect(await list(`${root}/resources?${filter("tagname eq 'team' and tagvalue eq 'red'")}`)).toEqual(['id-1']);
    }
    expect(await list(`${SUBSCRIPTIONS}/resources?${filter("resourceGroup eq 'g' and location eq 'westus'")}`)).toEqual(['id-2']);
    expect(await list(`${SUBSCRIPTIONS}/resources?${filter("resourceGroup eq 'another'")}`)).toEqual([]);
    expect(await list(`${SUBSCRIPTIONS}/resources?$filter=`)).toEqual(['id-0', 'id-1', 'id-2', 'mystorage']);
    const first = await ask('GET', `${SUBSCRIPTIONS}/resources?$top=1&${filter("substringof('st', name) or name eq 'id-2'")}&$expand=createdTime,changedTime,provisioningState`);
    const time = expect.stringMatching(/^\d{4}-\d\d-\d\dT/);
    expect(first.json.value).toMatchObject([{ name: 'id-2', createdTime: time, changedTime: time, provisioningState: 'Succeeded' }]);
    const { pathname, search } = new URL(first.json.nextLink);
    const rest = await it.askPlainly({ method: 'GET', url: `${pathname}${search}`, headers: { host: '127.0.0.1:10800', authorization: 'Bearer operator' } });
    expect([rest.json.value.map(({ name }: { name: string }) => name), rest.json.nextLink]).toEqual([['mystorage'], undefined]);
  });

  test('groups by their tags', async () => {
    for (const name of ['g', 'h']) await ask('PUT', `${SUBSCRIPTIONS}/resourceGroups/${name}`, { location: 'eastus', tags: { of: name } });
    expect(await list(`${SUBSCRIPTIONS}/resourceGroups?${filter("tagname eq 'of' and tagvalue eq 'h'")}`)).toEqual(['h']);
    expect(await list(`${SUBSCRIPTIONS}/resourceGroups?${filter("tagname eq 'of'")}&$top=2`)).toEqual(['g', 'h']);
  });

  test.each([
    [`${SUBSCRIPTIONS}/resourceGroups?${filter("name eq 'g'")}`, 'InvalidFilterInQueryString'],
    [`${SUBSCRIPTIONS}/resources?${filter("plan eq 'x'")}`, 'InvalidFilterInQueryString'],
    [`${SUBSCRIPTIONS}/resources?$expand=properties`, 'InvalidQueryParameterValue'],
    [`${SUBSCRIPTIONS}/providers?$expand=metadata`, 'InvalidQueryParameterValue'],
  ])('%s is refused', async (path, code) => {
    expect(await ask('GET', path)).toMatchObject({ status: 400, json: { error: { code } } });
  });

  test('providers a page at a time, with the aliases that there are', async () => {
    expect(await ask('GET', `${SUBSCRIPTIONS}/providers?$top=1`)).toMatchObject({ json: { value: [{ namespace: 'Microsoft.Authorization' }], nextLink: expect.any(String) } });
    expect((await ask('GET', `${SUBSCRIPTIONS}/providers/Microsoft.Batch?$expand=resourceTypes/aliases`)).json.resourceTypes[0]).toMatchObject({ aliases: [], apiVersions: expect.arrayContaining(['2025-06-01']) });
  });
});

describe('around it', () => {
  test('there are a tenant, a subscription, locations and providers', async () => {
    expect((await ask('GET', '/tenants')).json.value).toHaveLength(1);
    expect((await ask('GET', '/subscriptions')).json.value).toMatchObject([{ subscriptionId: SUBSCRIPTION, state: 'Enabled' }]);
    expect((await ask('GET', `${SUBSCRIPTIONS}/locations`)).json.value).toContainEqual(expect.objectContaining({ name: 'eastus2', displayName: 'East US 2' }));
    expect((await ask('GET', `${SUBSCRIPTIONS}/providers/microsoft.batch`)).json).toMatchObject({ namespace: 'Microsoft.Batch', registrationState: 'Registered', resourceTypes: expect.arrayContaining([expect.objectContaining({ resourceType: 'batchAccounts' }), expect.objectContaining({ resourceType: 'batchAccounts/pools' })]) });
    expect((await ask('POST', `${SUBSCRIPTIONS}/providers/Microsoft.Storage/register`)).json.registrationState).toBe('Registered');
    expect(await ask('GET', `${SUBSCRIPTIONS}/providers/Microsoft.Quantum`)).toMatchObject({ status: 404, json: { error: { code: 'InvalidResourceNamespace' } } });
  });
});
