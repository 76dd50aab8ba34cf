import { BlobServiceClient } from '@azure/storage-blob';
import { request, type IncomingHttpHeaders } from 'node:http';
import { text } from 'node:stream/consumers';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { signed, withVersion } from '../api/support.ts';
import { linarite, startLinarite, until, type Instance, type LinariteEnv } from '../support/linarite.ts';
import { agentOf } from '../support/nodes.ts';
import { LINUX, smallClient, type SmallClient } from '../support/smallClient.ts';

interface Got {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly text: string;
}

interface Task {
  readonly state: string;
  readonly nodeInfo: { readonly nodeId: string };
}

interface Pool {
  readonly allocationState: string;
  readonly currentDedicatedNodes: number;
}

let instance: Instance;
let env: LinariteEnv;
let client: SmallClient;

async function open(): Promise<void> {
  env = await instance.env();
  client = smallClient(env.AZURE_BATCH_ENDPOINT, env.AZURE_BATCH_ACCOUNT, env.AZURE_BATCH_ACCESS_KEY);
}

beforeAll(async () => {
  instance = await startLinarite(['--archive-pattern', 'wd/logs/**/*.log', '--archive-max-bytes', '1KB']);
  await open();
});
afterAll(() => instance.purge());

/** Any answer, whatever its status. */
async function ask(method: string, path: string, more: Readonly<Record<string, string>> = {}): Promise<Got> {
  const url = withVersion(path);
  const base = new URL(env.AZURE_BATCH_ENDPOINT);
  const length = method === 'DELETE' ? { 'content-length': '0' } : {};
  const headers = signed(method, url, { host: base.host, ...length, ...more }, Date.now(), { name: env.AZURE_BATCH_ACCOUNT, key: env.AZURE_BATCH_ACCESS_KEY });
  return new Promise((resolve, reject) => {
    const sent = request(new URL(url, base), { method, headers }, (answer) => {
      text(answer).then((said) => resolve({ status: answer.statusCode ?? 0, headers: answer.headers, text: said }), reject);
    });
    sent.once('error', reject);
    sent.end();
  });
}

async function addPool(id: string, nodes: number): Promise<void> {
  await client.call('POST', '/pools', { id, ...LINUX, targetDedicatedNodes: nodes });
}

/** Runs them to their end, and returns the nodes that they ran on. */
async function runTasks(pool: string, job: string, commands: Readonly<Record<string, string>>): Promise<readonly string[]> {
  await client.call('POST', '/jobs', { id: job, poolInfo: { poolId: pool } });
  await client.call('POST', `/jobs/${job}/addtaskcollection`, { value: Object.entries(commands).map(([id, script]) => ({ id, commandLine: `/bin/sh -c '${script}'` })) });
  return until('all tasks have ended', 60_000, async () => {
    const { value } = (await client.call('GET', `/jobs/${job}/tasks`)) as { value: readonly Task[] };
    return value.every(({ state }) => state === 'completed') ? value.map(({ nodeInfo }) => nodeInfo.nodeId) : undefined;
  });
}

async function shrink(pool: string): Promise<void> {
  await client.call('POST', `/pools/${pool}/resize`, { targetDedicatedNodes: 0 });
  await until('the pool has no nodes', 60_000, async () => {
    const { allocationState, currentDedicatedNodes } = (await client.call('GET', `/pools/${pool}`)) as Pool;
    return allocationState === 'steady' && currentDedicatedNodes === 0 ? true : undefined;
  });
}

async function blobs(): Promise<readonly string[]> {
  const container = BlobServiceClient.fromConnectionString(env.AZURE_STORAGE_CONNECTION_STRING).getContainerClient('linarite-archive');
  const names: string[] = [];
  if (!(await container.exists())) return names;
  for await (const { name } of container.listBlobsFlat()) names.push(name);
  return names;
}

function reasonIn({ text: body }: Got): { readonly code: string; readonly reason: string } {
  const { code, values = [] } = JSON.parse(body) as { code: string; values?: readonly { key: string; value: string }[] };
  return { code, reason: values.find(({ key }) => key === 'Reason')?.value ?? '' };
}

describe('when the nodes of a pool have gone', () => {
  let nodes: readonly string[];
  beforeAll(async () => {
    await addPool('leaves', 2);
    nodes = await runTasks('leaves', 'j', {
      one: 'echo hello; echo trouble >&2; mkdir -p logs/deep; echo first > logs/a.log; echo second > logs/deep/b.log; echo no > other.txt',
      long: 'for i in $(seq 1000); do printf %04d $i; done',
      fails: 'echo bad; exit 3',
      ...Object.fromEntries(Array.from({ length: 20 }, (_, index) => [`t${index}`, `echo ${index}`])),
    });
    await shrink('leaves');
  });

  test('a task’s files are in its list, with the directories above them', async () => {
    const names = ({ text: body }: Got): readonly string[] => (JSON.parse(body) as { value: readonly { name: string }[] }).value.map(({ name }) => name);
    const list = await ask('GET', '/jobs/j/tasks/one/files');
    expect(list).toMatchObject({ status: 200, headers: { 'x-linarite-archived': expect.stringMatching(/^\d{4}-.*Z$/) as unknown } });
    expect(names(list)).toEqual(['stderr.txt', 'stdout.txt', 'wd']);
    expect(names(await ask('GET', '/jobs/j/tasks/one/files?recursive=true'))).toEqual(['stderr.txt', 'stdout.txt', 'wd', 'wd/logs', 'wd/logs/a.log', 'wd/logs/deep', 'wd/logs/deep/b.log']);
    const page = JSON.parse((await ask('GET', '/jobs/j/tasks/one/files?recursive=true&maxresults=5')).text) as { value: unknown[]; 'odata.nextLink': string };
    expect(page.value).toHaveLength(5);
    const next = new URL(page['odata.nextLink']);
    expect(names(await ask('GET', `${next.pathname}${next.search}`))).toEqual(['wd/logs/deep', 'wd/logs/deep/b.log']);
  });

  test('they are read whole and in parts, and HEAD tells of them', async () => {
    const whole = await ask('GET', '/jobs/j/tasks/one/files/stdout.txt');
    expect(whole).toMatchObject({ status: 200, text: 'hello\n', headers: { 'content-length': '6', 'content-type': 'text/plain', 'ocp-batch-file-isdirectory': 'False', 'ocp-batch-file-mode': expect.stringContaining('0o100') as unknown, 'x-linarite-archived': expect.any(String) as unknown } });
    expect(whole.headers['x-linarite-archived-left-out']).toBeUndefined();
    expect(await ask('GET', '/jobs/j/tasks/one/files/stderr.txt')).toMatchObject({ status: 200, text: 'trouble\n' });
    expect(await ask('GET', '/jobs/j/tasks/one/files/wd/logs/deep/b.log')).toMatchObject({ status: 200, text: 'second\n' });
    expect(await ask('GET', '/jobs/j/tasks/fails/files/stdout.txt')).toMatchObject({ status: 200, text: 'bad\n' });
    for (let index = 0; index < 20; index++) expect((await ask('GET', `/jobs/j/tasks/t${index}/files/stdout.txt`)).text).toBe(`${index}\n`);
    expect(await ask('GET', '/jobs/j/tasks/one/files/stdout.txt', { 'ocp-range': 'bytes=1-3' })).toMatchObject({ status: 200, text: 'ell', headers: { 'content-length': '3' } });
    expect(await ask('GET', '/jobs/j/tasks/one/files/stdout.txt', { range: 'bytes=4-' })).toMatchObject({ status: 206, text: 'o\n', headers: { 'content-range': 'bytes 4-5/6' } });
    expect(await ask('GET', '/jobs/j/tasks/one/files/stdout.txt', { range: 'bytes=6-' })).toMatchObject({ status: 416 });
    expect(await ask('GET', '/jobs/j/tasks/fails/files/stderr.txt')).toMatchObject({ status: 200, text: '' });
    expect(await ask('HEAD', '/jobs/j/tasks/one/files/stdout.txt')).toMatchObject({ status: 200, headers: { 'content-length': '6', 'x-linarite-archived': expect.any(String) as unknown } });
    expect(await ask('HEAD', '/jobs/j/tasks/one/files/wd')).toMatchObject({ status: 200, headers: { 'ocp-batch-file-isdirectory': 'True' } });
  });

  test('of a file that is too large the end is there, and it is said how much is not', async () => {
    const got = await ask('GET', '/jobs/j/tasks/long/files/stdout.txt');
    expect(got.headers['x-linarite-archived-left-out']).toBe('2976');
    expect(got.text).toHaveLength(1024);
    expect(got.text.endsWith('09991000')).toBe(true);
  });

  test('what was not archived is not found; nodes and their files are gone', async () => {
    const other = await ask('GET', '/jobs/j/tasks/one/files/wd/other.txt');
    expect(other.status).toBe(404);
    expect(reasonIn(other)).toEqual({ code: 'FileNotFound', reason: expect.stringContaining('not archived') as unknown });
    expect((await ask('GET', `/pools/leaves/nodes/${nodes[0]}/files`)).status).toBe(404);
    expect((await ask('GET', `/pools/leaves/nodes/${nodes[0]}/files/workitems/j/job-1/one/stdout.txt`)).status).toBe(404);
  });

  test('many tasks are in one object, and a deleted file is gone for good', async () => {
    expect((await blobs()).length).toBeLessThanOrEqual(2);
    expect((await ask('DELETE', '/jobs/j/tasks/one/files/wd')).status).toBe(409);
    expect((await ask('DELETE', '/jobs/j/tasks/one/files/wd?recursive=true')).status).toBe(200);
    expect((await ask('GET', '/jobs/j/tasks/one/files/wd/logs/a.log')).status).toBe(404);
    expect((await ask('GET', '/jobs/j/tasks/one/files/stdout.txt')).status).toBe(200);
  });

  test('the objects go with their tasks', async () => {
    await client.call('DELETE', '/jobs/j/tasks/one');
    await until('the task is gone', 60_000, async () => ((await ask('GET', '/jobs/j/tasks/one')).status === 404 ? true : undefined));
    await client.call('POST', '/jobs/j/tasks', { id: 'one', commandLine: 'true' });
    expect((await ask('GET', '/jobs/j/tasks/one/files/stdout.txt')).status).toBe(409);
    expect(await blobs()).not.toEqual([]);
    await client.call('DELETE', '/jobs/j');
    await until('no blob is left', 60_000, async () => ((await blobs()).length === 0 ? true : undefined));
  });
});

test('what tasks wrote on a node is there after it was reimaged, and is no file of the node', async () => {
  await addPool('reimaged', 1);
  const [node = ''] = await runTasks('reimaged', 'r', { t: 'echo kept' });
  const seen = async (): Promise<{ readonly state: string; readonly lastBootTime: string }> => (await client.call('GET', `/pools/reimaged/nodes/${node}`)) as { state: string; lastBootTime: string };
  const { lastBootTime } = await seen();
  await client.call('POST', `/pools/reimaged/nodes/${node}/reimage`);
  await until('the node is up again', 60_000, async () => {
    const now = await seen();
    return now.state === 'idle' && now.lastBootTime > lastBootTime ? true : undefined;
  });
  const got = await ask('GET', '/jobs/r/tasks/t/files/stdout.txt');
  expect([got.status, got.text, got.headers['x-linarite-archived']]).toEqual([200, 'kept\n', expect.stringMatching(/^20\d\d-/)]);
  expect((await ask('GET', `/pools/reimaged/nodes/${node}/files/workitems/r/job-1/t/stdout.txt`)).status).toBe(404);
  await client.call('DELETE', '/jobs/r');
  await client.call('DELETE', '/pools/reimaged');
});

test('what a node that was killed takes along is said', async () => {
  await addPool('killed', 1);
  const [node = ''] = await runTasks('killed', 'k', { t: 'echo lost' });
  const agent = await agentOf(node, instance.dataDir);
  process.kill(agent, 'SIGSTOP');
  await client.call('POST', '/pools/killed/removenodes', { nodeList: [node] });
  process.kill(agent, 'SIGKILL');
  await until('the node is gone', 60_000, async () => ((await ask('GET', `/pools/killed/nodes/${node}`)).status === 404 ? true : undefined));
  const got = await ask('GET', '/jobs/k/tasks/t/files/stdout.txt');
  expect(reasonIn(got)).toEqual({ code: 'TaskFilesUnavailable', reason: 'The node has gone and has taken the files along: they were not archived before.' });
  expect(got.status).toBe(409);
});

test('a storage that does not answer holds no node up', async () => {
  await addPool('held', 1);
  await runTasks('held', 'h', { t: 'echo lost' });
  const { blobs: server } = JSON.parse((await linarite(['status', '--json', '--data-dir', instance.dataDir])).stdout) as { blobs: { pid: number } };
  process.kill(server.pid, 'SIGSTOP');
  try {
    await shrink('held');
  } finally {
    process.kill(server.pid, 'SIGCONT');
  }
  expect(reasonIn(await ask('GET', '/jobs/h/tasks/t/files/stdout.txt')).code).toBe('TaskFilesUnavailable');
});

test('with --no-archive nothing is kept', async () => {
  await client.call('DELETE', '/jobs/h');
  await linarite(['down', '--data-dir', instance.dataDir]);
  await linarite(['up', '--detach', '--no-archive', '--data-dir', instance.dataDir, '--port', String(instance.port)]);
  await open();
  await addPool('off', 1);
  await runTasks('off', 'o', { t: 'echo lost' });
  await shrink('off');
  expect(reasonIn(await ask('GET', '/jobs/o/tasks/t/files/stdout.txt')).code).toBe('TaskFilesUnavailable');
  expect(await blobs()).toEqual([]);
});
