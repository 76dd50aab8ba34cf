import { randomUUID } from 'node:crypto';
import { BlobServiceClient, ContainerSASPermissions, generateBlobSASQueryParameters, StorageSharedKeyCredential } from '@azure/storage-blob';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { signed } from '../api/support.ts';
import { startLinarite, until, type Instance, type LinariteEnv } from '../support/linarite.ts';

/** What Microsoft.Azure.Batch 12 for .NET asks for in the course of the published tutorial, as it sends it. */

const VERSION = '2019-08-01.10.0';
const TASKS = 30;

let instance: Instance;
let env: LinariteEnv;
let storage: BlobServiceClient;
beforeAll(async () => {
  instance = await startLinarite();
  env = await instance.env();
  storage = BlobServiceClient.fromConnectionString(env.AZURE_STORAGE_CONNECTION_STRING);
});
afterAll(() => instance.purge());

/** Every call says how long it may take, wants its id not back, and asks for little metadata. */
async function ask(method: string, path: string, { query = '', body, headers = {} }: { query?: string; body?: object; headers?: Record<string, string> } = {}): Promise<Response> {
  const target = `${path}?${query === '' ? '' : `${query}&`}timeout=30&api-version=${VERSION}`;
  const payload = body === undefined ? undefined : JSON.stringify(body);
  const sent = {
    'client-request-id': randomUUID(),
    'return-client-request-id': 'false',
    'accept-language': 'en-US',
    'user-agent': 'AzureBatch/12.0.0.0 (.NET Core 3.1.0) Microsoft.Azure.Batch.Protocol.BatchServiceClient/12.0.0.0',
    ...(payload === undefined ? (method === 'POST' ? { 'content-length': '0' } : {}) : { 'content-type': 'application/json; odata=minimalmetadata; charset=utf-8', 'content-length': String(Buffer.byteLength(payload)) }),
    ...headers,
  };
  const by = { name: env.AZURE_BATCH_ACCOUNT, key: env.AZURE_BATCH_ACCESS_KEY };
  return fetch(`${env.AZURE_BATCH_ENDPOINT}${target}`, { method, headers: signed(method, target, sent, Date.now(), by), ...(payload === undefined ? {} : { body: payload }) });
}

async function done(method: string, path: string, status: number, more: Parameters<typeof ask>[2] = {}): Promise<string> {
  const answer = await ask(method, path, more);
  const text = await answer.text();
  if (answer.status !== status) throw new Error(`${method} ${path}: ${answer.status} ${text}`);
  return text;
}

/** A container with these blobs, and URLs under which they can be read, or written below. */
async function container(name: string, blobs: Readonly<Record<string, string>>): Promise<{ url(blob: string): string; sas: string }> {
  const client = storage.getContainerClient(name);
  await client.createIfNotExists();
  for (const [blob, text] of Object.entries(blobs)) await client.getBlockBlobClient(blob).upload(text, text.length);
  const credential = new StorageSharedKeyCredential(env.AZURE_STORAGE_ACCOUNT, env.AZURE_STORAGE_KEY);
  const sas = generateBlobSASQueryParameters({ containerName: name, permissions: ContainerSASPermissions.parse('rwl'), expiresOn: new Date(Date.now() + 7_200_000) }, credential).toString();
  return { url: (blob) => `${client.url}/${blob}?${sas}`, sas: `${client.url}?${sas}` };
}

/** The monitor looks at so many tasks in one filter as its length allows. */
function monitorFilters(ids: readonly string[]): readonly string[] {
  const groups = Array.from({ length: Math.ceil(ids.length / 10) }, (_, index) => ids.slice(index * 10, index * 10 + 10));
  return groups.map((group) => group.map((id) => `(id eq '${id}')`).join(' or '));
}

test('the tutorial: containers, pool, job, tasks in one list, the state monitor, outputs, deletes', async () => {
  const inputs = await container('input', Object.fromEntries(Array.from({ length: TASKS }, (_, index) => [`data${index}.txt`, `line of ${index}\n`])));
  const outputs = await container('output', {});

  await done('POST', '/pools', 201, {
    body: {
      id: 'DotNetTutorialPool', vmSize: 'standard_d1_v2', targetDedicatedNodes: 1, maxTasksPerNode: 4,
      virtualMachineConfiguration: { imageReference: { publisher: 'canonical', offer: 'ubuntuserver', sku: '18.04-lts', version: 'latest' }, nodeAgentSKUId: 'batch.node.ubuntu 18.04' },
      startTask: { commandLine: "/bin/sh -c 'cp tool.sh $AZ_BATCH_NODE_SHARED_DIR'", resourceFiles: [{ httpUrl: (await container('app', { 'tool.sh': 'tr a-z A-Z < $1' })).url('tool.sh'), filePath: 'tool.sh' }], waitForSuccess: true },
    },
  });
  expect((await ask('POST', '/pools', { body: { id: 'dotnettutorialpool', vmSize: 'standard_d1_v2', virtualMachineConfiguration: { imageReference: { publisher: 'canonical', offer: 'ubuntuserver', sku: '18.04-lts' }, nodeAgentSKUId: 'batch.node.ubuntu 18.04' } } })).status).toBe(409);
  await done('POST', '/jobs', 201, { body: { id: 'DotNetTutorialJob', poolInfo: { poolId: 'DotNetTutorialPool' } } });

  const ids = Array.from({ length: TASKS }, (_, index) => `topNtask${index}`);
  const value = ids.map((id, index) => ({
    id,
    commandLine: `/bin/sh -c 'sh $AZ_BATCH_NODE_SHARED_DIR/tool.sh data${index}.txt | tee result${index}.txt'`,
    resourceFiles: [{ httpUrl: inputs.url(`data${index}.txt`), filePath: `data${index}.txt` }],
    outputFiles: [{ filePattern: 'result*.txt', destination: { container: { containerUrl: outputs.sas } }, uploadOptions: { uploadCondition: 'taskCompletion' } }],
  }));
  const added = JSON.parse(await done('POST', '/jobs/DotNetTutorialJob/addtaskcollection', 200, { body: { value } })) as { value: { status: string; taskId: string; eTag: string }[] };
  expect(added.value.map(({ status, taskId }) => [status.toLowerCase(), taskId])).toEqual(ids.map((id) => ['success', id]));

  for (const filter of monitorFilters(ids)) {
    await until('the monitor sees its tasks completed', 60_000, async () => {
      const page = JSON.parse(await done('GET', '/jobs/DotNetTutorialJob/tasks', 200, { query: `$filter=${encodeURIComponent(filter)}&$select=${encodeURIComponent('id,state')}` })) as { value: Record<string, string>[] };
      expect(page.value).toHaveLength(10);
      for (const task of page.value) expect(Object.keys(task).toSorted()).toEqual(['id', 'state']);
      return page.value.every(({ state }) => state === 'completed') ? true : undefined;
    });
  }
  const failed = JSON.parse(await done('GET', '/jobs/DotNetTutorialJob/tasks', 200, { query: `$filter=${encodeURIComponent("executionInfo/result eq 'Failure'")}&$select=${encodeURIComponent('id,executionInfo')}` })) as { value: unknown[] };
  expect(failed.value).toEqual([]);

  const properties = await ask('HEAD', '/jobs/DotNetTutorialJob/tasks/topNtask7/files/stdout.txt');
  expect([properties.status, properties.headers.get('content-length'), properties.headers.get('ocp-batch-file-isdirectory')]).toEqual([200, '10', 'False']);
  expect(await done('GET', '/jobs/DotNetTutorialJob/tasks/topNtask7/files/stdout.txt', 200)).toBe('LINE OF 7\n');
  const blobs: string[] = [];
  for await (const { name } of storage.getContainerClient('output').listBlobsFlat()) blobs.push(name);
  expect(blobs.toSorted()).toEqual(ids.map((_, index) => `result${index}.txt`).toSorted());
  expect((await storage.getContainerClient('output').getBlobClient('result7.txt').downloadToBuffer()).toString()).toBe('LINE OF 7\n');

  await done('DELETE', '/jobs/DotNetTutorialJob', 202);
  await done('DELETE', '/pools/DotNetTutorialPool', 202);
  await until('the job is gone', 60_000, async () => ((await ask('GET', '/jobs/DotNetTutorialJob')).status === 404 ? true : undefined));
});
