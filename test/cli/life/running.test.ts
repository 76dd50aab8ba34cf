import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { request as httpsRequest } from 'node:https';
import { join } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import { freePort, linarite, processesNaming, run, type Finished } from '../../support/linarite.ts';
import { GROUP, operatorOf } from './operator.ts';
import { LAUNCHER, dataDirectories, env, status, up } from './services.ts';

const directories = dataDirectories();
const ROOT = join(import.meta.dirname, '../../..');

describe('a service that runs in the background', () => {
  const dataDir = directories.ofFile("it's a directory");
  const sizes = join(directories.parent, 'sizes.csv');
  let port: number;
  let said: string;
  beforeAll(async () => {
    port = await freePort();
    writeFileSync(sizes, 'size,dedicated,low\nstandard_d2s_v3,1.5,0.25\n');
    said = (await up(dataDir, '--port', String(port), '--sizes', sizes)).stdout;
  });

  test('said that it is ready, and tells clients how to connect', async () => {
    expect(said).toContain(`is ready at http://127.0.0.1:${port}`);
    expect(await env(dataDir)).toEqual({
      AZURE_BATCH_ACCOUNT: 'linarite',
      AZURE_BATCH_ACCESS_KEY: expect.stringMatching(/^[\w+/]{86}==$/),
      AZURE_BATCH_ENDPOINT: `http://127.0.0.1:${port}`,
      AZURE_STORAGE_ACCOUNT: 'devstoreaccount1',
      AZURE_STORAGE_KEY: expect.stringMatching(/^[\w+/]{86}==$/),
      AZURE_STORAGE_BLOB_ENDPOINT: expect.stringMatching(/^http:\/\/127\.0\.0\.1:\d+\/devstoreaccount1$/),
      AZURE_STORAGE_CONNECTION_STRING: expect.stringContaining('AccountName=devstoreaccount1'),
      LINARITE_MANAGEMENT_ENDPOINT: `https://127.0.0.1:${port}`,
      LINARITE_CA_FILE: join(dataDir, 'certificates', 'ca.pem'),
      LINARITE_PID: String((await status(dataDir)).service?.pid),
    });
  });

  test('tells it in a form that a shell can evaluate', async () => {
    const script = `eval "$("$1" env --data-dir "$2")" && printf '%s|%s' "$LINARITE_CA_FILE" "$AZURE_STORAGE_CONNECTION_STRING"`;
    const { stdout } = await run('/bin/sh', ['-c', script, 'sh', LAUNCHER, dataDir]);
    const connect = await env(dataDir);
    expect(stdout).toBe(`${connect.LINARITE_CA_FILE}|${connect.AZURE_STORAGE_CONNECTION_STRING}`);
  });

  test('serves plain and TLS on one port', async () => {
    expect((await fetch(`http://127.0.0.1:${port}/readyz`)).status).toBe(200);
    expect(await tlsStatus(`https://127.0.0.1:${port}/readyz`, join(dataDir, 'certificates', 'ca.pem'))).toBe(200);
  });

  test('leads names of Azure here in a shell of its own: the Storage SDK writes and reads blobs of each account with its key', async () => {
    const { ask, settled } = await operatorOf(dataDir);
    const further = `${GROUP}/providers/Microsoft.Storage/storageAccounts/further`;
    await settled(await ask('PUT', further, { location: 'eastus', kind: 'StorageV2', sku: { name: 'Standard_LRS' } }));
    const { json } = await ask('POST', `${further}/listKeys`);
    const program = `
      import { BlobServiceClient, StorageSharedKeyCredential } from '@azure/storage-blob';
      const { AZURE_STORAGE_ACCOUNT, AZURE_STORAGE_KEY, FURTHER_KEY } = process.env;
      for (const [name, key] of [[AZURE_STORAGE_ACCOUNT, AZURE_STORAGE_KEY], ['further', FURTHER_KEY]]) {
        const container = new BlobServiceClient('https://' + name + '.blob.core.windows.net', new StorageSharedKeyCredential(name, key), { retryOptions: { maxTries: 1 } }).getContainerClient('shell');
        await container.create();
        await container.getBlockBlobClient('a b').upload('in ' + name, 3 + name.length);
        console.log(String(await container.getBlockBlobClient('a b').downloadToBuffer()));
      }`;
    const { code, stdout, stderr } = await run(LAUNCHER, ['shell', '--data-dir', dataDir, '--', process.execPath, '--input-type=module', '-e', program], { cwd: ROOT, env: { FURTHER_KEY: json.keys[0].value } });
    expect([code, stdout], stderr).toEqual([0, 'in devstoreaccount1\nin further\n']);
    await ask('DELETE', further);
  });

  test('shows what it holds, and that what it acknowledged is on the disk', async () => {
    const shown = await status(dataDir);
    expect(shown).toMatchObject({ state: 'ready', counts: { pools: 0 }, database: { settings: { fsync: 'on', synchronous_commit: 'on', full_page_writes: 'on' } } });
    expect(shown.place).toBeUndefined();
  });

  test('has no quotas but those that its operator sets, and the cores of this machine', async () => {
    const set = await run(LAUNCHER, ['account', 'set', '--data-dir', dataDir, '--quota', 'dedicated=7,pools=20,family:standardDv3Family=2']);
    expect([set.code, set.stdout]).toEqual([0, expect.stringMatching(/dedicated cores +0 +7\n/)]);
    expect(set.stdout).toMatch(/\nthis machine has \d+ cores/);
    const shown = await run(LAUNCHER, ['account', 'show', '--data-dir', dataDir, '--json']);
    expect(JSON.parse(shown.stdout)).toMatchObject({ quotas: { dedicatedCores: 7, lowPriorityCores: null, pools: 20, activeJobs: null, families: { standarddv3family: 2 } }, inUse: { pools: 0 } });
    expect((await run(LAUNCHER, ['account', 'set', '--data-dir', dataDir, '--quota', 'cores=1'])).code).toBe(2);
  });

  test("tells costs by the prices of its operator's file", async () => {
    const told = await run(LAUNCHER, ['cost', '--data-dir', dataDir]);
    expect([told.code, told.stdout]).toEqual([0, expect.stringMatching(/standard_d2s_v3 +2 +1\.5 +1\.5 +0\.25\n/)]);
    expect(await run(LAUNCHER, ['cost', '--data-dir', dataDir, '--job', 'nobody'])).toMatchObject({ code: 1, stderr: expect.stringContaining('JobNotFound') });
  });

  test('is what up finds when it is asked again', async () => {
    const { service } = await status(dataDir);
    expect((await up(dataDir)).stdout).toContain(`is ready at http://127.0.0.1:${port}`);
    expect((await status(dataDir)).service).toMatchObject({ pid: service?.pid });
  });

  test('does not move to another port', async () => {
    const refused = await run(LAUNCHER, ['up', '--detach', '--data-dir', dataDir, '--port', '1']);
    expect(refused.code).toBe(1);
    expect(refused.stderr).toContain(`already runs, on port ${port}`);
  });

  test('keeps its port from another one, which is told who has it and leaves nothing', async () => {
    const late = directories.ofTest('late');
    const refused = await run(LAUNCHER, ['up', '--detach', '--data-dir', late, '--port', String(port)]);
    expect(refused.code).toBe(4);
    expect(refused.stderr).toContain(`port ${port} on 127.0.0.1 is taken`);
    if (process.platform === 'linux') expect(refused.stderr).toContain(`by the linarite of ${dataDir}`);
    // Whoever tries another port at once must not meet the one that failed.
    expect(processesNaming(late)).toEqual([]);
    expect((await status(late)).state).toBe('stopped');
  });

  describe('az, where it notes what it is told', () => {
    const GROUPS = ['--data-dir', dataDir, '--', 'group', 'list'];
    let bin: string;
    let notes: string;
    beforeAll(() => {
      bin = join(directories.parent, 'bin');
      notes = join(directories.parent, 'notes');
      mkdirSync(bin);
    });

    /** The command line, where no other program is on the path than that az. */
    function ours(env: NodeJS.ProcessEnv, ...words: readonly string[]): Promise<Finished> {
      return run(process.execPath, [join(ROOT, 'dist/cli/main.js'), 'az', ...words], { env });
    }

    /** `known`: the clouds that az says it has. */
    function withAz(known: readonly string[]): NodeJS.ProcessEnv {
      writeFileSync(join(bin, 'az'), `#!/bin/sh\necho "$AZURE_CONFIG_DIR|$1 $2|$*" >> '${notes}'\n[ "$1 $2" = 'cloud list' ] && echo '${JSON.stringify(known)}'\nexit 0\n`, { mode: 0o755 });
      rmSync(notes, { force: true });
      return { PATH: bin, HOME: directories.parent };
    }
    /** The first two words of each call, with the directory that it is configured in. */
    function told(): readonly string[] {
      const own = join(dataDir, 'keys', 'az');
      return readFileSync(notes, 'utf8').trim().split('\n').map((line) => line.split('|')).map(([directory, words = '']) => `${directory === own ? 'az' : 'elsewhere'} ${words}`);
    }

    test('is told by setup in words that a shell can evaluate', async () => {
      const env = withAz([]);
      const { stdout } = await linarite(['az', 'setup', '--data-dir', dataDir]);
      expect((await run('/bin/sh', ['-ec', stdout], { env })).code).toBe(0);
      expect(told()).toEqual(['az cloud register', 'az cloud set', 'az login --service-principal', 'az account set']);
      expect(readFileSync(notes, 'utf8')).not.toContain(readFileSync(join(dataDir, 'keys', 'az', 'operator-secret'), 'utf8'));
    });

    test('is pointed here once, and again, as the same cloud, when the service is reached otherwise', async () => {
      const env = withAz([]);
      await ours(env, ...GROUPS);
      expect(told()).toEqual(['az cloud list', 'az cloud register', 'az cloud set', 'az login --service-principal', 'az account set', 'az group list']);
      await ours(env, ...GROUPS);
      expect(told().slice(6)).toEqual(['az group list']);
      // As after a start on another port.
      const mark = join(dataDir, 'keys', 'az', 'linarite.json');
      writeFileSync(mark, readFileSync(mark, 'utf8').replaceAll(/:\d+/g, ':1'));
      await ours(withAz(['AzureCloud', 'Linarite']), ...GROUPS);
      expect(told()).toEqual(['az cloud list', 'az cloud update', 'az cloud set', 'az login --service-principal', 'az account set', 'az group list']);
    });

    test('is missed by name', async () => {
      const env = withAz([]);
      rmSync(join(bin, 'az'));
      // It is pointed here already.
      expect(await ours(env, ...GROUPS)).toMatchObject({ code: 1, stderr: expect.stringContaining('az cannot be run, which is of Debian’s package azure-cli') });
      rmSync(join(dataDir, 'keys', 'az', 'linarite.json'));
      for (const words of [['setup', '--apply', '--data-dir', dataDir], GROUPS]) {
        expect(await ours(env, ...words)).toMatchObject({ code: 1, stderr: expect.stringContaining('az cannot be run, which is of Debian’s package azure-cli') });
      }
    });
  });
});

function tlsStatus(url: string, caFile: string): Promise<number> {
  return new Promise((settle, reject) => {
    const request = httpsRequest(url, { ca: readFileSync(caFile) }, (response) => {
      response.resume();
      settle(response.statusCode ?? 0);
    });
    request.on('error', reject);
    request.end();
  });
}
