import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { blobAccount } from '../../src/blobs/account.ts';
import { temporaryBlobs, type TemporaryBlobs } from '../support/blobs.ts';
import { testApi, UBUNTU, type Got, type TestApi } from './support.ts';

let blobs: TemporaryBlobs;
let it: TestApi;
beforeAll(async () => {
  blobs = await temporaryBlobs();
  it = await testApi({ storage: blobAccount(blobs.server, Date.now) });
  // Signatures for the storage are held against its own clock.
  it.now.value = Date.now();
});
afterEach(() => it.clear());
afterAll(async () => {
  await it.close();
  await blobs.remove();
});

function at(id: string, version?: string): string {
  return `/linarite/applications/${id}${version === undefined ? '' : `/versions/${version}`}`;
}
function put(id: string, properties?: object): Promise<Got> {
  return it.ask({ method: 'PUT', url: at(id), ...(properties === undefined ? {} : { body: { properties } }) });
}
function patch(id: string, properties: object): Promise<Got> {
  return it.ask({ method: 'PATCH', url: at(id), body: { properties } });
}
function putPackage(id: string, version: string): Promise<Got> {
  return it.ask({ method: 'PUT', url: at(id, version) });
}
function activate(id: string, version: string): Promise<Got> {
  return it.ask({ method: 'POST', url: `${at(id, version)}/activate`, body: { format: 'zip' } });
}
function remove(id: string, version?: string): Promise<Got> {
  return it.ask({ method: 'DELETE', url: at(id, version) });
}

async function store(url: string, content: string): Promise<number> {
  return (await fetch(url, { method: 'PUT', headers: { 'x-ms-blob-type': 'BlockBlob', 'x-ms-version': '2021-12-02' }, body: content })).status;
}

async function uploaded(id: string, version: string): Promise<Got> {
  const made = await putPackage(id, version);
  expect(made.status).toBe(200);
  expect(await store(made.json.properties.storageUrl, 'a zip file')).toBe(201);
  return activate(id, version);
}

describe('applications, as the management plane has them', () => {
  test('one is made with defaults, changed in what is given, found in any case and deleted', async () => {
    expect(await put('My_App')).toMatchObject({ status: 200, json: { name: 'My_App', etag: expect.stringMatching(/^0x/), properties: { allowUpdates: true } } });
    expect((await put('My_App')).json.properties).toEqual({ allowUpdates: true });
    expect((await patch('my_app', { displayName: 'shown' })).json).toMatchObject({ name: 'My_App', properties: { displayName: 'shown', allowUpdates: true } });
    expect((await patch('my_app', { allowUpdates: false })).json.properties).toEqual({ displayName: 'shown', allowUpdates: false });
    expect((await it.ask({ url: at('MY_APP') })).json.properties).toEqual({ displayName: 'shown', allowUpdates: false });
    expect((await it.ask({ url: '/linarite/applications' })).json).toMatchObject({ value: [{ name: 'My_App' }] });
    expect((await remove('my_app')).status).toBe(200);
    expect((await remove('my_app')).status).toBe(204);
    expect(await it.ask({ url: at('my_app') })).toMatchObject({ status: 404, json: { code: 'ApplicationNotFound' } });
  });

  test('a package is made with a URL to upload it to, activated when it is there, and again; its application is made on the way', async () => {
    const made = await putPackage('my_application_id', 'v1.0');
    const { storageUrl, storageUrlExpiry } = made.json.properties;
    expect(made.json).toMatchObject({ name: 'v1.0', properties: { state: 'Pending' } });
    const url = new URL(storageUrl);
    expect(url.pathname).toMatch(/\/app-my-application-id-[0-9a-f]{32}\/v1\.0$/);
    expect(url.searchParams.get('sp')).toBe('rw');
    expect(Date.parse(storageUrlExpiry) - it.now.value).toBe(4 * 3_600_000);
    expect(await activate('my_application_id', 'v1.0')).toMatchObject({ status: 409, json: { code: 'ApplicationPackageBlobNotFound' } });
    expect(await store(storageUrl, 'content')).toBe(201);
    const first = await activate('my_application_id', 'V1.0');
    expect(first.json).toMatchObject({ name: 'v1.0', properties: { state: 'Active', format: 'zip', lastActivationTime: expect.any(String) } });
    it.now.value += 5_000;
    const second = await activate('my_application_id', 'v1.0');
    expect(second.json.properties.lastActivationTime > first.json.properties.lastActivationTime).toBe(true);
    expect(second.json.etag).not.toBe(first.json.etag);
    const { json } = await it.ask({ url: `${at('my_application_id')}/versions` });
    expect(json.value).toEqual([{ name: 'v1.0', etag: second.json.etag, properties: { state: 'Active', format: 'zip', lastActivationTime: second.json.properties.lastActivationTime } }]);
  });

  test('only an active package becomes the default version, and a deleted one is none', async () => {
    await uploaded('a', '1');
    await putPackage('a', '2');
    expect(await patch('a', { defaultVersion: '2' })).toMatchObject({ status: 409, json: { code: 'RequestedDefaultVersionNotActive' } });
    expect(await put('b', { defaultVersion: '1' })).toMatchObject({ status: 409, json: { code: 'RequestedDefaultVersionNotActive' } });
    expect((await patch('a', { defaultVersion: '1' })).json.properties).toEqual({ allowUpdates: true, defaultVersion: '1' });
    expect((await remove('a', '1')).status).toBe(200);
    expect((await it.ask({ url: at('a') })).json.properties).toEqual({ allowUpdates: true });
  });

  test('an active package of an application without updates can be read and not replaced', async () => {
    await uploaded('fixed', '1');
    await patch('fixed', { allowUpdates: false });
    const url = (await it.ask({ url: at('fixed', '1') })).json.properties.storageUrl;
    expect(new URL(url).searchParams.get('sp')).toBe('r');
    expect(await store(url, 'another')).toBe(403);
    expect(await activate('fixed', '1')).toMatchObject({ status: 409, json: { code: 'OperationInvalidForCurrentState' } });
    expect((await uploaded('fixed', '2')).status).toBe(200);
  });

  test('an application goes after its packages, and they with their blobs', async () => {
    await uploaded('a', '1');
    const url = (await it.ask({ url: at('a', '1') })).json.properties.storageUrl;
    expect(await remove('a')).toMatchObject({ status: 409, json: { code: 'ApplicationPackagesNotEmpty' } });
    expect((await remove('a', '1')).status).toBe(200);
    expect((await remove('a', '1')).status).toBe(204);
    expect((await fetch(url)).status).toBe(404);
    expect((await remove('a')).status).toBe(200);
    expect(await remove('a', '1')).toMatchObject({ status: 404, json: { code: 'ApplicationNotFound' } });
  });

  test('an account has 20 applications, and each of them 40 packages', async () => {
    for (let index = 0; index < 20; index++) expect((await put(`a${index}`)).status).toBe(200);
    expect(await put('a20')).toMatchObject({ status: 409, json: { code: 'ApplicationQuotaReached' } });
    expect(await putPackage('a21', '1')).toMatchObject({ status: 409, json: { code: 'ApplicationQuotaReached' } });
    for (let index = 0; index < 40; index++) expect((await putPackage('a0', `v${index}`)).status).toBe(200);
    expect(await putPackage('a0', 'v40')).toMatchObject({ status: 409, json: { code: 'ApplicationPackageQuotaReached' } });
    expect((await putPackage('a0', 'v39')).status).toBe(200);
    expect((await it.ask({ url: `${at('a0')}/versions` })).json.value).toHaveLength(40);
  });

  test.each<[string, string, unknown, number, string]>([
    ['PUT', at('with%20space'), undefined, 400, 'InvalidPropertyValue'],
    ['PUT', at('x'.repeat(65)), undefined, 400, 'InvalidPropertyValue'],
    ['PUT', at('a', '.1'), undefined, 400, 'InvalidPropertyValue'],
    ['PUT', at('a', 'x'.repeat(65)), undefined, 400, 'InvalidPropertyValue'],
    ['PUT', at('a'), { properties: { displayName: 1 } }, 400, 'InvalidPropertyValue'],
    ['PUT', at('a'), { properties: { displayName: 'x'.repeat(1025) } }, 400, 'InvalidPropertyValue'],
    ['PUT', at('a'), { properties: { other: 1 } }, 400, 'InvalidPropertyValue'],
    ['PUT', at('a'), { displayName: 'x' }, 400, 'InvalidPropertyValue'],
    ['PUT', at('a'), [], 400, 'InvalidRequestBody'],
    ['PUT', at('a', '1'), { properties: { format: 'zip' } }, 400, 'InvalidRequestBody'],
    ['DELETE', at('there'), { force: true }, 400, 'InvalidRequestBody'],
    ['PATCH', at('none'), { properties: {} }, 404, 'ApplicationNotFound'],
    ['GET', at('none', '1'), undefined, 404, 'ApplicationNotFound'],
    ['GET', `${at('none')}/versions`, undefined, 404, 'ApplicationNotFound'],
    ['GET', at('there', '1'), undefined, 404, 'ApplicationPackageNotFound'],
    ['POST', `${at('there', '1')}/activate`, { format: 'zip' }, 404, 'ApplicationPackageNotFound'],
    ['POST', `${at('there', '1')}/activate`, { format: 'tar' }, 400, 'InvalidPropertyValue'],
    ['POST', `${at('there', '1')}/activate`, {}, 400, 'InvalidPropertyValue'],
    ['POST', at('there'), undefined, 405, 'UnsupportedHttpVerb'],
    ['GET', `${at('there')}/others`, undefined, 400, 'InvalidUri'],
    ['GET', at('a%00b'), undefined, 400, 'RequestUrlFailedToParse'],
    ['PUT', at('a', '1%zz'), undefined, 400, 'RequestUrlFailedToParse'],
    ['GET', '/linarite/applications?after=%00', undefined, 400, 'InvalidQueryParameterValue'],
  ])('%s %s %j: %d %s', async (method, url, body, status, code) => {
    await put('there');
    expect(await it.ask({ method, url, ...(body === undefined ? {} : { body }) })).toMatchObject({ status, json: { code } });
  });
});

describe('applications in the data plane', () => {
  test('are those with an active package, with their versions, in every API version', async () => {
    await uploaded('Zoo', '2');
    await uploaded('zoo', '10');
    await putPackage('zoo', 'pending');
    await uploaded('anteater', '1');
    await put('anteater', { displayName: 'An anteater' });
    await putPackage('nothing-yet', '1');
    for (const version of ['2017-05-01.5.0', '2020-03-01.11.0', '2022-10-01.16.0', '2024-07-01.20.0', '2025-06-01']) {
      const list = await it.ask({ url: `/applications?api-version=${version}` });
      expect(list.json['odata.metadata']).toMatch(/\/\$metadata#listapplicationsummariesresponses$/);
      expect(list.json.value).toEqual([{ id: 'anteater', displayName: 'An anteater', versions: ['1'] }, { id: 'Zoo', versions: ['10', '2'] }]);
      const one = await it.ask({ url: `/applications/ZOO?api-version=${version}` });
      expect(one.json).toEqual({ 'odata.metadata': expect.stringMatching(/\/\$metadata#getapplicationsummaryresponse\/@Element$/), id: 'Zoo', versions: ['10', '2'] });
    }
    for (const id of ['nothing-yet', 'none']) expect(await it.ask({ url: `/applications/${id}` })).toMatchObject({ status: 404, json: { code: 'ApplicationNotFound' } });
  });

  test('come in pages', async () => {
    for (const id of ['b', 'A', 'c']) await uploaded(id, '1');
    const first = await it.ask({ url: '/applications?maxresults=2' });
    expect(first.json.value.map(({ id }: { id: string }) => id)).toEqual(['A', 'b']);
    const next = new URL(first.json['odata.nextLink']);
    const second = await it.ask({ url: `${next.pathname}${next.search}` });
    expect(second.json.value.map(({ id }: { id: string }) => id)).toEqual(['c']);
    expect(second.json['odata.nextLink']).toBeUndefined();
    expect(await it.ask({ url: '/applications?$skiptoken=x' })).toMatchObject({ status: 400, json: { code: 'InvalidQueryParameterValue' } });
    expect(await it.ask({ url: '/applications?$filter=id%20eq%201' })).toMatchObject({ status: 400, json: { code: 'UnsupportedQueryParameter' } });
    expect(await it.ask({ method: 'POST', url: '/applications' })).toMatchObject({ status: 405 });
  });
});

describe('packages that a pool or a task names', () => {
  const IMAGE = { virtualMachineConfiguration: UBUNTU, vmSize: 'standard_d1_v2' };
  const addPool = (id: string, applicationPackageReferences: unknown): Promise<Got> => it.ask({ method: 'POST', url: '/pools', body: { id, ...IMAGE, applicationPackageReferences } });
  const refused = (...values: readonly { readonly key: string; readonly value: string }[]) => ({ status: 409, json: { code: 'InvalidApplicationPackageReferences', values } });
  const NONE = 'The specified application package does not exist.';

  test('are answered as they were sent', async () => {
    await uploaded('tool', '1');
    await patch('tool', { defaultVersion: '1' });
    const references = [{ applicationId: 'TOOL', version: '1' }, { applicationId: 'tool' }, { applicationId: '/subscriptions/1/resourceGroups/g/providers/Microsoft.Batch/batchAccounts/mybatchaccount/applications/tool' }];
    expect((await addPool('p', references)).status).toBe(201);
    expect((await it.ask({ url: '/pools/p' })).json.applicationPackageReferences).toEqual(references);
    expect((await it.ask({ method: 'PATCH', url: '/pools/p', body: { applicationPackageReferences: references.slice(1, 2) } })).status).toBe(200);
    expect((await it.ask({ url: '/pools/p' })).json.applicationPackageReferences).toEqual([{ applicationId: 'tool' }]);
    const emptied = { certificateReferences: [], applicationPackageReferences: [], metadata: [] };
    expect((await it.ask({ method: 'POST', url: '/pools/p/updateproperties?api-version=2024-02-01.19.0', body: emptied })).status).toBe(204);
    expect((await it.ask({ url: '/pools/p' })).json.applicationPackageReferences).toBeUndefined();
  });

  test('must be there for a pool, whenever it names them', async () => {
    await uploaded('tool', '1');
    await putPackage('tool', 'pending');
    expect(await addPool('p', [{ applicationId: 'does-not-exist' }])).toMatchObject(refused({ key: 'does-not-exist', value: NONE }));
    expect(await addPool('p', [{ applicationId: 'tool', version: '1' }, { applicationId: 'tool', version: '2' }, { applicationId: 'tool', version: 'pending' }])).toMatchObject(
      refused({ key: 'tool', value: NONE }, { key: 'tool', value: NONE }),
    );
    expect(await addPool('p', [{ applicationId: 'tool' }])).toMatchObject(refused({ key: 'tool', value: expect.stringContaining('no default version') }));
    expect((await addPool('p', [{ applicationId: 'tool', version: '1' }])).status).toBe(201);
    expect(await it.ask({ method: 'PATCH', url: '/pools/p', body: { applicationPackageReferences: [{ applicationId: 'none' }] } })).toMatchObject(refused({ key: 'none', value: NONE }));
    const replaced = { certificateReferences: [], applicationPackageReferences: [{ applicationId: 'none' }], metadata: [] };
    expect(await it.ask({ method: 'POST', url: '/pools/p/updateproperties?api-version=2024-02-01.19.0', body: replaced })).toMatchObject(refused({ key: 'none', value: NONE }));
    // A package that is used can be deleted; what was said of the pool stays.
    expect((await remove('tool', '1')).status).toBe(200);
    expect((await it.ask({ method: 'PATCH', url: '/pools/p', body: { metadata: [] } })).status).toBe(200);
  });

  test('need not be there for a task or a job manager, which fail when they run', async () => {
    expect((await it.ask({ method: 'POST', url: '/jobs', body: { id: 'j', poolInfo: { poolId: 'p' }, jobManagerTask: { id: 'm', commandLine: 'x', applicationPackageReferences: [{ applicationId: 'none' }] } } })).status).toBe(201);
    const references = [{ applicationId: 'my_application_id' }];
    expect((await it.ask({ method: 'POST', url: '/jobs/j/tasks', body: { id: 't', commandLine: 'x', applicationPackageReferences: references } })).status).toBe(201);
    expect((await it.ask({ url: '/jobs/j/tasks/t' })).json.applicationPackageReferences).toEqual(references);
  });

  test.each<[unknown, string, object]>([
    [[{}], 'MissingRequiredProperty', { key: 'PropertyName', value: 'applicationId' }],
    [[{ applicationId: '' }], 'InvalidPropertyValue', { key: 'PropertyName', value: 'applicationId' }],
    [[{ applicationId: 'a b' }], 'InvalidPropertyValue', { key: 'PropertyValue', value: 'a b' }],
    [[{ applicationId: 'x'.repeat(65) }], 'InvalidPropertyValue', { key: 'PropertyName', value: 'applicationId' }],
    [[{ applicationId: 'a', version: '' }], 'InvalidPropertyValue', { key: 'PropertyName', value: 'version' }],
    [[{ applicationId: 'a', version: '../1' }], 'InvalidPropertyValue', { key: 'PropertyValue', value: '../1' }],
    [[{ applicationId: 'a', version: 'x'.repeat(65) }], 'InvalidPropertyValue', { key: 'PropertyName', value: 'version' }],
    [Array.from({ length: 11 }, () => ({ applicationId: 'a' })), 'InvalidPropertyValue', { key: 'PropertyName', value: 'applicationPackageReferences' }],
    [{}, 'InvalidRequestBody', { key: 'PropertyName', value: 'applicationPackageReferences' }],
  ])('%j: 400 %s', async (references, code, value) => {
    expect(await addPool('p', references)).toMatchObject({ status: 400, json: { code, values: expect.arrayContaining([value]) } });
  });
});

test('a storage that is away is told as such, and what was asked for can be asked again', async () => {
  const without = await testApi();
  expect(await without.ask({ method: 'PUT', url: at('a', '1') })).toMatchObject({ status: 503, json: { code: 'ServerBusy' } });
  await without.close();
});
