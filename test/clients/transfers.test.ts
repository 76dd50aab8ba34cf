import { text } from 'node:stream/consumers';
import { BatchServiceClient, BatchSharedKeyCredentials, type TaskAddParameter } from '@azure/batch';
import { BlobServiceClient, ContainerSASPermissions, type ContainerClient } from '@azure/storage-blob';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { startLinarite, until, type Instance } from '../support/linarite.ts';

/** Resource and output files in all their forms, with the SDKs that users have. */

const IMAGE = { imageReference: { publisher: 'canonical', offer: '0001-com-ubuntu-server-jammy', sku: '22_04-lts' }, nodeAgentSKUId: 'batch.node.ubuntu 22.04' };
const HOUR_MS = 3_600_000;

let instance: Instance;
let client: BatchServiceClient;
let container: ContainerClient;
beforeAll(async () => {
  instance = await startLinarite();
  const env = await instance.env();
  client = new BatchServiceClient(new BatchSharedKeyCredentials(env.AZURE_BATCH_ACCOUNT, env.AZURE_BATCH_ACCESS_KEY), env.AZURE_BATCH_ENDPOINT);
  container = BlobServiceClient.fromConnectionString(env.AZURE_STORAGE_CONNECTION_STRING).getContainerClient('data');
  await container.create();
  for (const name of ['in/one.txt', 'in/deep/two.txt', 'tool.sh', 'other.txt']) {
    const content = name === 'tool.sh' ? '#!/bin/sh\necho tool runs\n' : `of ${name}\n`;
    await container.getBlockBlobClient(name).upload(content, content.length);
  }
  const startTask = { commandLine: '/bin/sh -c "cp start/other.txt $AZ_BATCH_NODE_SHARED_DIR"', resourceFiles: [{ autoStorageContainerName: 'data', blobPrefix: 'oth', filePath: 'start' }], waitForSuccess: true };
  await client.pool.add({ id: 'files', vmSize: 'standard_d2_v2', virtualMachineConfiguration: IMAGE, targetDedicatedNodes: 1, taskSlotsPerNode: 2, startTask });
  const jobPreparationTask = { commandLine: '/bin/sh -c "test -x tool.sh"', resourceFiles: [{ httpUrl: await signed('r', 'tool.sh'), filePath: 'tool.sh', fileMode: '0755' }] };
  await client.job.add({ id: 'files', poolInfo: { poolId: 'files' }, jobPreparationTask });
});
afterAll(() => instance.purge());

async function signed(permissions: string, blob?: string, expiresOn = new Date(Date.now() + HOUR_MS)): Promise<string> {
  const url = await container.generateSasUrl({ permissions: ContainerSASPermissions.parse(permissions), expiresOn });
  return blob === undefined ? url : url.replace('?', `/${blob}?`);
}

async function completed(task: TaskAddParameter) {
  await client.task.add('files', task);
  return until(`${task.id} completes`, 60_000, async () => {
    const seen = await client.task.get('files', task.id);
    return seen.state === 'completed' ? seen : undefined;
  });
}

async function fileOf(task: string, path: string): Promise<string> {
  return text((await client.file.getFromTask('files', task, path)).readableStreamBody as NodeJS.ReadableStream);
}

async function stored(prefix: string): Promise<readonly string[]> {
  const names: string[] = [];
  for await (const { name } of container.listBlobsFlat({ prefix })) names.push(name);
  return names;
}

test('files come by URL, by container URL and from the own storage, with prefix, directory and mode; those of start and preparation tasks too', async () => {
  const { executionInfo } = await completed({
    id: 'inputs',
    commandLine: `/bin/sh -c './single/run.sh && $AZ_BATCH_JOB_PREP_WORKING_DIR/tool.sh && cat whole/in/one.txt part/in/deep/two.txt own/in/one.txt $AZ_BATCH_NODE_SHARED_DIR/other.txt && stat -c %a single/run.sh own/in/one.txt && find . -type f | wc -l'`,
    resourceFiles: [
      { httpUrl: await signed('r', 'tool.sh'), filePath: 'single/run.sh', fileMode: '0700' },
      { storageContainerUrl: await signed('rl'), filePath: 'whole' },
      { storageContainerUrl: await signed('rl'), blobPrefix: 'in/de', filePath: 'part' },
      { autoStorageContainerName: 'data', blobPrefix: 'in/', filePath: 'own', fileMode: '0640' },
    ],
  });
  expect([executionInfo?.result, await fileOf('inputs', 'stderr.txt')]).toEqual(['success', '']);
  expect(await fileOf('inputs', 'stdout.txt')).toBe(['tool runs', 'tool runs', 'of in/one.txt', 'of in/deep/two.txt', 'of in/one.txt', 'of other.txt', '700', '640', '8', ''].join('\n'));
});

test('files go by name and by pattern, under their condition, with headers, and the logs of it can be read', async () => {
  const containerUrl = await signed('cw');
  const to = (path: string | undefined, more = {}) => ({ container: { containerUrl, ...(path === undefined ? {} : { path }), ...more } });
  const always = { uploadCondition: 'taskcompletion' as const };
  const { executionInfo } = await completed({
    id: 'outputs',
    commandLine: `/bin/sh -c 'echo said; mkdir -p res/a/b; echo 1 > res/1.dat; echo 2 > res/a/b/2.dat; echo 3 > res/a/3.txt; echo x > one; exit 4'`,
    environmentSettings: [{ name: 'WHERE', value: 'res' }],
    outputFiles: [
      { filePattern: '$WHERE/**/*.dat', destination: to('out/all'), uploadOptions: always },
      { filePattern: 'one', destination: to('out/renamed', { uploadHeaders: [{ name: 'x-ms-blob-content-type', value: 'text/x-one' }, { name: 'x-ms-meta-by', value: 'task' }] }), uploadOptions: always },
      { filePattern: 'one', destination: to(undefined), uploadOptions: always },
      { filePattern: '../std???.txt', destination: to('out/logs'), uploadOptions: { uploadCondition: 'taskfailure' } },
      { filePattern: 'one', destination: to('out/never'), uploadOptions: { uploadCondition: 'tasksuccess' } },
    ],
  });
  expect(executionInfo).toMatchObject({ exitCode: 4, failureInfo: { code: 'FailureExitCode' } });
  expect(await stored('out/')).toEqual(['out/all/1.dat', 'out/all/a/b/2.dat', 'out/logs/stderr.txt', 'out/logs/stdout.txt', 'out/renamed']);
  expect((await container.getBlobClient('one').downloadToBuffer()).toString()).toBe('x\n');
  const { contentType, metadata } = await container.getBlobClient('out/renamed').getProperties();
  expect({ contentType, metadata }).toEqual({ contentType: 'text/x-one', metadata: { by: 'task' } });
  expect(await fileOf('outputs', 'fileuploadout.txt')).toMatch(/res\/a\/b\/2\.dat: uploaded as out\/all\/a\/b\/2\.dat, 2 bytes in \d+\.\d+ s\n/);
  expect(await fileOf('outputs', 'fileuploaderr.txt')).toBe('');
});

test('what cannot be had or brought is named in failureInfo: the file, the time of a signature, the container', async () => {
  const expired = new Date(Date.UTC(2020, 1, 3, 4, 5, 6));
  const late = await completed({ id: 'late', commandLine: '/bin/true', resourceFiles: [{ httpUrl: await signed('r', 'other.txt', expired), filePath: 'f' }] });
  const details = (name: string, message: RegExp) => expect.arrayContaining([{ name: 'BlobSource', value: expect.stringMatching(name) }, { name: 'FilePath', value: expect.stringMatching(/\/wd\/f$/) }, { name: 'Message', value: expect.stringMatching(message) }]);
  expect(late.executionInfo?.failureInfo).toMatchObject({ category: 'UserError', code: 'BlobAccessDenied', details: details('/data/other.txt$', /ended at 2020-02-03T04:05:06Z/) });
  const none = await completed({ id: 'none', commandLine: '/bin/true', resourceFiles: [{ httpUrl: await signed('r', 'no-such'), filePath: 'f' }] });
  expect(none.executionInfo?.failureInfo).toMatchObject({ category: 'UserError', code: 'BlobNotFound', details: details('/data/no-such$', /404/) });
  const unknown = await completed({ id: 'unknown', commandLine: '/bin/true', resourceFiles: [{ autoStorageContainerName: 'nowhere' }] });
  expect(unknown.executionInfo?.failureInfo).toMatchObject({ category: 'UserError', code: 'ResourceContainerNotFound' });
  const containerUrl = await signed('cw', undefined, expired);
  const lost = await completed({ id: 'lost', commandLine: '/bin/sh -c "echo x > f"', outputFiles: [{ filePattern: 'f', destination: { container: { containerUrl } }, uploadOptions: { uploadCondition: 'taskcompletion' } }] });
  expect(lost.executionInfo).toMatchObject({ exitCode: 0, result: 'failure', failureInfo: { code: 'FileUploadAccessDenied' } });
  expect(JSON.stringify([late, none, unknown, lost].map(({ executionInfo }) => executionInfo))).not.toContain('sig=');
  expect(await fileOf('lost', 'fileuploaderr.txt')).toMatch(/\/wd\/f: .*ended at 2020-02-03T04:05:06Z/);
});
