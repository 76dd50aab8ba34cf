import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { Agent, request } from 'node:https';
import { text } from 'node:stream/consumers';
import { readFile } from 'node:fs/promises';
import { BlobServiceClient, StorageSharedKeyCredential } from '@azure/storage-blob';
import { linarite, startLinarite, until, type Instance } from '../support/linarite.ts';

const SUBSCRIPTION = '/subscriptions/11a12173-0000-4000-8000-000000000002';
const TENANT = '11a12173-0000-4000-8000-000000000001';
const GROUP = `${SUBSCRIPTION}/resourceGroups/terraformed`;
const STORAGE = `${GROUP}/providers/Microsoft.Storage/storageAccounts/terraformed`;
const ACCOUNT = `${GROUP}/providers/Microsoft.Batch/batchAccounts/terraformed`;
const POOL = `${ACCOUNT}/pools/pool`;
const APPLICATION = `${ACCOUNT}/applications/app`;
/** The versions of the provider 4 and 5 (August 2026) and the version of their data plane. */
const VERSION = { batch: '2024-07-01', group: '2023-07-01', storage: '2025-08-01', providers: '2022-09-01', data: '2022-01-01.15.0' } as const;
const NO_IDENTITY = { type: 'None', userAssignedIdentities: null };
/** What `azurerm_storage_account` sends though nobody set more than name, place, tier and replication. */
const STORAGE_BODY = {
  identity: NO_IDENTITY,
  kind: 'StorageV2',
  location: 'westeurope',
  properties: {
    accessTier: 'Hot',
    allowBlobPublicAccess: true,
    allowCrossTenantReplication: false,
    allowSharedKeyAccess: true,
    defaultToOAuthAuthentication: false,
    dnsEndpointType: 'Standard',
    encryption: { keySource: 'Microsoft.Storage', services: { queue: { keyType: 'Service' }, table: { keyType: 'Service' } } },
    isHnsEnabled: false,
    isLocalUserEnabled: true,
    isNfsV3Enabled: false,
    isSftpEnabled: false,
    minimumTlsVersion: 'TLS1_2',
    networkAcls: { bypass: 'AzureServices', defaultAction: 'Allow', ipRules: [], resourceAccessRules: [], virtualNetworkRules: [] },
    publicNetworkAccess: 'Enabled',
    supportsHttpsTrafficOnly: true,
  },
  sku: { name: 'Standard_LRS', tier: 'Standard' },
  tags: {},
};
const JSON_TYPE = 'application/json; charset=utf-8';

interface Answered {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  // oxlint-disable-next-line typescript/no-explicit-any -- what tests look into is what they check
  readonly json: any;
}

// What the provider of HashiCorp asks and what it takes, by its public sources (internal/services/batch and the SDK
// that it carries): paths, versions, bodies with the members that it sends though nobody set them, its polling.
describe("the requests of Terraform's provider azurerm", () => {
  let instance: Instance;
  let agent: Agent;
  let base: string;
  let bearer: string;
  let dataBearer: string;
  let secret: string;
  let clientId: string;

  beforeAll(async () => {
    instance = await startLinarite();
    const { stdout } = await linarite(['env', '--service-principal', '--format', 'json', '--data-dir', instance.dataDir]);
    const { LINARITE_MANAGEMENT_ENDPOINT = '', LINARITE_CA_FILE = '', AZURE_CLIENT_ID = '', AZURE_CLIENT_SECRET = '' } = JSON.parse(stdout) as Readonly<Record<string, string>>;
    [base, clientId, secret] = [LINARITE_MANAGEMENT_ENDPOINT, AZURE_CLIENT_ID, AZURE_CLIENT_SECRET];
    agent = new Agent({ keepAlive: true, ca: await readFile(LINARITE_CA_FILE) });
  });
  afterAll(async () => {
    agent.destroy();
    await instance.purge();
  });

  async function send(method: string, url: string, { headers = {}, body }: { readonly headers?: Readonly<Record<string, string>>; readonly body?: string } = {}): Promise<Answered> {
    const answer = await new Promise<import('node:http').IncomingMessage>((resolve, reject) => {
      request(url, { method, agent, headers: { accept: JSON_TYPE, ...headers, ...(body === undefined ? {} : { 'content-length': String(Buffer.byteLength(body)) }) } }, resolve).once('error', reject).end(body);
    });
    const said = await text(answer);
    return { status: answer.statusCode ?? 0, headers: answer.headers, json: said === '' ? null : JSON.parse(said) };
  }
  const arm = (method: string, path: string, version: string, body?: unknown): Promise<Answered> =>
    send(method, `${base}${path}?api-version=${version}`, { headers: { authorization: `Bearer ${bearer}`, 'content-type': JSON_TYPE }, ...(body === undefined ? {} : { body: JSON.stringify(body) }) });
  const data = (method: string, url: string, body?: unknown): Promise<Answered> =>
    send(method, `${url}?api-version=${VERSION.data}`, { headers: { authorization: `Bearer ${dataBearer}`, 'content-type': 'application/json; odata=minimalmetadata; charset=utf-8' }, ...(body === undefined ? {} : { body: JSON.stringify(body) }) });
  const token = async (scope: string): Promise<string> => {
    const form = new URLSearchParams({ client_id: clientId, client_secret: secret, grant_type: 'client_credentials', scope });
    const { status, json } = await send('POST', `${base}/adfs/${TENANT}/oauth2/v2.0/token`, { headers: { 'content-type': 'application/x-www-form-urlencoded' }, body: form.toString() });
    expect(status).toBe(200);
    return json.access_token;
  };

  /** As the provider waits for what it made: at `Azure-AsyncOperation` or `Location`, else by the resource's state. */
  async function polled(answer: Answered): Promise<void> {
    const where = answer.headers['azure-asyncoperation'] ?? answer.headers['location'];
    if (where === undefined) return;
    const url = new URL(String(where));
    await until('the operation has ended', 60_000, async () => {
      // It keeps to the endpoint that it knows.
      const { status, json } = await send('GET', `${base}${url.pathname}${url.search}`, { headers: { authorization: `Bearer ${bearer}` } });
      expect([200, 201, 202, 204, 404]).toContain(status);
      if (status === 202 || status === 404) return undefined;
      const state = json?.status ?? json?.properties?.provisioningState ?? 'Succeeded';
      expect(['Failed', 'Canceled']).not.toContain(state);
      return state === 'Succeeded' ? true : undefined;
    });
  }
  /** As it waits for a deletion, whatever headers say: until the resource is not found. */
  const gone = (path: string, version: string): Promise<true> =>
    until(`${path} is gone`, 60_000, async () => {
      const { status } = await arm('GET', path, version);
      expect([200, 404]).toContain(status);
      return status === 404 ? true : undefined;
    });
  /** Before it makes something, which must not be there. */
  const absent = async (path: string, version: string): Promise<void> => expect((await arm('GET', path, version)).status).toBe(404);

  test('it finds the cloud at its metadata host, and tokens for its services', async () => {
    const { status, json } = await send('GET', `${base}/metadata/endpoints?api-version=2022-09-01`);
    expect(status).toBe(200);
    expect(json).toMatchObject({ name: 'Linarite', resourceManager: `${base}/`, batch: 'https://batch.core.windows.net/', microsoftGraphResourceId: `${base}/graph`, authentication: { loginEndpoint: `${base}/adfs`, audiences: [expect.any(String), expect.any(String)], tenant: TENANT }, suffixes: { storage: 'core.localhost', keyVaultDns: expect.any(String) } });
    // Where it looks for regions; none told of means that it believes any.
    const regions = await send('GET', `${base}//metadata/endpoints?api-version=2018-01-01`);
    expect([regions.status, regions.json.cloudEndpoint]).toEqual([200, undefined]);
    const [, claims = ''] = (await token(`${json.microsoftGraphResourceId}/.default`)).split('.');
    expect(JSON.parse(Buffer.from(claims, 'base64url').toString())).toMatchObject({ tid: TENANT, oid: expect.any(String), appid: clientId });
    [bearer, dataBearer] = [await token(`${String(json.resourceManager).replace(/\/$/, '')}/.default`), await token('https://batch.core.windows.net/.default')];
    expect(bearer).not.toBe('');
  });

  test('it finds what is served registered, and registers it again', async () => {
    const { status, json } = await arm('GET', `${SUBSCRIPTION}/providers`, VERSION.providers);
    expect(status).toBe(200);
    for (const namespace of ['Microsoft.Batch', 'Microsoft.Storage', 'Microsoft.Authorization', 'Microsoft.ManagedIdentity', 'Microsoft.Resources']) {
      expect(json.value).toContainEqual(expect.objectContaining({ namespace, registrationState: 'Registered' }));
    }
    const again = await arm('POST', `${SUBSCRIPTION}/providers/Microsoft.Batch/register`, VERSION.providers, {});
    expect([again.status, again.json.registrationState]).toEqual([200, 'Registered']);
  });

  test('it applies a group, a storage account, an account, an application, a pool and a job', async () => {
    await absent(GROUP, VERSION.group);
    expect([200, 201]).toContain((await arm('PUT', GROUP, VERSION.group, { location: 'westeurope', tags: {} })).status);
    expect((await arm('GET', GROUP, VERSION.group)).json).toMatchObject({ location: 'westeurope', properties: { provisioningState: 'Succeeded' } });

    await absent(STORAGE, VERSION.storage);
    const stored = await arm('PUT', STORAGE, VERSION.storage, STORAGE_BODY);
    expect([200, 202], JSON.stringify(stored.json)).toContain(stored.status);
    await polled(stored);
    // What is read is what was asked for: the next plan has nothing to change.
    const storage = (await arm('GET', STORAGE, VERSION.storage)).json;
    expect(storage).toMatchObject({ ...STORAGE_BODY, identity: { type: 'None' }, properties: { ...STORAGE_BODY.properties, provisioningState: 'Succeeded', primaryLocation: 'westeurope', primaryEndpoints: { blob: expect.stringContaining('http') } } });
    const keys = await send('POST', `${base}${STORAGE}/listKeys?%24expand=kerb&api-version=${VERSION.storage}`, { headers: { authorization: `Bearer ${bearer}`, 'content-type': JSON_TYPE } });
    expect(keys.json.keys).toEqual([1, 2].map((number) => ({ keyName: `key${number}`, value: expect.any(String), permissions: 'FULL' })));
    for (const service of ['blobServices', 'fileServices']) {
      const read = await arm('GET', `${STORAGE}/${service}/default`, VERSION.storage);
      expect([read.status, read.json]).toMatchObject([200, { properties: { cors: { corsRules: [] } } }]);
    }
    // Version 4 waits until its blobs are served.
    const blobs = new BlobServiceClient(storage.properties.primaryEndpoints.blob, new StorageSharedKeyCredential('terraformed', keys.json.keys[0].value));
    expect((await blobs.getProperties()).defaultServiceVersion).toEqual(expect.any(String));

    await absent(ACCOUNT, VERSION.batch);
    const autoStorage = { storageAccountId: STORAGE, authenticationMode: 'StorageKeys' };
    const made = await arm('PUT', ACCOUNT, VERSION.batch, { identity: NO_IDENTITY, location: 'westeurope', properties: { autoStorage, encryption: { keySource: 'Microsoft.Batch' }, poolAllocationMode: 'BatchService', publicNetworkAccess: 'Enabled' }, tags: {} });
    expect([200, 202]).toContain(made.status);
    await polled(made);
    const account = await arm('GET', ACCOUNT, VERSION.batch);
    expect(account.json).toMatchObject({ location: 'westeurope', properties: { poolAllocationMode: 'BatchService', publicNetworkAccess: 'Enabled', autoStorage, encryption: { keySource: 'Microsoft.Batch' }, accountEndpoint: expect.any(String), allowedAuthenticationModes: expect.any(Array) } });
    expect((await arm('POST', `${ACCOUNT}/listKeys`, VERSION.batch)).json).toMatchObject({ primary: expect.any(String), secondary: expect.any(String) });
    const changed = await arm('PATCH', ACCOUNT, VERSION.batch, { identity: NO_IDENTITY, properties: { autoStorage, encryption: { keySource: 'Microsoft.Batch' } }, tags: { env: 'test' } });
    expect([changed.status, changed.json.tags]).toEqual([200, { env: 'test' }]);

    await absent(APPLICATION, VERSION.batch);
    for (const method of ['PUT', 'PATCH']) {
      const application = await arm(method, APPLICATION, VERSION.batch, { properties: { allowUpdates: true, defaultVersion: '', displayName: '' } });
      expect(application.status, JSON.stringify(application.json)).toBe(200);
    }
    expect((await arm('GET', APPLICATION, VERSION.batch)).json.properties).toMatchObject({ allowUpdates: true });

    await absent(POOL, VERSION.batch);
    const startTask = { commandLine: "echo 'Hello'", environmentSettings: [{ name: 'env', value: 'TEST' }], maxTaskRetryCount: 1, resourceFiles: [], userIdentity: { autoUser: { elevationLevel: 'NonAdmin', scope: 'Task' } }, waitForSuccess: true };
    const imageReference = { offer: '0001-com-ubuntu-server-jammy', publisher: 'canonical', sku: '22_04-lts', version: 'latest' };
    const fixedScale = { nodeDeallocationOption: '', resizeTimeout: 'PT15M', targetDedicatedNodes: 1, targetLowPriorityNodes: 0 };
    const pool = await arm('PUT', POOL, VERSION.batch, {
      identity: NO_IDENTITY,
      properties: {
        deploymentConfiguration: { virtualMachineConfiguration: { imageReference, nodeAgentSkuId: 'batch.node.ubuntu 22.04' } },
        displayName: '',
        interNodeCommunication: 'Disabled',
        metadata: [],
        scaleSettings: { fixedScale },
        startTask,
        taskSlotsPerNode: 2,
        vmSize: 'Standard_A1_v2',
      },
    });
    expect(pool.status, JSON.stringify(pool.json)).toBe(200);
    const steady = await until('the pool is steady', 60_000, async () => {
      const { json } = await arm('GET', POOL, VERSION.batch);
      return json.properties.allocationState === 'Steady' ? json.properties : undefined;
    });
    expect(steady).toMatchObject({ vmSize: expect.stringMatching(/^standard_a1_v2$/i), taskSlotsPerNode: 2, scaleSettings: { fixedScale: { targetDedicatedNodes: 1, resizeTimeout: 'PT15M' } }, startTask: { commandLine: startTask.commandLine, waitForSuccess: true } });
    const { deploymentConfiguration } = steady;
    const updated = await arm('PATCH', POOL, VERSION.batch, { identity: NO_IDENTITY, properties: { deploymentConfiguration, metadata: [{ name: 'a', value: 'b' }], scaleSettings: { fixedScale: { ...fixedScale, nodeDeallocationOption: 'Requeue' } }, startTask } });
    expect(updated.status, JSON.stringify(updated.json)).toBe(200);
    expect(updated.json.properties.metadata).toEqual([{ name: 'a', value: 'b' }]);

    const endpoint = `https://${account.json.properties.accountEndpoint}`;
    const absentJob = await data('GET', `${endpoint}/jobs/job`);
    expect(absentJob.status).toBe(404);
    const job = await data('POST', `${endpoint}/jobs`, { commonEnvironmentSettings: [{ name: 'env', value: 'Test' }], constraints: { maxTaskRetryCount: 0 }, displayName: '', id: 'job', poolInfo: { poolId: 'pool' }, priority: 0 });
    expect(job.status, JSON.stringify(job.json)).toBe(201);
    const read = await data('GET', `${endpoint}/jobs/job`);
    expect(read.json).toMatchObject({ id: 'job', priority: 0, constraints: { maxTaskRetryCount: 0 }, commonEnvironmentSettings: [{ name: 'env', value: 'Test' }] });
    const { constraints, onAllTasksComplete, poolInfo, maxParallelTasks, allowTaskPreemption, metadata } = read.json;
    const changes = { allowTaskPreemption, constraints, maxParallelTasks, metadata, onAllTasksComplete, poolInfo, priority: 1 };
    const replaced = await data('PUT', `${endpoint}/jobs/job`, changes);
    expect(replaced.status, JSON.stringify(replaced.json)).toBe(200);
    expect((await data('GET', `${endpoint}/jobs/job`)).json.priority).toBe(1);
  }, 180_000);

  test('it destroys them, the last first, and asks until each is not found', async () => {
    const account = await arm('GET', ACCOUNT, VERSION.batch);
    expect((await data('DELETE', `https://${account.json.properties.accountEndpoint}/jobs/job`)).status).toBe(202);
    const paths = [[POOL, VERSION.batch, [200, 202, 204]], [APPLICATION, VERSION.batch, [200, 204]], [ACCOUNT, VERSION.batch, [200, 202, 204]], [STORAGE, VERSION.storage, [200, 204]]] as const;
    for (const [path, version, taken] of paths) {
      expect(taken, path).toContain((await arm('DELETE', path, version)).status);
      await gone(path, version);
      // What is gone already is no error to it.
      expect([200, 202, 204, 404], path).toContain((await arm('DELETE', path, version)).status);
    }
    const left = await send('GET', `${base}${GROUP}/resources?%24expand=provisioningState&%24top=10&api-version=${VERSION.group}`, { headers: { authorization: `Bearer ${bearer}` } });
    expect([left.status, left.json.value]).toEqual([200, []]);
    expect([200, 202]).toContain((await arm('DELETE', GROUP, VERSION.group)).status);
    await gone(GROUP, VERSION.group);
  }, 120_000);
});
