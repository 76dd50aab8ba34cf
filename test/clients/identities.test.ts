import { BatchServiceClient, BatchSharedKeyCredentials } from '@azure/batch';
import { BlobServiceClient, type ContainerClient, ContainerSASPermissions } from '@azure/storage-blob';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { text } from 'node:stream/consumers';
import { run, startLinarite, until, type Instance } from '../support/linarite.ts';
import { ACCOUNT, asOperator } from './asOperator.ts';

const IMAGE = { imageReference: { publisher: 'canonical', offer: '0001-com-ubuntu-server-jammy', sku: '22_04-lts' }, nodeAgentSKUId: 'batch.node.ubuntu 22.04' };
const identityReference = { resourceId: '/subscriptions/s/resourceGroups/g/providers/Microsoft.ManagedIdentity/userAssignedIdentities/mine' };
/** Debian's own interpreter: another one on the path does not see Debian's packages. */
const PYTHON = '/usr/bin/python3';
const hasPython = (await run(PYTHON, ['-c', 'import azure.identity']).catch(() => ({ code: 1 }))).code === 0;
const FOREIGN = 'https://elsewhere.blob.core.windows.net/c';

describe('an identity instead of a signature in a URL, with @azure/batch', () => {
  let instance: Instance;
  let client: BatchServiceClient;
  let container: ContainerClient;
  beforeAll(async () => {
    instance = await startLinarite();
    const env = await instance.env();
    client = new BatchServiceClient(new BatchSharedKeyCredentials(env.AZURE_BATCH_ACCOUNT, env.AZURE_BATCH_ACCESS_KEY), env.AZURE_BATCH_ENDPOINT);
    container = BlobServiceClient.fromConnectionString(env.AZURE_STORAGE_CONNECTION_STRING).getContainerClient('data');
    await container.create();
    await container.getBlockBlobClient('in/ü 1').upload('one', 3);
    await client.pool.add({
      id: 'pool',
      vmSize: 'standard_a1_v2',
      virtualMachineConfiguration: IMAGE,
      targetDedicatedNodes: 1,
      startTask: { commandLine: '/bin/cat start', resourceFiles: [{ httpUrl: container.getBlockBlobClient('in/ü 1').url, filePath: 'start', identityReference }], waitForSuccess: true },
    });
    await client.job.add({ id: 'job', poolInfo: { poolId: 'pool' } });
  });
  afterAll(() => instance.purge());

  const completed = (task: string) =>
    until(`${task} completes`, 60_000, async () => {
      const seen = await client.task.get('job', task);
      return seen.state === 'completed' ? seen : undefined;
    });

  test('reads blobs and containers of the storage that the service has, and writes there', async () => {
    const [blob, whole] = [container.getBlockBlobClient('in/ü 1').url, container.url];
    await client.task.add('job', {
      id: 'own',
      commandLine: `/bin/sh -c 'cat file all/in/* > out.txt'`,
      resourceFiles: [
        { httpUrl: blob, filePath: 'file', identityReference },
        { storageContainerUrl: whole, filePath: 'all', blobPrefix: 'in/', identityReference },
      ],
      outputFiles: [{ filePattern: 'out.txt', destination: { container: { containerUrl: whole, path: 'result', identityReference } }, uploadOptions: { uploadCondition: 'tasksuccess' } }],
    });
    expect((await completed('own')).executionInfo).toMatchObject({ exitCode: 0, result: 'success' });
    expect((await container.getBlockBlobClient('result').downloadToBuffer()).toString()).toBe('oneone');
    const [asked] = (await client.task.get('job', 'own')).resourceFiles ?? [];
    expect(asked, 'it is answered as it was sent').toEqual({ httpUrl: blob, filePath: 'file', identityReference });
  });

  test.each([
    ['blob', { resourceFiles: [{ httpUrl: `${FOREIGN}/b`, filePath: 'f', identityReference }] }, 'BlobAccessDenied', undefined],
    ['container', { resourceFiles: [{ storageContainerUrl: FOREIGN, identityReference }] }, 'ResourceContainerAccessDenied', undefined],
    ['output', { outputFiles: [{ filePattern: '../stdout.txt', destination: { container: { containerUrl: FOREIGN, identityReference } }, uploadOptions: { uploadCondition: 'taskcompletion' as const } }] }, 'FileUploadAccessDenied', 0],
  ])('elsewhere the task says what is missing: %s', async (id, members, code, exitCode) => {
    await client.task.add('job', { id, commandLine: '/bin/true', ...members });
    const { executionInfo } = await completed(id);
    expect(executionInfo?.failureInfo).toMatchObject({ category: 'UserError', code, details: expect.arrayContaining([{ name: 'Message', value: expect.stringContaining(identityReference.resourceId) }]) });
    expect(executionInfo?.exitCode).toBe(exitCode);
  });

  test("uploads what a node's agent has logged, by a signature or by an identity, and no credential with it", async () => {
    const [node] = await client.computeNode.list('pool');
    const [startTime, sas] = [new Date(0), await container.generateSasUrl({ permissions: ContainerSASPermissions.parse('cw'), expiresOn: new Date(Date.now() + 3_600_000) })];
    const upload = (containerUrl: string, more: object = {}) => client.computeNode.uploadBatchServiceLogs('pool', node?.id ?? '', { containerUrl, startTime, ...more });
    for (const uploaded of [await upload(sas), await upload(container.url, { identityReference })]) {
      expect(uploaded).toMatchObject({ numberOfFilesUploaded: 1, virtualDirectoryName: expect.stringContaining(`/pool/${node?.id}/`) });
      const text = (await container.getBlockBlobClient(`${uploaded.virtualDirectoryName}/agent.log`).downloadToBuffer()).toString();
      expect(text).toMatch(/^\d{4}-\d\d-\d\dT[\d:.]+Z agent \S+ begins life 1 of node tvmps_/);
      expect(text).toContain('the start task has ended with exit code 0');
      expect(text).not.toMatch(/sig=(?!\*)|bearer/i);
    }
    expect(await upload(sas, { endTime: new Date(1) }), 'nothing was logged then').toMatchObject({ numberOfFilesUploaded: 0 });
    await expect(upload(container.url)).rejects.toMatchObject({ code: 'InvalidPropertyValue', statusCode: 400 });
    await expect(upload(FOREIGN, { identityReference })).rejects.toMatchObject({ code: 'InvalidPropertyValue', statusCode: 400 });
  });

  test.skipIf(!hasPython)("a task of a pool with an identity gets tokens of it by the default credentials of Debian's python3-azure", async () => {
    const reader = '/providers/Microsoft.Authorization/roleDefinitions/11076f67-66f6-4be0-8f6b-f0609fd05cc9';
    const operator = await asOperator(instance);
    await operator.assign(ACCOUNT, reader, await operator.identity('mine'));
    await operator.pool('identified', 'mine');
    const program = `
import json, os, urllib.request
from azure.identity import DefaultAzureCredential
token = DefaultAzureCredential().get_token("https://batch.core.windows.net/.default").token
url = os.environ["AZ_BATCH_ACCOUNT_URL"].rstrip("/") + "/pools?api-version=2024-02-01.19.0"
answer = json.load(urllib.request.urlopen(urllib.request.Request(url, headers={"authorization": "Bearer " + token})))
print(sorted(pool["id"] for pool in answer["value"]))
`;
    await client.job.add({ id: 'identified', poolInfo: { poolId: 'identified' } });
    await client.task.add('identified', { id: 'asks', commandLine: `${PYTHON} -c "import base64; exec(base64.b64decode('${Buffer.from(program).toString('base64')}'))"` });
    await until('it completes', 90_000, async () => ((await client.task.get('identified', 'asks')).state === 'completed' ? true : undefined));
    const written = async (name: string): Promise<string> => text((await client.file.getFromTask('identified', 'asks', name)).readableStreamBody as NodeJS.ReadableStream);
    expect(await written('stdout.txt'), await written('stderr.txt')).toBe("['identified', 'pool']\n");
  });
});
