import { readFileSync, writeFileSync } from 'node:fs';
import { request as httpsRequest } from 'node:https';
import { join } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import { freePort, processesNaming, run } from '../../support/linarite.ts';
import { LAUNCHER, dataDirectories, env, status, up } from './services.ts';

const directories = dataDirectories();

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
