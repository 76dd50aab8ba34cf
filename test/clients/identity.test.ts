import { spawn } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { BatchServiceClient, BatchSharedKeyCredentials } from '@azure/batch';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { ACCOUNT, asOperator } from './asOperator.ts';
import { linarite, mustRun, run, startLinarite, until, type Instance } from '../support/linarite.ts';

const AZ = '/usr/bin/az';
/** Debian's own interpreter: another one on the path does not see Debian's packages. */
const PYTHON = '/usr/bin/python3';
const hasAz = (await run(AZ, ['version']).catch(() => ({ code: 1 }))).code === 0;
const hasPython = (await run(PYTHON, ['-c', 'import azure.identity, azure.batch']).catch(() => ({ code: 1 }))).code === 0;
if (!hasAz || !hasPython) console.warn('skipped in part: azure-cli or python3-azure is not installed');

let instance: Instance;
let home: string;
let identity: Readonly<Record<string, string>>;

beforeAll(async () => {
  instance = await startLinarite();
  home = await mkdtemp(join(tmpdir(), 'linarite-identity-'));
  const { stdout } = await linarite(['env', '--identity', '--service-principal', '--format', 'json', '--data-dir', instance.dataDir]);
  identity = JSON.parse(stdout) as Readonly<Record<string, string>>;
});
afterAll(async () => {
  await instance.purge();
  await rm(home, { recursive: true, force: true });
});

function of(...names: readonly string[]): Record<string, string> {
  return Object.fromEntries(names.map((name) => [name, identity[name] ?? '']));
}

describe.skipIf(!hasAz)("Debian's azure-cli, unmodified, against the management endpoint alone", () => {
  let env: NodeJS.ProcessEnv;
  /** A directory in which az knows the service, and nobody has signed in. */
  const fresh = async (): Promise<void> => {
    const { LINARITE_MANAGEMENT_ENDPOINT = '', LINARITE_CA_FILE } = identity;
    env = { AZURE_CONFIG_DIR: await mkdtemp(join(home, 'az-')), AZURE_CORE_COLLECT_TELEMETRY: 'false', REQUESTS_CA_BUNDLE: LINARITE_CA_FILE };
    await mustRun(AZ, ['cloud', 'register', '-n', 'Local', '--endpoint-resource-manager', LINARITE_MANAGEMENT_ENDPOINT], { env });
    await mustRun(AZ, ['cloud', 'set', '-n', 'Local'], { env });
  };
  const az = async (...args: readonly string[]): Promise<unknown> => JSON.parse((await mustRun(AZ, [...args, '-o', 'json'], { env, timeoutMs: 60_000 })).stdout) as unknown;
  const signedIn = async (): Promise<void> => {
    expect(await az('account', 'show', '--query', '{user: user.type, state: state}')).toMatchObject({ state: 'Enabled' });
    expect(await az('group', 'list', '--query', '[].name')).toContain('linarite');
  };

  test('a service principal signs in, and is told of a wrong secret', async () => {
    await fresh();
    const { AZURE_CLIENT_ID: id = '', AZURE_CLIENT_SECRET: secret = '' } = identity;
    const wrong = await run(AZ, ['login', '--service-principal', '-u', id, '-p', 'wrong', '--tenant', 'linarite'], { env });
    expect([wrong.code, wrong.stderr]).toEqual([1, expect.stringContaining('AADSTS7000215: Invalid client secret')]);
    await az('login', '--service-principal', '-u', id, '-p', secret, '--tenant', 'linarite');
    await signedIn();
  }, 120_000);

  test('a user signs in with a device code that the operator approves of', async () => {
    await fresh();
    const login = spawn(AZ, ['login', '--use-device-code'], { env: { ...process.env, ...env } });
    let printed = '';
    const code = await new Promise<string>((found) => {
      login.stderr.setEncoding('utf8').on('data', (text: string) => {
        printed += text;
        const [, shown] = /identity approve (\w{9})"/.exec(printed) ?? [];
        if (shown !== undefined) found(shown);
      });
    });
    const ended = new Promise((settle) => login.once('close', settle));
    await linarite(['identity', 'approve', code, '--data-dir', instance.dataDir]);
    expect(await ended).toBe(0);
    await signedIn();
  }, 120_000);

  test('a program of the machine signs in without a secret of its own', async () => {
    await fresh();
    env = { ...env, ...of('MSI_ENDPOINT', 'MSI_SECRET', 'APPSETTING_WEBSITE_SITE_NAME') };
    await az('login', '--identity');
    await signedIn();
  }, 120_000);

  test('the account is used with a token, without its key', async () => {
    const { LINARITE_MANAGEMENT_ENDPOINT = '', LINARITE_CA_FILE, AZURE_CLIENT_ID: id = '', AZURE_CLIENT_SECRET: secret = '' } = identity;
    env = {
      AZURE_CONFIG_DIR: await mkdtemp(join(home, 'az-')),
      AZURE_CORE_COLLECT_TELEMETRY: 'false',
      REQUESTS_CA_BUNDLE: LINARITE_CA_FILE,
      SSL_CERT_FILE: LINARITE_CA_FILE,
      ARM_CLOUD_METADATA_URL: `${LINARITE_MANAGEMENT_ENDPOINT}/metadata/endpoints?api-version=2019-05-01`,
    };
    await az('login', '--service-principal', '-u', id, '-p', secret, '--tenant', 'linarite');
    await mustRun(AZ, ['batch', 'account', 'login', '-n', 'linarite', '-g', 'linarite'], { env });
    expect(await az('batch', 'pool', 'list')).toEqual([]);
    // Without a role: Debian's command fails by itself with one.
    const made = await az('ad', 'sp', 'create-for-rbac', '--name', 'made by az') as { readonly appId: string; readonly password: string };
    expect(await az('ad', 'sp', 'list', '--display-name', 'made by az', '--query', '[].appId')).toEqual([made.appId]);
    env = { ...env, AZURE_CONFIG_DIR: await mkdtemp(join(home, 'az-')) };
    expect(await az('login', '--service-principal', '-u', made.appId, '-p', made.password, '--tenant', 'linarite', '--allow-no-subscriptions')).toHaveLength(1);
  }, 180_000);

  test('a user signs in with a browser, at the page of the service', async () => {
    await fresh();
    const program = join(home, 'browser.mjs');
    // What a person does there: name and password are entered, and the browser goes where it is sent.
    await writeFile(program, `
      const body = new URLSearchParams({ username: 'operator@linarite.onmicrosoft.com', password: process.env.PERSON_PASSWORD });
      const signedIn = await fetch(process.argv[2], { method: 'POST', body, redirect: 'manual' });
      await fetch(signedIn.headers.get('location'));`);
    const { AZURE_CLIENT_SECRET, LINARITE_CA_FILE } = identity;
    env = { ...env, BROWSER: `${process.execPath} ${program} %s &`, PERSON_PASSWORD: AZURE_CLIENT_SECRET, NODE_EXTRA_CA_CERTS: LINARITE_CA_FILE };
    await az('login');
    await signedIn();
    expect(await az('account', 'show', '--query', 'user.type')).toBe('user');
  }, 120_000);
});

describe.skipIf(!hasPython)('a task on a pool with a managed identity', () => {
  const READER = '/providers/Microsoft.Authorization/roleDefinitions/11076f67-66f6-4be0-8f6b-f0609fd05cc9';
  /** What the default credentials of Python find, used for Batch, and what else the task was given. */
  const PROGRAM = `
import os
from azure.batch import BatchServiceClient
from azure.identity import DefaultAzureCredential
from msrest.authentication import BasicTokenAuthentication
token = DefaultAzureCredential().get_token("https://batch.core.windows.net/.default").token
client = BatchServiceClient(BasicTokenAuthentication({"access_token": token}), batch_url=os.environ["AZ_BATCH_ACCOUNT_URL"])
print([pool.id for pool in client.pool.list()])
try:
    client.pool.delete("identified")
except Exception as error:
    print(error.error.code)
print(os.environ["IDENTITY_ENDPOINT"], os.environ["IDENTITY_HEADER"])
`;
  /** Reads a blob by what the default credentials find; the node knows its host, and who signs for that. */
  const PYTHON_BLOB = `
import os
from azure.identity import DefaultAzureCredential
from azure.storage.blob import BlobServiceClient
service = BlobServiceClient(os.environ["BLOBS"], credential=DefaultAzureCredential())
print(service.get_blob_client("data", "in").download_blob().readall().decode())
try:
    service.create_container("more")
except Exception as error:
    print(error.error_code)
`;
  const JAVASCRIPT_BLOB = `
const { DefaultAzureCredential } = require('${join(import.meta.dirname, '../../node_modules/@azure/identity')}');
const { BlobServiceClient } = require('${join(import.meta.dirname, '../../node_modules/@azure/storage-blob')}');
new BlobServiceClient(process.env.BLOBS, new DefaultAzureCredential()).getContainerClient('data').getBlobClient('in').downloadToBuffer().then((read) => console.log(String(read)));
`;

  test('gets tokens of it, has the rights that were assigned to it, and nobody has when the task has ended', async () => {
    const operator = await asOperator(instance);
    const { AZURE_BATCH_ENDPOINT: endpoint = '', IDENTITY_HEADER = '', AZURE_BATCH_ACCOUNT: account = '', AZURE_BATCH_ACCESS_KEY: key = '' } = operator.environment;
    const principal = await operator.identity('mine');
    await operator.assign(ACCOUNT, READER, principal);
    await operator.pool('identified', 'mine');
    const client = new BatchServiceClient(new BatchSharedKeyCredentials(account, key), endpoint);
    await client.job.add({ id: 'identified', poolInfo: { poolId: 'identified' } });
    const blobs = await operator.readableBlob('what is in it', principal);
    const program = Buffer.from(PROGRAM).toString('base64');
    await client.task.add('identified', { id: 'asks', commandLine: `${PYTHON} -c "import base64; exec(base64.b64decode('${program}'))"` });
    await until('the task completes', 90_000, async () => ((await client.task.get('identified', 'asks')).state === 'completed' ? true : undefined));
    const fileOf = async (name: string): Promise<string> => text((await client.file.getFromTask('identified', 'asks', name)).readableStreamBody as NodeJS.ReadableStream);
    const [pools, denied, given = ''] = (await fileOf('stdout.txt')).trim().split('\n');
    expect([pools, denied], await fileOf('stderr.txt')).toEqual(["['identified']", 'InsufficientAccountPermissions']);
    const [where = '', header = ''] = given.split(' ');
    expect(header).not.toBe(IDENTITY_HEADER);
    const late = await fetch(`${where}?api-version=2019-08-01&resource=https://batch.core.windows.net/`, { headers: { 'x-identity-header': header } });
    expect([late.status, await late.text()]).toEqual([401, expect.stringContaining('has ended')]);
    // Its own list of names is the node's where that has an /etc of its own.
    if (process.getuid?.() === 0) {
      const environmentSettings = [{ name: 'BLOBS', value: blobs }];
      const encoded = (text: string): string => Buffer.from(text).toString('base64');
      await client.task.addCollection('identified', [
        { id: 'python', environmentSettings, commandLine: `${PYTHON} -c "import base64; exec(base64.b64decode('${encoded(PYTHON_BLOB)}'))"` },
        { id: 'javascript', environmentSettings, commandLine: `${process.execPath} -e "eval(String(Buffer.from('${encoded(JAVASCRIPT_BLOB)}', 'base64')))"` },
      ]);
      await until('both complete', 90_000, async () => ((await client.task.list('identified')).every(({ state }) => state === 'completed') ? true : undefined));
      const written = async (task: string, name: string): Promise<string> => text((await client.file.getFromTask('identified', task, name)).readableStreamBody as NodeJS.ReadableStream);
      expect(await written('python', 'stdout.txt'), await written('python', 'stderr.txt')).toBe('what is in it\nAuthorizationPermissionMismatch\n');
      expect(await written('javascript', 'stdout.txt'), await written('javascript', 'stderr.txt')).toBe('what is in it\n');
    }
    // It is no token of the job's either.
    await expect(fetch(`${endpoint}/jobs/identified?api-version=2024-02-01.19.0`, { headers: { authorization: `Bearer ${header}` } }).then(({ status }) => status)).resolves.toBe(401);
  }, 150_000);
});

describe.skipIf(!hasPython)("the default credentials of Debian's python3-azure", () => {
  test('find tokens on this machine over plain HTTP, and the account takes them', async () => {
    const program = [
      'import os',
      'from azure.batch import BatchServiceClient',
      'from azure.identity import DefaultAzureCredential',
      'from msrest.authentication import BasicTokenAuthentication',
      'token = DefaultAzureCredential().get_token("https://batch.core.windows.net/.default").token',
      'client = BatchServiceClient(BasicTokenAuthentication({"access_token": token}), batch_url=os.environ["AZURE_BATCH_ENDPOINT"])',
      'print([pool.id for pool in client.pool.list()])',
    ].join('\n');
    const { stdout } = await mustRun(PYTHON, ['-c', program], { env: of('IDENTITY_ENDPOINT', 'IDENTITY_HEADER', 'AZURE_BATCH_ENDPOINT') });
    expect(stdout.trim()).toMatch(/^\[.*\]$/);
  });
});

/** The one that the embedded blob server brings along. */
describe('@azure/identity for JavaScript', () => {
  /** The audience of the token that a credential gives. */
  const tokenBy = async (credential: string, names: readonly string[]): Promise<string> => {
    const program = `
      import { ClientSecretCredential, DefaultAzureCredential } from '@azure/identity';
      const { AZURE_TENANT_ID, AZURE_CLIENT_ID, AZURE_CLIENT_SECRET, LINARITE_MANAGEMENT_ENDPOINT } = process.env;
      const { token } = await (${credential}).getToken('https://batch.core.windows.net//.default');
      console.log(JSON.parse(Buffer.from(token.split('.')[1], 'base64url')).aud);`;
    const env = { ...of(...names), NODE_EXTRA_CA_CERTS: identity['LINARITE_CA_FILE'] };
    return (await mustRun(process.execPath, ['--input-type=module', '-e', program], { env, cwd: join(import.meta.dirname, '../..') })).stdout.trim();
  };

  test('signs in with the secret of the service principal, at the authority of the tenant and at /adfs', async () => {
    const names = ['AZURE_TENANT_ID', 'AZURE_CLIENT_ID', 'AZURE_CLIENT_SECRET', 'LINARITE_MANAGEMENT_ENDPOINT'];
    const options = '{ authorityHost: LINARITE_MANAGEMENT_ENDPOINT, disableInstanceDiscovery: true }';
    for (const tenant of ["'11a12173-0000-4000-8000-000000000001'", 'AZURE_TENANT_ID']) {
      expect(await tokenBy(`new ClientSecretCredential(${tenant}, AZURE_CLIENT_ID, AZURE_CLIENT_SECRET, ${options})`, names)).toBe('https://batch.core.windows.net/');
    }
  });

  test('finds tokens on this machine by its default credentials', async () => {
    expect(await tokenBy('new DefaultAzureCredential()', ['IDENTITY_ENDPOINT', 'IDENTITY_HEADER'])).toMatch(/^https:\/\/batch\.core\.windows\.net\/?$/);
  });
});
