import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { BatchServiceClient, BatchSharedKeyCredentials } from '@azure/batch';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { LAUNCHER, run, startLinarite, until, type Finished, type Instance } from '../support/linarite.ts';
import { agentLog } from '../support/nodeLogs.ts';
import { zipOf } from '../support/zip.ts';

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
  writeFileSync(zip, zipOf([{ name: 'a', content: 'a' }]));
  expect(await app('upload', 'tool', '1.0', zip, '--default')).toEqual({ code: 0, stdout: '', stderr: 'tool 1.0 is active, and the default version\n' });
  expect((await app('create', 'tool', '--display-name', 'A tool', '--allow-updates', 'no')).code).toBe(0);
  expect((await app('create', 'empty')).code).toBe(0);
  expect((await app('list')).stdout).toBe('APPLICATION  NAME    DEFAULT  UPDATES\nempty                         yes\ntool         A tool  1.0      no\n');
  expect((await app('list', 'tool')).stdout).toMatch(/^VERSION +STATE +ACTIVATED\n1\.0 +Active +2\d{3}-.*Z\n$/);
  const listed = [];
  for await (const page of [await client.application.list()]) listed.push(...page);
  expect(listed).toEqual([{ id: 'tool', displayName: 'A tool', versions: ['1.0'] }]);
  expect(await client.application.get('tool')).toMatchObject({ id: 'tool', versions: ['1.0'] });
  expect(await app('delete', 'tool')).toMatchObject({ code: 1, stderr: expect.stringContaining('ApplicationPackagesNotEmpty') });
  expect((await app('delete', 'tool', '1.0')).code).toBe(0);
  expect((await app('delete', 'tool')).code).toBe(0);
  await expect(client.application.get('tool')).rejects.toMatchObject({ statusCode: 404, code: 'ApplicationNotFound' });
});

test('packages are listed, told and deleted by patterns and states, in any form', async () => {
  const zip = join(directory, 'sel.zip');
  writeFileSync(zip, zipOf([{ name: 'a', content: 'a' }]));
  for (const version of ['1.0', '1.1', '2.0']) expect((await app('upload', 'sel', version, zip)).code).toBe(0);
  expect((await app('list', 'se*', '-o', 'id')).stdout).toBe('sel\n');
  expect((await app('list', 'sel', '1.*', '-o', 'id')).stdout).toBe('1.0\n1.1\n');
  expect((await app('list', 'sel', 'last', '-o', 'id')).stdout).toBe('2.0\n');
  expect(JSON.parse((await app('list', 'sel', '--state', 'active', '--query', '[].name', '-o', 'json')).stdout)).toEqual(['1.0', '1.1', '2.0']);
  expect(await app('list', 'sel', '--state', 'pending')).toMatchObject({ code: 0, stdout: '', stderr: 'no packages\n' });
  expect(JSON.parse((await app('list', 'sel', '2.0', '--json')).stdout)).toMatchObject([{ id: '2.0', name: '2.0', properties: { state: 'Active' } }]);
  expect(JSON.parse((await app('show', 'sel', '-o', 'json')).stdout)).toMatchObject({ id: 'sel', properties: { allowUpdates: true } });
  expect((await app('show', 'sel', '1.1', '--query', 'properties.state', '-o', 'id')).stdout).toBe('Active\n');
  expect(await app('show', 'sel', '9')).toMatchObject({ code: 1, stderr: expect.stringContaining('ApplicationPackageNotFound') });
  expect(await app('delete', 'sel', '1.*')).toMatchObject({ code: 2, stderr: 'linarite: this would delete 2 packages of application sel: say --yes\n' });
  expect((await app('delete', 'sel', '1.*', '--yes')).stdout.trim().split('\n').toSorted()).toEqual(['package 1.0: delete', 'package 1.1: delete']);
  expect((await app('delete', 'se*', '--yes'))).toMatchObject({ code: 1, stderr: expect.stringContaining('application sel: ApplicationPackagesNotEmpty') });
  expect((await app('delete', 'sel', '--all', '--yes')).stdout).toBe('package 2.0: delete\n');
  expect((await app('delete', 'sel')).stdout).toBe('application sel: delete\n');
  expect(await app('list', '--state', 'active')).toMatchObject({ code: 2, stderr: expect.stringContaining('packages have states') });
});

const IMAGE = { imageReference: { publisher: 'canonical', offer: '0001-com-ubuntu-server-jammy', sku: '22_04-lts' }, nodeAgentSKUId: 'batch.node.ubuntu 22.04' };

function program(name: string, said: string): string {
  const path = join(directory, name);
  writeFileSync(path, zipOf([{ name: 'bin/say', content: `#!/bin/sh\necho ${said}\n`, mode: 0o100755, deflate: true }]));
  return path;
}

async function completed(job: string, task: string) {
  const seen = await until(`${task} completes`, 60_000, async () => {
    const now = await client.task.get(job, task);
    return now.state === 'completed' ? now : undefined;
  });
  const output = seen.executionInfo?.exitCode === undefined ? '' : await text((await client.file.getFromTask(job, task, 'stdout.txt')).readableStreamBody as NodeJS.ReadableStream);
  return { info: seen.executionInfo, output };
}

test('packages are unpacked on nodes for their pool, for a task and for a job manager; a new activation is what the next task gets; a deleted one is missed', async () => {
  expect((await app('upload', 'Pool-App', '1.0', program('pool.zip', 'pooled'))).code).toBe(0);
  expect((await app('upload', 'say', '1', program('one.zip', 'one'), '--default')).code).toBe(0);
  expect((await app('upload', 'say', '2', program('two.zip', 'two'))).code).toBe(0);
  await client.pool.add({
    id: 'apps',
    vmSize: 'standard_d2_v2',
    virtualMachineConfiguration: IMAGE,
    targetDedicatedNodes: 1,
    taskSlotsPerNode: 2,
    applicationPackageReferences: [{ applicationId: 'pool-app', version: '1.0' }],
    startTask: { commandLine: '/bin/sh -c "$AZ_BATCH_APP_PACKAGE_Pool_App_1_0/bin/say > $AZ_BATCH_NODE_SHARED_DIR/said"', waitForSuccess: true },
  });
  const manager = { id: 'manager', commandLine: '/bin/sh -c "$AZ_BATCH_APP_PACKAGE_say/bin/say"', applicationPackageReferences: [{ applicationId: 'say' }], killJobOnCompletion: false, runExclusive: false };
  await client.job.add({ id: 'apps', poolInfo: { poolId: 'apps' }, jobManagerTask: manager });
  const add = (id: string, commandLine: string, ...applicationPackageReferences: readonly { readonly applicationId: string; readonly version?: string }[]) =>
    client.task.add('apps', { id, commandLine: `/bin/sh -c "${commandLine}"`, applicationPackageReferences: [...applicationPackageReferences] });
  await add('both', 'cat $AZ_BATCH_NODE_SHARED_DIR/said; $AZ_BATCH_APP_PACKAGE_Pool_App_1_0/bin/say; $AZ_BATCH_APP_PACKAGE_say_1/bin/say; $AZ_BATCH_APP_PACKAGE_say_2/bin/say', { applicationId: 'say', version: '1' }, { applicationId: 'say', version: '2' });
  expect((await completed('apps', 'manager')).output).toBe('one\n');
  expect((await completed('apps', 'both')).output).toBe('pooled\npooled\none\ntwo\n');

  expect((await app('upload', 'say', '1', program('new.zip', 'new'))).code).toBe(0);
  await add('newer', '$AZ_BATCH_APP_PACKAGE_say/bin/say', { applicationId: 'say' });
  expect((await completed('apps', 'newer')).output).toBe('new\n');

  expect((await app('delete', 'say', '1')).code).toBe(0);
  await add('missed', 'true', { applicationId: 'say' });
  await add('still', '$AZ_BATCH_APP_PACKAGE_say_2/bin/say', { applicationId: 'say', version: '2' });
  const missed = await completed('apps', 'missed');
  expect(missed.info).toMatchObject({ result: 'failure', failureInfo: { category: 'UserError', code: 'ApplicationPackageError', details: expect.arrayContaining([{ name: 'ApplicationId', value: 'say' }]) } });
  expect(missed.info?.exitCode).toBeUndefined();
  expect((await completed('apps', 'still')).output).toBe('two\n');
  await client.job.deleteMethod('apps');
  await client.pool.deleteMethod('apps');
});

test("a pool's package that is deleted before its nodes come makes them unusable, and they say why", async () => {
  expect((await app('upload', 'brief', '1', program('brief.zip', 'brief'))).code).toBe(0);
  await client.pool.add({ id: 'brief', vmSize: 'standard_d1_v2', virtualMachineConfiguration: IMAGE, targetDedicatedNodes: 0, applicationPackageReferences: [{ applicationId: 'brief', version: '1' }] });
  expect((await app('delete', 'brief', '1')).code).toBe(0);
  await until('the pool is steady', 60_000, async () => ((await client.pool.get('brief')).allocationState === 'steady' ? true : undefined));
  await client.pool.resize('brief', { targetDedicatedNodes: 1 });
  const node = await until('the node is unusable', 60_000, async () => {
    const [seen] = await client.computeNode.list('brief');
    return seen?.state === 'unusable' ? seen : undefined;
  });
  expect(node.errors).toMatchObject([{ code: 'ApplicationPackageError', errorDetails: expect.arrayContaining([{ name: 'ApplicationId', value: 'brief' }]) }]);
  const log = await agentLog(await instance.env(), (to) => client.computeNode.uploadBatchServiceLogs('brief', node.id ?? '', to));
  expect(log).toMatch(/agent \S+ begins life 1 of node [\s\S]*brief/);
  await client.pool.deleteMethod('brief');
});

test.each([
  [['upload', 'tool', '1', import.meta.filename], 2, 'no zip archive'],
  [['upload', 'tool', '1', '/nowhere/file.zip'], 2, '/nowhere/file.zip cannot be read'],
  [['activate', 'tool', '1'], 1, 'ApplicationNotFound'],
  [['create', 'a b'], 1, 'InvalidPropertyValue'],
  [['list', 'none'], 1, 'ApplicationNotFound'],
])('app %j ends with %d and says %s', async (args, code, said) => {
  expect(await app(...args)).toMatchObject({ code, stderr: expect.stringContaining(said) });
});
