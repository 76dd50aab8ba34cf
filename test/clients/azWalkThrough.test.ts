import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { LAUNCHER, mustRun, run, startLinarite, until, type Finished, type Instance } from '../support/linarite.ts';

const AZ = '/usr/bin/az';
const present = (await run(AZ, ['version']).catch(() => ({ code: 1 }))).code === 0;
if (!present) console.warn('skipped: azure-cli is not installed');

// The published "Run a Batch job using the Azure CLI", in its order.
describe.skipIf(!present)("Debian's azure-cli, unmodified, from a resource group to results", () => {
  let instance: Instance;
  let home: string;
  let env: NodeJS.ProcessEnv;
  beforeAll(async () => {
    instance = await startLinarite();
    home = await mkdtemp(join(tmpdir(), 'linarite-az-'));
    const { stdout } = await linarite(['az', 'setup'], '--apply');
    env = { PATH: '/usr/bin:/bin', HOME: home, ...Object.fromEntries([...stdout.matchAll(/^export (\w+)=(.*)$/gm)].map(([, name = '', value = '']) => [name, value.replaceAll("'", '')])) };
  }, 120_000);
  afterAll(async () => {
    await instance.purge();
    await rm(home, { recursive: true, force: true });
  });
  const linarite = (command: readonly string[], ...words: readonly string[]): Promise<Finished> => mustRun(LAUNCHER, [...command, '--data-dir', instance.dataDir, ...words], { timeoutMs: 90_000 });
  const said = (line: string): Promise<Finished> => mustRun('/bin/sh', ['-c', `az ${line}`], { env, timeoutMs: 90_000 });
  const az = async (line: string): Promise<string> => (await said(line)).stdout;

  test('group, storage, account, sign-in with and without keys, pool, job, task, its output, deletes', async () => {
    await az('group create --name myResourceGroup --location eastus2');
    const storage = await said('storage account create --resource-group myResourceGroup --name mystorageaccount --location eastus2 --sku Standard_LRS --debug');
    expect(JSON.parse(storage.stdout)).toMatchObject({ name: 'mystorageaccount', provisioningState: 'Succeeded', primaryEndpoints: { blob: expect.stringContaining('mystorageaccount') } });
    // It was told where to ask, and asked there until the account was answered.
    expect(storage.stderr).toMatch(/Response status: 202[^]*Request URL: '[^']*\/asyncoperations\/[-0-9a-f]{36}\?monitor=true[^]*Response status: 200/);
    await az('batch account create --name mybatchaccount --storage-account mystorageaccount --resource-group myResourceGroup --location eastus2');
    // With the token of the sign-in.
    await az('batch account login --name mybatchaccount --resource-group myResourceGroup');
    await az('batch pool create --id mypool --image canonical:0001-com-ubuntu-server-jammy:22_04-lts --node-agent-sku-id "batch.node.ubuntu 22.04" --target-dedicated-nodes 1 --vm-size Standard_A1_v2');
    await az('batch job create --id myjob --pool-id mypool');
    await az(`batch task create --task-id mytask1 --job-id myjob --command-line "/bin/bash -c 'printenv | grep AZ_BATCH'"`);
    await az('batch account login --name mybatchaccount --resource-group myResourceGroup --shared-key-auth');
    await until('the task is completed', 60_000, async () => ((await az('batch task show --job-id myjob --task-id mytask1 --query state -o tsv')).trim() === 'completed' ? true : undefined));
    expect(await az('batch task file list --job-id myjob --task-id mytask1 -o table')).toContain('stdout.txt');
    await az(`batch task file download --job-id myjob --task-id mytask1 --file-path stdout.txt --destination ${home}/stdout.txt`);
    expect(await readFile(join(home, 'stdout.txt'), 'utf8')).toContain('AZ_BATCH_ACCOUNT_NAME=mybatchaccount');
    await az('batch job delete --job-id myjob --yes');
    await az('batch pool delete --pool-id mypool --yes');
    await az('group delete --name myResourceGroup --yes');
    expect((await az('group list --query "[].name" -o tsv')).trim()).toBe('linarite');
    expect((await az('batch account list --query "[].name" -o tsv')).trim()).toBe('linarite');
  }, 400_000);

  test('linarite az runs it pointed here, and names of Azure lead here in linarite shell', async () => {
    expect((await linarite(['az'], '--', 'storage', 'account', 'list', '--query', '[].name', '-o', 'tsv')).stdout.trim()).toBe('devstoreaccount1');
    const { stdout } = await linarite(['shell'], '--', '/bin/sh', '-c', 'curl -sS https://linarite.westeurope.batch.azure.com/healthz; curl -sS -o /dev/null -w "%{http_code} " https://devstoreaccount1.blob.core.windows.net/; exit 0');
    expect(stdout).toContain('ok');
    expect(stdout).toMatch(/4\d\d $/);
    expect((await linarite(['hosts'])).stdout).toBe('127.0.0.1\tlinarite.westeurope.batch.localhost\n127.0.0.1\tdevstoreaccount1.blob.core.localhost\n');
  }, 120_000);
});
