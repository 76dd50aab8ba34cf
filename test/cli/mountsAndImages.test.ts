import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { BlobServiceClient } from '@azure/storage-blob';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { probeIsolation } from '../../src/nodes/local/isolation.ts';
import { canMakeImages, makeImageRoot } from '../support/imageRoots.ts';
import { type Instance, linarite, startLinarite, until } from '../support/linarite.ts';
import { LINUX, smallClient, type SmallClient } from '../support/smallClient.ts';

const WITHIN_MS = 90_000;
const outer = mkdtempSync(join(tmpdir(), 'linarite-images-'));
const possible = canMakeImages && (await probeIsolation({ dataRoot: join(outer, 'probe'), programs: [process.execPath] })).isolation === 'overlays';
if (!possible) console.log('skipped: pools with images and mounts of their own, which need root, overlays and busybox-static');

const GALLERY = '/subscriptions/s/resourceGroups/g/providers/Microsoft.Compute/galleries/mine/images/custom/versions/1.0.0';

describe.runIf(possible)('pools of a service', () => {
  let instance: Instance;
  let client: SmallClient;
  let account: { readonly accountName: string; readonly accountKey: string };
  beforeAll(async () => {
    makeImageRoot(join(outer, 'jammy'), 'Ubuntu 22.04.5 LTS');
    makeImageRoot(join(outer, 'own'), 'Own 1.0');
    const file = join(outer, 'images.yaml');
    writeFileSync(file, `images:\n  - image: Canonical:0001-com-ubuntu-server-jammy:22_04-lts\n    root: ${join(outer, 'jammy')}\n  - image: ${GALLERY}\n    root: ${join(outer, 'own')}\n`);
    instance = await startLinarite(['--images', file]);
    const env = await instance.env();
    client = smallClient(env.AZURE_BATCH_ENDPOINT, env.AZURE_BATCH_ACCOUNT, env.AZURE_BATCH_ACCESS_KEY);
    account = { accountName: env.AZURE_STORAGE_ACCOUNT, accountKey: env.AZURE_STORAGE_KEY };
    const container = BlobServiceClient.fromConnectionString(env.AZURE_STORAGE_CONNECTION_STRING).getContainerClient('inputs');
    await container.create();
    await container.getBlockBlobClient('scenes/first.txt').upload('a scene', 7);
  }, WITHIN_MS);
  afterAll(async () => {
    client.close();
    await instance.purge();
    rmSync(outer, { recursive: true });
  }, WITHIN_MS);

  const said = async (pool: string, script: string): Promise<string> => {
    await client.call('POST', '/jobs', { id: `job-${pool}`, poolInfo: { poolId: pool } });
    await client.call('POST', `/jobs/job-${pool}/tasks`, { id: 't', commandLine: `/bin/sh -c '${script}'` });
    await until(`the task of ${pool} has run`, WITHIN_MS, async () => {
      const { state } = (await client.call('GET', `/jobs/job-${pool}/tasks/t`)) as { readonly state: string };
      return state === 'completed' ? state : undefined;
    });
    return (await client.text('GET', `/jobs/job-${pool}/tasks/t/files/stdout.txt`)).trim();
  };

  test('run on the image that they ask for where it is unpacked, with their containers mounted; others on this machine’s system', async () => {
    const mount = (more: object) => ({ azureBlobFileSystemConfiguration: { accountName: account.accountName, containerName: 'inputs', blobfuseOptions: '-o allow_other', ...more } });
    const mountConfiguration = [mount({ relativeMountPath: 'in/keyed', accountKey: account.accountKey }), mount({ relativeMountPath: 'in/identified', identityReference: { resourceId: '/subscriptions/s/resourceGroups/g/providers/Microsoft.ManagedIdentity/userAssignedIdentities/i' } })];
    await client.call('POST', '/pools', { id: 'jammy', ...LINUX, targetDedicatedNodes: 1, mountConfiguration });
    await client.call('POST', '/pools', { id: 'own', ...LINUX, virtualMachineConfiguration: { ...LINUX.virtualMachineConfiguration, imageReference: { virtualMachineImageId: GALLERY.toUpperCase().replace('/SUBSCRIPTIONS', '/subscriptions') } }, targetDedicatedNodes: 1 });
    await client.call('POST', '/pools', { id: 'other', ...LINUX, virtualMachineConfiguration: { imageReference: { publisher: 'debian', offer: 'debian-12', sku: '12' }, nodeAgentSKUId: 'batch.node.debian 12' }, targetDedicatedNodes: 1 });
    const system = '. /etc/os-release; echo $PRETTY_NAME';
    const mounts = '$AZ_BATCH_NODE_MOUNTS_DIR/in';
    const [jammy, own, other] = await Promise.all([said('jammy', `${system}; cat ${mounts}/keyed/scenes/first.txt ${mounts}/identified/scenes/first.txt`), said('own', system), said('other', system)]);
    expect([jammy, own]).toEqual(['Ubuntu 22.04.5 LTS\na scenea scene', 'Own 1.0']);
    expect(other).not.toMatch(/Own|22\.04\.5/);
    const read = await client.text('GET', '/pools/jammy');
    expect(read).toContain('"relativeMountPath":"in/keyed"');
    expect(read).not.toContain(account.accountKey);
    const { value } = (await client.call('GET', '/pools/jammy/nodes')) as { readonly value: readonly { readonly id: string; readonly nodeAgentInfo: { readonly version: string } }[] };
    expect(value[0]?.nodeAgentInfo.version).toMatch(/\+overlays(\.network)?\.image$/);
    const status = await linarite(['status', '--data-dir', instance.dataDir]);
    expect(status.stdout).toMatch(/Nodes run the system of this machine, .*, whatever image their pool names, but for the 2 that images\.yaml maps\./);
  }, WITHIN_MS * 2);
});
