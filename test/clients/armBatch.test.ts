import { readFile } from 'node:fs/promises';
import { BatchManagementClient, type Pool } from '@azure/arm-batch';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { CERTIFICATE } from '../support/certificates.ts';
import { linarite, startLinarite, until, type Instance } from '../support/linarite.ts';
import { zipOf } from '../support/zip.ts';

const SUBSCRIPTION = '11a12173-0000-4000-8000-000000000002';
const GROUP = 'linarite';
const ACCOUNT = 'javascript';
const STORAGE = `/subscriptions/${SUBSCRIPTION}/resourceGroups/${GROUP}/providers/Microsoft.Storage/storageAccounts/devstoreaccount1`;
const IMAGE = { imageReference: { publisher: 'canonical', offer: '0001-com-ubuntu-server-jammy', sku: '22_04-lts' }, nodeAgentSkuId: 'batch.node.ubuntu 22.04' };
const POOL: Pool = { vmSize: 'STANDARD_D1_V2', deploymentConfiguration: { virtualMachineConfiguration: IMAGE } };

async function all<T>(items: AsyncIterable<T>): Promise<readonly T[]> {
  const found: T[] = [];
  for await (const item of items) found.push(item);
  return found;
}

describe('@azure/arm-batch, unmodified, with a token', () => {
  let instance: Instance;
  let client: BatchManagementClient;
  let newest: BatchManagementClient;
  beforeAll(async () => {
    instance = await startLinarite(['--subscription-cores', '1']);
    const { stdout } = await linarite(['env', '--identity', '--format', 'json', '--data-dir', instance.dataDir]);
    const { LINARITE_MANAGEMENT_ENDPOINT: endpoint = '', LINARITE_CA_FILE = '', IDENTITY_ENDPOINT = '', IDENTITY_HEADER = '' } = JSON.parse(stdout) as Readonly<Record<string, string>>;
    // As the managed identity of a machine.
    const credential = {
      getToken: async (scopes: string | string[]) => {
        const resource = String(scopes).replace(/\/\.default$/, '');
        const answer = await fetch(`${IDENTITY_ENDPOINT}?api-version=2019-08-01&resource=${encodeURIComponent(resource)}`, { headers: { 'x-identity-header': IDENTITY_HEADER } });
        const { access_token: token, expires_on } = (await answer.json()) as { readonly access_token: string; readonly expires_on: string };
        return { token, expiresOnTimestamp: Number(expires_on) * 1_000 };
      },
    };
    const options = { endpoint, tlsOptions: { ca: await readFile(LINARITE_CA_FILE, 'utf8') }, retryOptions: { maxRetries: 0 } };
    client = new BatchManagementClient(credential, SUBSCRIPTION, options);
    newest = new BatchManagementClient(credential, SUBSCRIPTION, { ...options, apiVersion: '2025-06-01' });
    const made = await client.batchAccountOperations.beginCreateAndWait(GROUP, ACCOUNT, { location: 'eastus', tags: { of: 'tests' }, autoStorage: { storageAccountId: STORAGE } });
    expect(made).toMatchObject({ name: ACCOUNT, location: 'eastus', provisioningState: 'Succeeded', poolAllocationMode: 'BatchService', tags: { of: 'tests' }, autoStorage: { storageAccountId: STORAGE } });
  });
  afterAll(() => instance.purge());

  test('reads, changes and lists accounts', async () => {
    const { batchAccountOperations: accounts } = client;
    expect(await accounts.update(GROUP, ACCOUNT, { tags: { of: 'others' } })).toMatchObject({ tags: { of: 'others' } });
    const shown = await accounts.get(GROUP, ACCOUNT);
    expect(shown).toMatchObject({ type: 'Microsoft.Batch/batchAccounts', tags: { of: 'others' }, allowedAuthenticationModes: ['SharedKey', 'AAD', 'TaskAuthenticationToken'] });
    expect(shown.autoStorage?.lastKeySync).toBeInstanceOf(Date);
    expect((await all(accounts.list())).map(({ name }) => name)).toEqual([ACCOUNT, 'linarite']);
    expect((await all(accounts.listByResourceGroup(GROUP))).map(({ name }) => name)).toEqual([ACCOUNT, 'linarite']);
    await accounts.synchronizeAutoStorageKeys(GROUP, ACCOUNT);
    await expect(accounts.get(GROUP, 'nowhere')).rejects.toMatchObject({ statusCode: 404, code: 'ResourceNotFound' });
    await expect(accounts.beginCreateAndWait(GROUP, 'No', { location: 'eastus' })).rejects.toMatchObject({ statusCode: 400 });
  });

  test('shows keys, and replaces one', async () => {
    const { batchAccountOperations: accounts } = client;
    const before = await accounts.getKeys(GROUP, ACCOUNT);
    const after = await accounts.regenerateKey(GROUP, ACCOUNT, { keyName: 'Secondary' });
    expect([after.accountName, after.primary, after.secondary === before.secondary]).toEqual([ACCOUNT, before.primary, false]);
    expect(await accounts.getKeys(GROUP, ACCOUNT)).toMatchObject({ primary: after.primary, secondary: after.secondary });
  });

  test('asks what a location has', async () => {
    const { location } = client;
    expect((await location.getQuotas('eastus')).accountQuota).toBeGreaterThan(0);
    expect(await location.checkNameAvailability('eastus', { name: 'free', type: 'Microsoft.Batch/batchAccounts' })).toEqual({ nameAvailable: true });
    expect(await location.checkNameAvailability('eastus', { name: ACCOUNT, type: 'Microsoft.Batch/batchAccounts' })).toMatchObject({ nameAvailable: false, reason: 'AlreadyExists' });
    const sizes = await all(location.listSupportedVirtualMachineSkus('eastus', { filter: "familyName eq 'standardDv2Family'" }));
    expect(sizes.map(({ name }) => name)).toContain('Standard_D1_v2');
    expect((await all(client.operations.list())).map(({ name }) => name)).toContain('Microsoft.Batch/batchAccounts/write');
  });

  test('makes an application with a package, which a zip is sent to', async () => {
    const { applicationOperations: applications, applicationPackageOperations: packages } = client;
    expect(await applications.create(GROUP, ACCOUNT, 'tool', { parameters: { displayName: 'Tool' } })).toMatchObject({ name: 'tool', displayName: 'Tool', allowUpdates: true });
    const { storageUrl = '', state } = await packages.create(GROUP, ACCOUNT, 'tool', '1.0');
    expect(state).toBe('Pending');
    const sent = await fetch(storageUrl, { method: 'PUT', headers: { 'x-ms-blob-type': 'BlockBlob' }, body: new Uint8Array(zipOf([{ name: 'run', content: 'echo run' }])) });
    expect(sent.status).toBe(201);
    expect(await packages.activate(GROUP, ACCOUNT, 'tool', '1.0', { format: 'zip' })).toMatchObject({ state: 'Active', format: 'zip', lastActivationTime: expect.any(Date) });
    expect(await applications.update(GROUP, ACCOUNT, 'tool', { displayName: 'The tool', defaultVersion: '1.0' })).toMatchObject({ displayName: 'The tool', defaultVersion: '1.0' });
    expect((await all(applications.list(GROUP, ACCOUNT))).map(({ name }) => name)).toEqual(['tool']);
    expect((await all(packages.list(GROUP, ACCOUNT, 'tool'))).map(({ name }) => name)).toEqual(['1.0']);
    await applications.update(GROUP, ACCOUNT, 'tool', { defaultVersion: '' });
    await packages.delete(GROUP, ACCOUNT, 'tool', '1.0');
    await applications.delete(GROUP, ACCOUNT, 'tool');
    await expect(applications.get(GROUP, ACCOUNT, 'tool')).rejects.toMatchObject({ statusCode: 404, code: 'ApplicationNotFound' });
  });

  test('makes pools of a fixed size and by a formula, changes them, and lists them by pages', async () => {
    const { poolOperations: pools } = client;
    const fixed = await pools.create(GROUP, ACCOUNT, 'fixed', { ...POOL, displayName: 'Fixed', taskSlotsPerNode: 2, scaleSettings: { fixedScale: { targetDedicatedNodes: 1 } } });
    expect(fixed).toMatchObject({ name: 'fixed', provisioningState: 'Succeeded', allocationState: 'Resizing', deploymentConfiguration: { virtualMachineConfiguration: { nodeAgentSkuId: IMAGE.nodeAgentSkuId } } });
    // A resize of one node may have ended by then.
    const stopped = await pools.stopResize(GROUP, ACCOUNT, 'fixed').then(({ name }) => name, ({ code }: { readonly code?: string }) => code);
    expect(['fixed', 'OperationInvalidForCurrentState']).toContain(stopped);
    const scaled = await pools.create(GROUP, ACCOUNT, 'scaled', { ...POOL, scaleSettings: { autoScale: { formula: '$TargetDedicatedNodes = 0;', evaluationInterval: 'PT10M' } } });
    expect(scaled.scaleSettings?.autoScale).toEqual({ formula: '$TargetDedicatedNodes = 0;', evaluationInterval: 'PT10M' });
    const plain = await pools.disableAutoScale(GROUP, ACCOUNT, 'scaled');
    expect(plain.scaleSettings).toEqual({ fixedScale: expect.objectContaining({ targetDedicatedNodes: 0 }) });
    expect(await pools.update(GROUP, ACCOUNT, 'scaled', { metadata: [{ name: 'a', value: 'b' }] })).toMatchObject({ metadata: [{ name: 'a', value: 'b' }] });
    await expect(pools.update(GROUP, ACCOUNT, 'scaled', { metadata: [] }, { ifMatch: '"0x0"' })).rejects.toMatchObject({ statusCode: 412 });
    const pages: (readonly (string | undefined)[])[] = [];
    for await (const page of pools.listByBatchAccount(GROUP, ACCOUNT, { maxresults: 1, select: 'properties/vmSize' }).byPage()) pages.push(page.map(({ name }) => name));
    expect(pages).toEqual([['fixed'], ['scaled']]);
    expect((await all(pools.listByBatchAccount(GROUP, ACCOUNT, { filter: "startswith(name, 's')" }))).map(({ name }) => name)).toEqual(['scaled']);
    await Promise.all(['fixed', 'scaled'].map((name) => pools.beginDeleteAndWait(GROUP, ACCOUNT, name)));
    await expect(pools.get(GROUP, ACCOUNT, 'fixed')).rejects.toMatchObject({ statusCode: 404, code: 'PoolNotFound' });
  });

  test('keeps certificates in the versions that have them', async () => {
    const name = `sha1-${CERTIFICATE.thumbprint}`;
    const made = await client.certificateOperations.create(GROUP, ACCOUNT, name, { data: CERTIFICATE.pfx, password: 'secret', format: 'Pfx', thumbprint: CERTIFICATE.thumbprint, thumbprintAlgorithm: 'sha1' });
    expect(made).toMatchObject({ provisioningState: 'Succeeded', format: 'Pfx', publicData: CERTIFICATE.cer });
    expect((await all(client.certificateOperations.listByBatchAccount(GROUP, ACCOUNT))).map((one) => one.name)).toEqual([made.name]);
    await client.certificateOperations.beginDeleteAndWait(GROUP, ACCOUNT, name);
    await expect(client.certificateOperations.get(GROUP, ACCOUNT, name)).rejects.toMatchObject({ statusCode: 404 });
    await expect(newest.certificateOperations.get(GROUP, ACCOUNT, name)).rejects.toMatchObject({ statusCode: 404, code: 'InvalidResourceType' });
  });

  test("is told what an account's network has, and what it has not", async () => {
    const links = await all(client.privateLinkResourceOperations.listByBatchAccount(GROUP, ACCOUNT));
    expect(links.map(({ groupId }) => groupId)).toEqual(['batchAccount', 'nodeManagement']);
    expect(await all(client.privateEndpointConnectionOperations.listByBatchAccount(GROUP, ACCOUNT))).toEqual([]);
    await expect(client.privateEndpointConnectionOperations.beginUpdateAndWait(GROUP, ACCOUNT, 'none', { privateLinkServiceConnectionState: { status: 'Approved' } })).rejects.toMatchObject({ code: 'ResourceNotFound', message: expect.stringContaining("reached at the service's own address") });
    const outbound = await all(client.batchAccountOperations.listOutboundNetworkDependenciesEndpoints(GROUP, ACCOUNT));
    expect(outbound.map(({ category }) => category)).toContain('Azure Batch');
    expect(await all(client.batchAccountOperations.listDetectors(GROUP, ACCOUNT))).toEqual([]);
    await expect(client.batchAccountOperations.getDetector(GROUP, ACCOUNT, 'poolsAndNodes')).rejects.toMatchObject({ code: 'ResourceNotFound' });
  });

  test('deletes an account with all that is in it, by the newest version', async () => {
    await newest.batchAccountOperations.beginCreateAndWait(GROUP, 'shortlived', { location: 'eastus' });
    await newest.poolOperations.create(GROUP, 'shortlived', 'inside', { ...POOL, scaleSettings: { fixedScale: { targetDedicatedNodes: 0 } } });
    await newest.batchAccountOperations.beginDeleteAndWait(GROUP, 'shortlived');
    await expect(newest.batchAccountOperations.get(GROUP, 'shortlived')).rejects.toMatchObject({ statusCode: 404, code: 'ResourceNotFound' });
  });

  test("gets no more cores for an account in its user's own subscription than that has, and no shared keys", async () => {
    const vault = { id: `/subscriptions/${SUBSCRIPTION}/resourceGroups/${GROUP}/providers/Microsoft.KeyVault/vaults/v`, url: 'https://v.vault.example/' };
    await client.batchAccountOperations.beginCreateAndWait(GROUP, 'ofuser', { location: 'eastus', poolAllocationMode: 'UserSubscription', keyVaultReference: vault });
    await expect(client.batchAccountOperations.getKeys(GROUP, 'ofuser')).rejects.toMatchObject({ statusCode: 403 });
    await client.poolOperations.create(GROUP, 'ofuser', 'wide', { ...POOL, vmSize: 'STANDARD_D2S_V3', scaleSettings: { fixedScale: { targetDedicatedNodes: 1 } } });
    const [error] = await until('the resize has failed', 60_000, async () => (await client.poolOperations.get(GROUP, 'ofuser', 'wide')).resizeOperationStatus?.errors);
    expect(error?.code).toBe('AllocationFailed');
    expect(JSON.stringify(error)).toContain('The subscription has a quota of 1 cores in eastus for accounts in user subscription mode: 0 are in use, and the node has 2.');
    await client.batchAccountOperations.beginDeleteAndWait(GROUP, 'ofuser');
  });
});
