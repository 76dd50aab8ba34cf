import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { LAUNCHER, linarite, run, startLinarite, type Instance } from '../support/linarite.ts';
import { zipOf } from '../support/zip.ts';

/** Debian's own interpreter: another one on the path does not see Debian's packages. */
const PYTHON = '/usr/bin/python3';
const present = (await run(PYTHON, ['-c', 'import azure.cli.core']).catch(() => ({ code: 1 }))).code === 0;
if (!present) console.warn('skipped: azure-cli is not installed');

const IDENTITY = '/subscriptions/11a12173-0000-4000-8000-000000000002/resourceGroups/linarite/providers/Microsoft.ManagedIdentity/userAssignedIdentities/one';

interface Keys {
  readonly primary: string;
  readonly secondary: string;
}

describe.skipIf(!present)("Debian's azure-cli, unmodified, at the management plane", () => {
  let instance: Instance;
  let home: string;
  let ask: (command: string) => Promise<unknown>;
  let end: () => void;
  beforeAll(async () => {
    // Packages are sent to a host that az makes of the storage account's name: docs/az.md, "Names".
    instance = await startLinarite(['--host-suffix', 'linarite.test']);
    home = await mkdtemp(join(tmpdir(), 'linarite-az-'));
    await writeFile(join(home, 'app.zip'), zipOf([{ name: 'run', content: 'echo run' }]));
    const { stdout } = await linarite(['az', 'setup', '--apply', '--data-dir', instance.dataDir], { timeoutMs: 60_000 });
    const env = { HOME: home, ...Object.fromEntries([...stdout.matchAll(/^export (\w+)=(.*)$/gm)].map(([, name = '', value = '']) => [name, value.replaceAll("'", '')])) };
    // One process for all commands: az itself takes two seconds for its start.
    const child = spawn(LAUNCHER, ['shell', '--data-dir', instance.dataDir, '--', PYTHON, join(import.meta.dirname, 'azMany.py')], { env: { ...process.env, ...env }, stdio: ['pipe', 'pipe', 'inherit'] });
    const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
    ask = async (command) => {
      child.stdin.write(`${command}\n`);
      const line = await lines.next();
      if (line.done === true) throw new Error(`az ended at: ${command}`);
      const [code, result, said] = JSON.parse(line.value) as readonly [number, unknown, string];
      return code === 0 ? result : { code, said: `${String(result)} ${said}` };
    };
    end = () => child.stdin.end();
  });
  afterAll(async () => {
    end();
    await instance.purge();
    await rm(home, { recursive: true, force: true });
  });
  const ours = (words: string): Promise<unknown> => ask(`batch ${words} --name azaccount --resource-group linarite`);
  const names = (command: string): Promise<unknown> => ask(`${command} --query [].name`);

  test('makes an account, changes and shows it, and renews its keys', async () => {
    const storage = { autoStorage: { storageAccountId: expect.stringContaining('devstoreaccount1') } };
    expect(await ours('account create --location eastus --storage-account devstoreaccount1 --tags a=b')).toMatchObject({ name: 'azaccount', location: 'eastus', provisioningState: 'Succeeded', tags: { a: 'b' }, ...storage });
    expect(await ours('account set --tags c=d')).toMatchObject({ tags: { c: 'd' }, ...storage });
    expect(await ours('account show')).toMatchObject({ tags: { c: 'd' }, ...storage });
    expect(await names('batch account list --resource-group linarite')).toEqual(['azaccount', 'linarite']);
    const before = (await ours('account keys list')) as Keys;
    const after = (await ours('account keys renew --key-name secondary')) as Keys;
    expect([after.primary, after.secondary === before.secondary]).toEqual([before.primary, false]);
    expect(await ours('account autostorage-keys sync')).toBeNull();
    expect(await ours('account outbound-endpoints')).toContainEqual(expect.objectContaining({ category: 'Azure Batch' }));
  });

  test('gives an account identities, and rules for its network', async () => {
    expect(await ours('account identity assign --system-assigned')).toMatchObject({ type: 'SystemAssigned' });
    expect(await ours('account identity remove --system-assigned --yes')).toMatchObject({ type: 'None' });
    await ask('identity create --name one --resource-group linarite --location eastus');
    expect(await ours(`account identity assign --user-assigned ${IDENTITY}`)).toMatchObject({ type: 'UserAssigned' });
    expect(await ours('account identity show')).toMatchObject({ type: 'UserAssigned' });
    expect(await ours('account network-profile set --profile BatchAccount --default-action Deny')).toMatchObject({ networkProfile: { accountAccess: { defaultAction: 'Deny' } } });
    await ours('account network-profile network-rule add --profile BatchAccount --ip-address 127.0.0.1');
    expect(await ours('account network-profile network-rule list')).toMatchObject({ accountAccess: { ipRules: [{ value: '127.0.0.1' }] } });
    await ours('account network-profile network-rule delete --profile BatchAccount --ip-address 127.0.0.1 --yes');
    expect(await ours('account network-profile show')).toMatchObject({ accountAccess: { defaultAction: 'Deny', ipRules: [] } });
    expect(await ours('account network-profile set --profile BatchAccount --default-action Allow')).toMatchObject({ networkProfile: { accountAccess: { defaultAction: 'Allow' } } });
  });

  test('signs in to an account with a token, and finds its pools at the host that it has; `linarite hosts` knows that', async () => {
    const host = 'azaccount.eastus.batch.linarite.test';
    expect(await ours('account show --query accountEndpoint')).toBe(`${host}:${instance.port}`);
    expect(await ours('account login')).toBeNull();
    expect(await ask('batch pool list')).toEqual([]);
    const { stdout } = await linarite(['hosts', '--data-dir', instance.dataDir]);
    expect(stdout.trim().split('\n').toSorted()).toEqual([host, 'devstoreaccount1.blob.core.linarite.test', 'linarite.westeurope.batch.linarite.test'].map((name) => `127.0.0.1\t${name}`).toSorted());
  });

  test('asks what a location and a network have', async () => {
    expect(await ask('batch location quotas show --location eastus')).toEqual({ accountQuota: 1_000 });
    expect(await names(`batch location list-skus --location eastus --filter "familyName eq 'standardDv2Family'"`)).toContain('Standard_D1_v2');
    expect(await names('batch private-link-resource list --account-name azaccount --resource-group linarite')).toEqual(['batchAccount', 'nodeManagement']);
    expect(await ask('batch private-link-resource show --account-name azaccount --resource-group linarite --name batchAccount')).toMatchObject({ groupId: 'batchAccount' });
    expect(await names('batch private-endpoint-connection list --account-name azaccount --resource-group linarite')).toEqual([]);
    expect(await ask('batch private-endpoint-connection show --account-name azaccount --resource-group linarite --name none')).toMatchObject({ code: 3 });
  });

  test('lists resources and groups by what they are called and tagged', async () => {
    expect(await names('resource list --resource-type Microsoft.Batch/batchAccounts')).toEqual(['azaccount', 'linarite']);
    expect(await names('resource list --name azaccount --location eastus')).toEqual(['azaccount']);
    expect(await names('resource list --tag c=d')).toEqual(['azaccount']);
    expect(await ask('resource show --resource-group linarite --name azaccount --resource-type Microsoft.Batch/batchAccounts')).toMatchObject({ properties: { provisioningState: 'Succeeded' } });
    expect(await names('group list --tag nothing=here')).toEqual([]);
    await ask('group update --name linarite --set tags.x=y');
    expect(await names('group list --tag x=y')).toEqual(['linarite']);
    expect(await ask('provider show --namespace Microsoft.Batch --query resourceTypes[0]')).toMatchObject({ resourceType: 'batchAccounts', apiVersions: expect.arrayContaining(['2025-06-01']) });
  });

  test('makes an application with a package, and deletes it with the account', async () => {
    const app = (words: string): Promise<unknown> => ours(`application ${words} --application-name app`);
    expect(await app('create')).toMatchObject({ name: 'app' });
    await app('set --display-name "My app"');
    expect(await app('show')).toMatchObject({ displayName: 'My app' });
    expect(await app(`package create --version-name 1.0 --package-file ${home}/app.zip`)).toMatchObject({ state: 'Active' });
    expect(await app('package list --query [].name')).toEqual(['1.0']);
    expect(await app('package delete --version-name 1.0 --yes')).toBeNull();
    expect(await app('delete --yes')).toBeNull();
    expect(await ours('account delete --yes')).toBeNull();
    expect(await ours('account show')).toMatchObject({ code: 3 });
    expect(existsSync(join(home, '.azure')), "the user's own settings").toBe(false);
  });
});
