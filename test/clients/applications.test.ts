import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { BatchServiceClient, BatchSharedKeyCredentials } from '@azure/batch';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { LAUNCHER, run, startLinarite, type Finished, type Instance } from '../support/linarite.ts';

let instance: Instance;
let client: BatchServiceClient;
let directory: string;
beforeAll(async () => {
  instance = await startLinarite();
  const env = await instance.env();
  client = new BatchServiceClient(new BatchSharedKeyCredentials(env.AZURE_BATCH_ACCOUNT, env.AZURE_BATCH_ACCESS_KEY), env.AZURE_BATCH_ENDPOINT);
  directory = mkdtempSync(join(tmpdir(), 'linarite-app-'));
});
afterAll(async () => {
  await instance.purge();
  rmSync(directory, { recursive: true, force: true });
});

function app(...args: readonly string[]): Promise<Finished> {
  return run(LAUNCHER, ['app', ...args, '--data-dir', instance.dataDir]);
}

test('an application is made, uploaded, listed and deleted by the command line, and read by the SDK', async () => {
  const zip = join(directory, 'tool.zip');
  writeFileSync(zip, 'a zip file');
  expect(await app('upload', 'tool', '1.0', zip, '--default')).toEqual({ code: 0, stdout: '', stderr: 'tool 1.0 is active, and the default version\n' });
  expect((await app('create', 'tool', '--display-name', 'A tool', '--allow-updates', 'no')).code).toBe(0);
  expect((await app('create', 'empty')).code).toBe(0);
  expect((await app('list')).stdout).toBe('empty\ntool  A tool  default 1.0  no updates\n');
  expect((await app('list', 'tool')).stdout).toMatch(/^1\.0 {2}Active {2}since 2\d{3}-.*Z\n$/);
  const listed = [];
  for await (const page of [await client.application.list()]) listed.push(...page);
  expect(listed).toEqual([{ id: 'tool', displayName: 'A tool', versions: ['1.0'] }]);
  expect(await client.application.get('tool')).toMatchObject({ id: 'tool', versions: ['1.0'] });
  expect(await app('delete', 'tool')).toMatchObject({ code: 1, stderr: expect.stringContaining('ApplicationPackagesNotEmpty') });
  expect((await app('delete', 'tool', '1.0')).code).toBe(0);
  expect((await app('delete', 'tool')).code).toBe(0);
  await expect(client.application.get('tool')).rejects.toMatchObject({ statusCode: 404, code: 'ApplicationNotFound' });
});

test.each([
  [['upload', 'tool', '1', '/nowhere/file.zip'], 2, '/nowhere/file.zip cannot be read'],
  [['activate', 'tool', '1'], 1, 'ApplicationNotFound'],
  [['upload', 'a b', '1', '/dev/null'], 1, 'InvalidPropertyValue'],
  [['list', 'none'], 1, 'ApplicationNotFound'],
])('app %j ends with %d and says %s', async (args, code, said) => {
  expect(await app(...args)).toMatchObject({ code, stderr: expect.stringContaining(said) });
});
