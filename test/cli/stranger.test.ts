import { spawn } from 'node:child_process';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { createInterface } from 'node:readline';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createForwarder, type Forwarder } from '../../src/cli/proxy/forward.ts';
import { LAUNCHER, linarite, run, startLinarite, until, type Finished, type Instance, type LinariteEnv } from '../support/linarite.ts';

/** The command line against an account that has no operations of Linarite itself, as one of Azure has none. */

let account: Instance;
let env: LinariteEnv;
let azure: Server;
let forwarder: Forwarder;
let endpoint: string;
beforeAll(async () => {
  account = await startLinarite();
  env = await account.env();
  forwarder = createForwarder({ target: new URL(env.AZURE_BATCH_ENDPOINT), credentials: null, limits: { jsonBytes: 0, otherBytes: 0 }, now: Date.now, say: () => undefined, onExchange: () => undefined });
  azure = createServer((request, response) => {
    if (request.url?.startsWith('/linarite') !== true) return void forwarder.onRequest(request, response);
    const value = 'The requested URI does not represent any resource on the server.\nRequestId:x\nTime:y';
    response.writeHead(400, { 'content-type': 'application/json;odata=minimalmetadata' }).end(JSON.stringify({ code: 'InvalidUri', message: { lang: 'en-US', value } }));
  });
  await new Promise<void>((resolve) => void azure.listen(0, '127.0.0.1', resolve));
  endpoint = `http://127.0.0.1:${(azure.address() as AddressInfo).port}`;
  await out('pool', 'create', '--id', 'p', '--vm-size', 'standard_a1_v2', '--image', 'canonical:0001-com-ubuntu-server-jammy:22_04-lts', '--node-agent-sku-id', 'batch.node.ubuntu 22.04', '--target-dedicated-nodes', '1', '--wait');
});
afterAll(async () => {
  azure.close();
  azure.closeAllConnections();
  forwarder.close();
  await account.purge();
});

/** As one who has exported the variables of his account. */
function there(...words: readonly string[]): Promise<Finished> {
  return run(LAUNCHER, [...words], { env: { AZURE_BATCH_ENDPOINT: endpoint, AZURE_BATCH_ACCOUNT: env.AZURE_BATCH_ACCOUNT, AZURE_BATCH_ACCESS_KEY: env.AZURE_BATCH_ACCESS_KEY } });
}
async function out(...words: readonly string[]): Promise<string> {
  const { code, stdout, stderr } = await there(...words);
  expect([code, stderr]).toEqual([0, expect.anything()]);
  return stdout.trimEnd();
}

test('a job from its pool to its logs', async () => {
  await out('job', 'create', '--id', 'j', '--pool-id', 'p');
  await out('task', 'create', 'j', '--id', 'good', '--command-line', "/bin/sh -c 'echo one'");
  await out('task', 'create', 'j', '--id', 'bad', '--command-line', "/bin/sh -c 'exit 3'");
  expect((await there('task', 'wait', 'j', '--timeout', '60s')).code).toBe(1);
  expect(await out('task', 'logs', 'j', 'good')).toBe('one');
  expect(await out('node', 'list', 'p', '-o', 'id')).toMatch(/^tvmps_/);
  expect(await out('top', '--once')).toMatch(/\bj\b/);
});

test('events are what has changed', async () => {
  const told = await out('events', '--since', '30m');
  expect(told).toMatch(/pool\.created pools\/p\n/);
  expect(told).toMatch(/task\.created jobs\/j\/tasks\/good\n[^]*task\.succeeded jobs\/j\/tasks\/good exitCode=0 /);
  expect(await out('events', '--since', '30m', '--kind', 'task.failed', '--job', 'j')).toMatch(/^\S+ task\.failed jobs\/j\/tasks\/bad exitCode=3 [^\n]*$/);
  const json = (await out('events', '--since', '30m', '--kind', 'task.completed', '--json')).split('\n').map((line) => JSON.parse(line) as { readonly type: string; readonly specversion: string });
  expect(json.map(({ type, specversion }) => [type, specversion]).toSorted()).toEqual([['linarite.task.failed', '1.0'], ['linarite.task.succeeded', '1.0']]);
});

test('events go on with what comes', async () => {
  const child = spawn(LAUNCHER, ['events', '-f', '--kind', 'job', '--endpoint', endpoint], { env: { ...process.env, AZURE_BATCH_ACCOUNT: env.AZURE_BATCH_ACCOUNT, AZURE_BATCH_ACCESS_KEY: env.AZURE_BATCH_ACCESS_KEY }, stdio: ['ignore', 'pipe', 'pipe'] });
  const errors = createInterface({ input: child.stderr });
  const lines = createInterface({ input: child.stdout });
  await new Promise<void>((resolve) => void errors.once('line', () => resolve()));
  const first = new Promise<string>((resolve) => void lines.once('line', resolve));
  await out('job', 'create', '--id', 'later', '--pool-id', 'p');
  expect(await first).toMatch(/job\.created jobs\/later/);
  const ended = new Promise((resolve) => child.once('close', resolve));
  child.kill();
  await ended;
});

describe('why something waits is told as far as states tell', () => {
  test('a task in a job that is disabled, or whose pool is not there', async () => {
    await out('job', 'create', '--id', 'nowhere', '--pool-id', 'none');
    await out('task', 'create', 'nowhere', '--id', 't', '--command-line', 'true');
    expect(await out('task', 'explain', 'nowhere', 't')).toBe('There is no pool none.');
    expect(await out('explain', 'nowhere')).toBe('There is no pool none.');
    await out('job', 'disable', 'nowhere', '--wait');
    expect(await out('explain', 'nowhere', 't')).toBe('Job nowhere is disabled.\n  Job nowhere is disabled.\n  There is no pool none.');
  });

  test('a task that waits for another one, which runs', async () => {
    await out('job', 'create', '--id', 'chain', '--pool-id', 'p', '--uses-task-dependencies');
    await out('task', 'create', 'chain', '--id', 'first', '--command-line', 'sleep 600');
    const body = JSON.stringify({ id: 'second', commandLine: 'true', dependsOn: { taskIds: ['first'] } });
    await run(LAUNCHER, ['task', 'create', 'chain', '--json-file', '-'], { input: body, env: { AZURE_BATCH_ENDPOINT: endpoint, AZURE_BATCH_ACCOUNT: env.AZURE_BATCH_ACCOUNT, AZURE_BATCH_ACCESS_KEY: env.AZURE_BATCH_ACCESS_KEY } });
    expect(await out('task', 'explain', 'chain', 'second')).toMatch(/^Task second depends on task first, which is (?:active|preparing|running)\./);
    await out('job', 'delete', 'chain');
  });

  test('a pool that has what it is to have', async () => {
    expect(await out('pool', 'explain', 'p')).toBe('Pool p is active, and nothing that its states tell is against it.');
  });
});

test.each([
  ['job', 'report', 'j'],
  ['cost'],
  ['app', 'create', 'a'],
  ['clock', 'advance', '1h'],
  ['account', 'show'],
  ['app', 'list'],
  ['drill', 'list'],
  ['open', '--reader'],
  ['pool', 'evaluate', 'p'],
  ['pool', 'samples', 'p'],
  ['session', 'list'],
  ['webhook', 'list'],
])('%s %s needs what Linarite alone has, and says so', async (...words) => {
  const { code, stderr } = await there(...words);
  expect([code, stderr]).toEqual([1, expect.stringMatching(/^linarite: http:\S+ is no Linarite service, and this needs an operation of Linarite itself: (?:GET|PUT|POST) \/linarite\/\S+\n$/)]);
});

test('a webhook leads to no private address where the service was not told that it may', async () => {
  let requests = 0;
  const inside = createServer((_request, response) => {
    requests += 1;
    response.end();
  });
  await new Promise<void>((resolve) => void inside.listen(0, '127.0.0.1', resolve));
  const here = (...words: readonly string[]): Promise<Finished> => run(LAUNCHER, ['webhook', ...words, '--data-dir', account.dataDir]);
  const { port } = inside.address() as AddressInfo;
  const refused = await here('add', `http://127.0.0.1:${port}/`, '--on', 'job.created');
  expect([refused.code, refused.stderr]).toEqual([1, expect.stringMatching(/^linarite: InvalidPropertyValue/)]);
  const added = await here('add', `http://localhost:${port}/`, '--on', 'job.created', '--json');
  const { id } = JSON.parse(added.stdout) as { readonly id: string };
  const tried = await here('test', id);
  expect([tried.code, tried.stdout]).toEqual([1, expect.stringMatching(/localhost leads to \S+, which is not a public address/)]);
  await out('job', 'create', '--id', 'untold', '--pool-id', 'p');
  await until('a delivery has failed', 30_000, async () => /attempt 1: localhost leads to \S+, which is not a public address/.exec((await here('show', id)).stdout) ?? undefined);
  expect(requests).toBe(0);
  await here('delete', id);
  inside.close();
});

test('a service principal gets in by a token where there is no key', async () => {
  const principal = await linarite(['env', '--service-principal', '--format', 'json', '--data-dir', account.dataDir]);
  const { AZURE_TENANT_ID, AZURE_CLIENT_ID, AZURE_CLIENT_SECRET, AZURE_AUTHORITY_HOST, LINARITE_CA_FILE } = JSON.parse(principal.stdout) as Record<string, string>;
  const environment = { AZURE_TENANT_ID, AZURE_CLIENT_ID, AZURE_AUTHORITY_HOST, NODE_EXTRA_CA_CERTS: LINARITE_CA_FILE, AZURE_BATCH_ACCESS_KEY: '' };
  const listed = await run(LAUNCHER, ['job', 'list', 'j', '-o', 'id', '--endpoint', endpoint], { env: { ...environment, AZURE_CLIENT_SECRET } });
  expect([listed.code, listed.stdout]).toEqual([0, 'j\n']);
  const refused = await run(LAUNCHER, ['job', 'list', '-o', 'id', '--endpoint', endpoint], { env: { ...environment, AZURE_CLIENT_SECRET: 'wrong' } });
  expect([refused.code, refused.stderr]).toEqual([1, expect.stringMatching(/gives no token for AZURE_CLIENT_ID /)]);
});
