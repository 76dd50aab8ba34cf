import { BatchServiceClient, BatchSharedKeyCredentials } from '@azure/batch';
import { BlobServiceClient, StorageSharedKeyCredential, type ContainerClient } from '@azure/storage-blob';
import { beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { isAlive, freePort, linarite, run, until } from '../../support/linarite.ts';
import { GROUP, operatorOf } from './operator.ts';
import { LAUNCHER, dataDirectories, env, getBlob, pidsOf, putBlob, status, up } from './services.ts';

const directories = dataDirectories();
const IMAGE = { imageReference: { publisher: 'canonical', offer: '0001-com-ubuntu-server-jammy', sku: '22_04-lts' }, nodeAgentSKUId: 'batch.node.ubuntu 22.04' };

describe('after kill -9', () => {
  const dataDir = directories.ofFile('killed');
  let port: number;
  beforeAll(async () => {
    port = await freePort();
  });
  // One that runs already is only found again.
  beforeEach(() => up(dataDir, '--port', String(port)));

  test('of any of its processes, alone and together, up finds its way back on the same address with all data', async () => {
    const before = await env(dataDir);
    await putBlob(before, 'kept');
    let shown = await status(dataDir);
    for (const victims of [['service'], ['database'], ['blobs'], ['database', 'blobs'], ['service', 'database', 'blobs']] as const) {
      for (const victim of victims) process.kill(shown[victim]?.pid ?? Number.NaN, 'SIGKILL');
      await up(dataDir);
      const after = await env(dataDir);
      expect({ ...after, LINARITE_PID: '' }, `after ${victims.join(' and ')}`).toEqual({ ...before, LINARITE_PID: '' });
      shown = await until('all run again', 60_000, async () => {
        const now = await status(dataDir);
        return now.state === 'ready' && victims.every((victim) => ![undefined, shown[victim]?.pid].includes(now[victim]?.pid)) ? now : undefined;
      });
      expect(await getBlob(after)).toBe('kept');
    }
  });

  test('of all of it while Resource Manager works, what was made is reached as before, and what was begun is ended', async () => {
    const { ask, settled, pools, seed } = await operatorOf(dataDir);
    const account = (name: string): string => `${GROUP}/providers/Microsoft.Batch/batchAccounts/${name}`;
    const storage = `${GROUP}/providers/Microsoft.Storage/storageAccounts/keptstorage`;
    const container = async (): Promise<ContainerClient> => {
      const [{ json: shown }, { json: listed }] = [await ask('GET', storage), await ask('POST', `${storage}/listKeys`)];
      return new BlobServiceClient(shown.properties.primaryEndpoints.blob, new StorageSharedKeyCredential('keptstorage', listed.keys[0].value)).getContainerClient('kept');
    };
    await settled(await ask('PUT', storage, { location: 'eastus', kind: 'StorageV2', sku: { name: 'Standard_LRS' } }));
    const elsewhere = { networkProfile: { accountAccess: { defaultAction: 'Deny', ipRules: [{ action: 'Allow', value: '192.0.2.0/24' }] } } };
    for (const [name, properties] of [['kept', { autoStorage: { storageAccountId: storage } }], ['closed', elsewhere], ['goes', {}]] as const) {
      expect((await settled(await ask('PUT', account(name), { location: 'eastus', properties }))).status).toBe(200);
    }
    const { json: made } = await ask('GET', account('kept'));
    const { json: keys } = await ask('POST', `${account('kept')}/listKeys`);
    await (await container()).create();
    await (await container()).getBlockBlobClient('blob').upload('kept', 4);

    const copies = { type: 'Microsoft.Batch/batchAccounts', apiVersion: '2024-02-01', name: "[concat('copy', copyIndex())]", location: 'eastus', copy: { name: 'accounts', count: 3, mode: 'Serial' } };
    const template = { $schema: 'https://schema.management.azure.com/schemas/2019-04-01/deploymentTemplate.json#', contentVersion: '1.0.0.0', resources: [copies] };
    const document = { pools: [{ id: 'seeded', vmSize: 'standard_d1_v2', virtualMachineConfiguration: IMAGE }], jobs: Array.from({ length: 100 }, (_, index) => ({ id: `seeded${index}`, poolInfo: { poolId: 'seeded' } })) };
    const pids = pidsOf(await status(dataDir));
    const seeding = seed(document).catch(() => undefined);
    const begun = await Promise.all([ask('PUT', account('begun'), { location: 'eastus' }), ask('DELETE', account('goes')), ask('PUT', `${GROUP}/providers/Microsoft.Resources/deployments/main`, { properties: { mode: 'Incremental', template } })]);
    for (const pid of pids) process.kill(pid, 'SIGKILL');
    expect(begun.map((told) => told.status)).toEqual([202, 202, 201]);
    await seeding;
    await up(dataDir);

    // The token that was given before is taken.
    expect((await settled(begun[0])).json.properties.provisioningState).toBe('Succeeded');
    expect((await settled(begun[1])).status).toBe(200);
    expect((await ask('GET', account('goes'))).status).toBe(404);
    expect((await settled(begun[2])).json).toEqual({ status: 'Succeeded' });
    for (const name of ['begun', 'copy0', 'copy1', 'copy2']) expect((await ask('GET', account(name))).json.properties.provisioningState, name).toBe('Succeeded');

    const { json: seeded } = await seed(document);
    expect(seeded.items.filter(({ outcome }: { readonly outcome: string }) => outcome !== 'created' && outcome !== 'unchanged')).toEqual([]);
    expect(seeded.items).toHaveLength(101);

    const { json: shown } = await ask('GET', account('kept'));
    expect(shown).toEqual(made);
    const endpoint = `http://${shown.properties.accountEndpoint}`;
    for (const key of [keys.primary, keys.secondary]) expect(await new BatchServiceClient(new BatchSharedKeyCredentials('kept', key), endpoint).pool.list()).toHaveLength(0);
    expect(await pools(endpoint)).toMatchObject({ status: 200, json: { value: [] } });
    expect(await pools(`http://${(await ask('GET', account('closed'))).json.properties.accountEndpoint}`)).toMatchObject({ status: 403, json: { code: 'InvalidRestAPIForAccountSetting' } });
    expect((await (await container()).getBlockBlobClient('blob').downloadToBuffer()).toString()).toBe('kept');
  });

  test('of the service, status says so and down ends what it left', async () => {
    const shown = await status(dataDir);
    process.kill(shown.service?.pid ?? Number.NaN, 'SIGKILL');
    const killed = await until('the service is gone', 60_000, async () => {
      const now = await status(dataDir);
      return now.state === 'killed' ? now : undefined;
    });
    expect(killed.leftovers).toHaveLength(2);
    expect((await run(LAUNCHER, ['status', '--data-dir', dataDir])).code).toBe(3);
    const { stdout } = await linarite(['down', '--data-dir', dataDir]);
    expect(stdout).toContain('ended what a killed service had left: blob server, PostgreSQL');
    expect(pidsOf(shown).filter(isAlive)).toEqual([]);
  });
});
