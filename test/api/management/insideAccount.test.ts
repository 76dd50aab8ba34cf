import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { blobAccount } from '../../../src/blobs/account.ts';
import { temporaryBlobs, type TemporaryBlobs } from '../../support/blobs.ts';
import { testApi, type Got, type TestApi } from '../support.ts';
import { ACCOUNT, manage, placed, polledOnce } from './asking.ts';
import { SUBSCRIPTION } from './support.ts';

const AUTO_STORAGE = { properties: { autoStorage: { storageAccountId: `/subscriptions/${SUBSCRIPTION}/resourceGroups/g/providers/Microsoft.Storage/storageAccounts/s` } } };
let blobs: TemporaryBlobs;
let it: TestApi;
beforeAll(async () => {
  blobs = await temporaryBlobs();
  it = await testApi({ storage: blobAccount(blobs.server, Date.now), management: { directory: { tenantId: '00000000-0000-0000-0000-0000000000aa', subscriptionId: SUBSCRIPTION, resourceGroup: 'linarite', location: 'westeurope', accountQuota: 1 } } });
  // Signatures for the storage are held against its own clock.
  it.now.value = Date.now();
});
beforeEach(async () => {
  await it.clear();
  await placed(it, AUTO_STORAGE);
});
afterAll(async () => {
  await it.close();
  await blobs.remove();
});

function ask(method: string, path: string, body?: unknown, headers?: Readonly<Record<string, string>>): Promise<Got> {
  return manage(it, method, `${ACCOUNT}${path}`, body, headers);
}
/** As a client of the last version that has certificates. */
function askOf2024(method: string, path: string, body?: unknown): Promise<Got> {
  return manage(it, method, `${ACCOUNT}${path}`, body, {}, '2024-07-01');
}
async function uploaded(url: string): Promise<void> {
  const { status } = await fetch(url, { method: 'PUT', headers: { 'x-ms-blob-type': 'BlockBlob', 'x-ms-version': '2021-12-02' }, body: 'a zip file' });
  expect(status).toBe(201);
}

describe('an application', () => {
  test('is made without a body, changed, listed and deleted, in both planes the same', async () => {
    const made = await ask('PUT', '/applications/My_App');
    expect(made.json).toEqual({ type: 'Microsoft.Batch/batchAccounts/applications', id: `${ACCOUNT}/applications/My_App`, name: 'My_App', etag: made.headers['etag'], properties: { allowUpdates: true } });
    expect(made.headers['etag']).toMatch(/^W\/"0x/);
    expect((await ask('PATCH', '/applications/my_app', { properties: { displayName: 'shown', allowUpdates: false } })).json.properties).toEqual({ displayName: 'shown', allowUpdates: false });
    expect((await ask('GET', '/applications?maxresults=1')).json).toMatchObject({ value: [{ name: 'My_App' }] });
    expect((await it.ask({ url: '/linarite/applications/my_app' })).json.properties).toEqual({ displayName: 'shown', allowUpdates: false });
    expect((await ask('DELETE', '/applications/my_app')).status).toBe(200);
    expect((await ask('DELETE', '/applications/my_app')).status).toBe(204);
    expect(await ask('GET', '/applications/my_app')).toMatchObject({ status: 404, json: { error: { code: 'ApplicationNotFound', target: 'BatchAccount' } } });
  });

  test('has packages: made with a URL, uploaded, activated, found by the data plane, deleted first', async () => {
    const made = await ask('PUT', '/applications/app/versions/v1.0');
    expect(made.json).toMatchObject({ type: 'Microsoft.Batch/batchAccounts/applications/versions', id: `${ACCOUNT}/applications/app/versions/v1.0`, name: 'v1.0', properties: { state: 'Pending' } });
    expect(await ask('POST', '/applications/app/versions/v1.0/activate', { format: 'zip' })).toMatchObject({ status: 409, json: { error: { code: 'ApplicationPackageBlobNotFound' } } });
    await uploaded(made.json.properties.storageUrl);
    expect((await ask('POST', '/applications/app/versions/v1.0/activate', { format: 'zip' })).json.properties).toMatchObject({ state: 'Active', format: 'zip' });
    expect((await ask('GET', '/applications/app/versions')).json.value).toMatchObject([{ name: 'v1.0', properties: { state: 'Active' } }]);
    expect((await ask('GET', '/applications/app/versions')).json.value[0].properties).not.toHaveProperty('storageUrl');
    expect((await it.ask({ url: '/applications/app' })).json.versions).toEqual(['v1.0']);
    it.now.value += 1_000;
    expect((await ask('GET', '/applications/app/versions/v1.0')).json.properties.storageUrl).not.toBe(made.json.properties.storageUrl);
    const pool = { properties: { vmSize: 'Standard_A1_v2', deploymentConfiguration: { virtualMachineConfiguration: { imageReference: { publisher: 'canonical', offer: '0001-com-ubuntu-server-jammy', sku: '22_04-lts' }, nodeAgentSkuId: 'batch.node.ubuntu 22.04' } }, applicationPackages: [{ id: `${ACCOUNT}/applications/app`, version: 'v1.0' }] } };
    expect((await ask('PUT', '/pools/one', pool)).json.properties.applicationPackages).toEqual(pool.properties.applicationPackages);
    expect(await ask('DELETE', '/applications/app')).toMatchObject({ status: 409, json: { error: { code: 'ApplicationPackagesNotEmpty' } } });
    expect((await ask('DELETE', '/applications/app/versions/v1.0')).status).toBe(200);
    expect((await ask('DELETE', '/applications/app/versions/v1.0')).status).toBe(204);
  });

  test('of an account without auto storage has no packages', async () => {
    await it.pool.query(`update resource set spec = '{"location": "westeurope"}' where account is not null`);
    expect(await ask('PUT', '/applications/app/versions/v1.0')).toMatchObject({ status: 403, json: { error: { code: 'InvalidRestAPIForAccountSetting' } } });
    expect((await ask('GET', '/applications/app')).status).toBe(404);
  });

  test.each([
    ['PUT', '/applications/a%20b', undefined, 400, 'InvalidPropertyValue'],
    ['PUT', '/applications/app', { properties: { allowUpdates: 'yes' } }, 400, 'InvalidRequestBody'],
    ['PUT', '/applications/app', { properties: { colour: 'red' } }, 400, 'InvalidRequestBody'],
    ['PATCH', '/applications/app', { properties: {} }, 404, 'ApplicationNotFound'],
    ['PUT', '/applications/app', { properties: { defaultVersion: 'none' } }, 409, 'RequestedDefaultVersionNotActive'],
    ['PUT', '/applications/app/versions/.x', undefined, 400, 'InvalidPropertyValue'],
    ['POST', '/applications/app/versions/v/activate', {}, 400, 'MissingRequiredProperty'],
    ['POST', '/applications/app/versions/v/activate', { format: 'tar' }, 400, 'InvalidPropertyValue'],
    ['GET', '/certificates/md5-1', undefined, 400, 'InvalidPropertyValue'],
    ['PUT', `/certificates/sha1-${'a'.repeat(40)}`, { properties: { format: 'Pfx' } }, 400, 'MissingRequiredProperty'],
    ['PUT', `/certificates/sha1-${'a'.repeat(40)}`, { properties: { data: '!', format: 'Doc' } }, 400, 'InvalidPropertyValue'],
    ['POST', `/certificates/sha1-${'a'.repeat(40)}/cancelDelete`, undefined, 404, 'CertificateNotFound'],
    ['GET', '/detectors/one', undefined, 404, 'ResourceNotFound'],
    ['GET', '/privateEndpointConnections/one', undefined, 404, 'ResourceNotFound'],
    ['PATCH', '/privateEndpointConnections/one', { properties: {} }, 404, 'ResourceNotFound'],
    ['POST', '/networkSecurityPerimeterConfigurations/one/reconcile', undefined, 404, 'ResourceNotFound'],
  ])('%s %s %j: %i %s', async (method, path, body, status, code) => {
    expect(await (path.startsWith('/certificates') ? askOf2024 : ask)(method, path, body)).toMatchObject({ status, json: { error: { code } } });
  });
});

describe('around an account', () => {
  test('stand lists of what Azure has and an own network has not', async () => {
    for (const list of ['detectors', 'privateEndpointConnections', 'networkSecurityPerimeterConfigurations']) expect((await ask('GET', `/${list}`)).json, list).toEqual({ value: [] });
    expect((await askOf2024('GET', '/certificates')).json).toEqual({ value: [] });
    expect((await ask('DELETE', '/privateEndpointConnections/one')).status).toBe(204);
    expect((await ask('GET', '/privateLinkResources')).json.value.map(({ name }: { name: string }) => name)).toEqual(['batchAccount', 'nodeManagement']);
    expect((await ask('GET', '/privateLinkResources/batchaccount')).json.properties).toEqual({ groupId: 'batchAccount', requiredMembers: ['batchAccount'], requiredZoneNames: ['privatelink.batch.azure.com'] });
    expect((await ask('GET', '/outboundNetworkDependenciesEndpoints')).json.value).toMatchObject([{ category: 'Azure Batch', endpoints: [{ domainName: '127.0.0.1:10800', endpointDetails: [{ port: 10800 }] }, {}] }]);
    expect((await ask('POST', '/syncAutoStorageKeys')).status).toBe(204);
  });

  test('a region has quotas, sizes and names', async () => {
    const location = `/subscriptions/${SUBSCRIPTION}/providers/Microsoft.Batch/locations/westeurope`;
    expect((await manage(it, 'GET', `${location}/quotas`)).json).toEqual({ accountQuota: 1 });
    const name = async (asked: string) => (await manage(it, 'POST', `${location}/checkNameAvailability`, { name: asked, type: 'Microsoft.Batch/batchAccounts' })).json;
    expect([await name('free'), (await name('mybatchaccount')).reason, (await name('No')).reason]).toEqual([{ nameAvailable: true }, 'AlreadyExists', 'Invalid']);
    const sizes = await manage(it, 'GET', `${location}/virtualMachineSkus?$filter=name%20eq%20'Standard_D2a_v4'`);
    expect(sizes.json.value).toMatchObject([{ name: 'Standard_D2a_v4', capabilities: expect.arrayContaining([{ name: 'vCPUs', value: '2' }, { name: 'MemoryGB', value: '8' }]) }]);
    expect((await manage(it, 'GET', `${location}/cloudServiceSkus?maxresults=1`, undefined, {}, '2024-02-01')).json).toMatchObject({ value: [{}], nextLink: expect.any(String) });
    expect((await manage(it, 'GET', `${location.replace('westeurope', 'atlantis')}/quotas`)).json.error.code).toBe('LocationNotAvailableForResourceType');
    expect((await manage(it, 'GET', '/providers/Microsoft.Batch/operations')).json.value).toContainEqual(expect.objectContaining({ name: 'Microsoft.Batch/batchAccounts/pools/write' }));
  });

  test('a region that has its accounts refuses one more where its client polls', async () => {
    const asked = await manage(it, 'PUT', ACCOUNT.replace('mybatchaccount', 'second'), { location: 'westeurope' });
    expect(await polledOnce(it, asked)).toMatchObject({ status: 409, json: { error: { code: 'SubscriptionQuotaExceeded', message: expect.stringMatching(/^The regional Batch account quota for the specified subscription has been reached\.\nRequestId:/) } } });
    expect((await it.pool.query(`select from account where name = 'second'`)).rowCount).toBe(0);
  });
});
