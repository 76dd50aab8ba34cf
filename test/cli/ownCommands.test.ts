import { spawn, type ChildProcess } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { text } from 'node:stream/consumers';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { LAUNCHER, linarite as onDataDirectory, run, startLinarite, until, type Finished, type Instance } from '../support/linarite.ts';

/** Commands of what Linarite alone has, on a service that flags name: none finds it by its data directory. */

const PATIENCE_MS = 30_000;
/** Each word on the command line starts a process. */
vi.setConfig({ testTimeout: 180_000 });
const IMAGE = ['--vm-size', 'standard_a1_v2', '--image', 'canonical:0001-com-ubuntu-server-jammy:22_04-lts', '--node-agent-sku-id', 'batch.node.ubuntu 22.04'];

let instance: Instance;
let directory: string;
let target: readonly string[];
/** What webhooks lead to: kinds of events that came there. */
let endpoint: Server;
const delivered: string[] = [];
beforeAll(async () => {
  instance = await startLinarite(['--webhook-private']);
  directory = mkdtempSync(join(tmpdir(), 'linarite-own-'));
  const env = await instance.env();
  writeFileSync(join(directory, 'key'), env.AZURE_BATCH_ACCESS_KEY, { mode: 0o600 });
  target = ['--endpoint', env.AZURE_BATCH_ENDPOINT, '--account', env.AZURE_BATCH_ACCOUNT, '--key-file', join(directory, 'key')];
  endpoint = createServer((request, response) => {
    void text(request).then((body) => {
      delivered.push((JSON.parse(body) as { readonly type: string }).type);
      response.writeHead(204).end();
    });
  }).listen(0, '127.0.0.1');
  await new Promise((resolve) => endpoint.once('listening', resolve));
  await out('pool', 'create', '--id', 'p', ...IMAGE, '--auto-scale-formula', '$TargetDedicatedNodes = 0;');
});
afterAll(async () => {
  endpoint.closeAllConnections();
  endpoint.close();
  await instance.purge();
  rmSync(directory, { recursive: true, force: true });
});

function elsewhere(): NodeJS.ProcessEnv {
  return { LINARITE_DATA_DIR: join(directory, 'nowhere') };
}
function linarite(...words: readonly string[]): Promise<Finished> {
  return run(LAUNCHER, [...words, ...target], { env: elsewhere() });
}
async function out(...words: readonly string[]): Promise<string> {
  const { code, stdout, stderr } = await linarite(...words);
  expect([code, stderr]).toEqual([0, expect.anything()]);
  return stdout.trimEnd();
}

/** A command that goes on, and what it has printed so far. */
interface Following {
  readonly child: ChildProcess;
  readonly lines: string[];
  /** What stderr had, and the exit code. */
  readonly ended: Promise<number | null>;
}
function follow(...words: readonly string[]): Following {
  const child = spawn(LAUNCHER, [...words, ...target], { env: { ...process.env, ...elsewhere() }, stdio: ['ignore', 'pipe', 'ignore'] });
  const lines: string[] = [];
  createInterface({ input: child.stdout }).on('line', (line) => lines.push(line));
  return { child, lines, ended: new Promise((resolve) => child.once('close', resolve)) };
}
async function printed({ lines }: Following, pattern: RegExp): Promise<void> {
  await until(`${String(pattern)} in ${lines.join('\n')}`, PATIENCE_MS, async () => lines.find((line) => pattern.test(line)));
}

describe('an account that flags name', () => {
  test.each([
    ['account show', /dedicated cores/],
    ['account set --quota pools=30', /^pools +1 +30$/m],
    ['app create tool', /^$/],
    ['app list -o id', /^tool$/],
    ['app show tool --query properties.allowUpdates -o json', /^true$/],
    ['app delete tool', /^application tool: delete$/],
    ['clock', /the real time$/],
    ['cost', /^all pools, until /],
    ['drill preempt --rate 10%/min', /\b10 ?%\/min\b/],
    ['drill list', /\b10 ?%\/min\b/],
    ['drill stop', /\b10 ?%\/min\b/],
    ['open', /^http:\/\/127\.0\.0\.1:\d+\/#\/signin\/[\w-]{43}$/],
    ['pool sample p queue=3', /\$Own_queue$/],
    ['pool samples p', /^time,.*\$Own_queue\b[^]*,3$/m],
    ['pool evaluate p --formula n=max($Own_queue,0);', /^n=3$/m],
    ['session list', /^no browser is signed in$/],
    ['webhook list', /^there is no webhook$/],
  ])('is asked by %s', async (words, said) => {
    expect(await out(...words.split(' '))).toMatch(said);
  });

  test.each([
    ['app activate none 1', 'ApplicationNotFound'],
    ['clock advance 1h', 'OperationInvalidForCurrentState'],
    ['clock set 2100-01-01T00:00:00Z', 'OperationInvalidForCurrentState'],
    ['session end 999', 'ResourceNotFound: .* There is no such session.'],
    ['webhook show 999', 'ResourceNotFound: .* There is no such webhook.'],
    ['drill stop 999', 'ResourceNotFound: .* There is no such drill.'],
    ['pool samples none', 'PoolNotFound'],
  ])('refuses %s in its own words', async (words, code) => {
    const { code: exitCode, stderr } = await linarite(...words.split(' '));
    expect([exitCode, stderr]).toEqual([1, expect.stringMatching(new RegExp(`^linarite: ${code}`))]);
  });

  test('gives samples as a file, on which formulas are tried', async () => {
    const file = join(directory, 'samples.csv');
    const formula = join(directory, 'formula');
    writeFileSync(formula, 'n = max($Own_queue, 0);');
    await out('pool', 'samples', 'last', '--file', file);
    const tried = await run(LAUNCHER, ['autoscale', 'eval', formula, '--samples', file]);
    expect([tried.code, tried.stdout]).toEqual([0, expect.stringMatching(/^n +3$/m)]);
  });
});

describe('events', () => {
  test('go on over a restart of the service, without a gap and none twice', async () => {
    const following = follow('events', '-f', '--since', 'start', '--kind', 'job', '--json');
    await out('job', 'create', '--id', 'one', '--pool-id', 'p');
    await printed(following, /jobs\/one"/);
    await onDataDirectory(['restart', '--data-dir', instance.dataDir]);
    await out('job', 'create', '--id', 'two', '--pool-id', 'p');
    await out('job', 'delete', 'one', '--yes', '--wait');
    await printed(following, /job\.deleted".*jobs\/one"|jobs\/one".*job\.deleted"/);
    following.child.kill();
    await following.ended;
    const all = (await out('events', '--since', 'start', '--kind', 'job', '--json')).split('\n');
    expect(following.lines).toEqual(all);
    expect(all.map((line) => JSON.parse(line) as object)).toEqual(expect.arrayContaining([expect.objectContaining({ type: 'linarite.job.created', subject: 'jobs/one' }), expect.objectContaining({ type: 'linarite.job.created', subject: 'jobs/two' })]));
  });

  test('are lines for people', async () => {
    expect(await out('events', '--since', 'start', '--kind', 'job.created', '--job', 'two')).toMatch(/^\S+ job\.created jobs\/two\b[^\n]*$/);
  });

  test('are as Azure Monitor has them, listed and as they come', async () => {
    const lines = (await out('events', '--since', 'start', '--format', 'azure-monitor')).split('\n').map((line) => JSON.parse(line) as object);
    expect(lines).toContainEqual(expect.objectContaining({ operationName: 'PoolCreateEvent', properties: expect.objectContaining({ id: 'p' }) }));
    const following = follow('events', '-f', '--since', 'start', '--format', 'azure-monitor');
    await printed(following, /PoolCreateEvent/);
    await out('pool', 'create', '--id', 'q', ...IMAGE);
    await printed(following, /PoolCreateEvent.*"id":"q"/);
    following.child.kill();
    await following.ended;
  });
});

test('a webhook is added, listed, tried out, delivered to, enabled and deleted', async () => {
  const url = `http://127.0.0.1:${(endpoint.address() as AddressInfo).port}/hook`;
  const added = await out('webhook', 'add', url, '--on', 'job.created,task.failed', '--job', 'hooked');
  const [, id = ''] = /^webhook (\S+) is enabled: job\.created, task\.failed of job hooked to \S+\nsecret, shown this once: whsec_\S+$/.exec(added) ?? [];
  expect(await out('webhook', 'list')).toMatch(new RegExp(`^webhook ${id} is enabled: .* to ${url}$`));
  expect(JSON.parse(await out('webhook', 'list', '--json'))).toMatchObject({ value: [{ id, state: 'enabled' }] });
  expect(await out('webhook', 'show', id)).toMatch(/\nnothing has been delivered yet$/);
  expect(await out('webhook', 'test', id)).toMatch(/\b204\b/);
  expect(delivered).toEqual(['linarite.webhook.test']);
  await out('job', 'create', '--id', 'hooked', '--pool-id', 'p');
  await until('the job is told of', PATIENCE_MS, async () => delivered[1]);
  expect(delivered).toEqual(['linarite.webhook.test', 'linarite.job.created']);
  await until('its delivery is logged', PATIENCE_MS, async () => /latest deliveries:\n {2}\S+ job\.created \S+ attempt 1: taken \(204\), \d+ ms$/.exec(await out('webhook', 'show', id)) ?? undefined);
  expect(await out('webhook', 'enable', id)).toMatch(/is enabled/);
  expect(await out('webhook', 'delete', id)).toBe('');
  expect(await out('webhook', 'list')).toBe('there is no webhook');
  const gone = await linarite('webhook', 'test', id);
  expect([gone.code, gone.stderr]).toEqual([1, expect.stringContaining('There is no such webhook.')]);
});

test('a webhook whose endpoint refuses ends its trial with 1', async () => {
  const added = await out('webhook', 'add', 'http://127.0.0.1:1/', '--on', 'job.deleted', '--json');
  const { id } = JSON.parse(added) as { readonly id: string };
  expect((await linarite('webhook', 'test', id)).code).toBe(1);
  await out('webhook', 'delete', id);
});

test('a browser that a link has signed in is listed, and its session ends when that is said', async () => {
  const [origin = '', link = ''] = (await out('open', '--reader')).split('/#/signin/');
  const signedIn = await fetch(`${origin}/linarite/signin`, { method: 'POST', headers: { origin, 'content-type': 'application/json', 'user-agent': 'a browser' }, body: JSON.stringify({ link }) });
  const { token } = (await signedIn.json()) as { readonly token: string };
  const current = (): Promise<Response> => fetch(`${origin}/linarite/sessions/current`, { headers: { 'x-linarite-session': token, cookie: signedIn.headers.get('set-cookie')?.split(';')[0] ?? '' } });
  expect((await current()).status).toBe(200);
  const [, number = ''] = /^(\d+) {2}reader {2}since \S+, used \S+ {2}a browser$/.exec(await out('session', 'list')) ?? [];
  expect(JSON.parse(await out('session', 'list', '--json'))).toMatchObject({ value: [{ session: Number(number), role: 'reader' }] });
  expect(await out('session', 'end', number)).toBe(`session ${number} has ended`);
  expect((await current()).status).toBe(401);
  expect(await out('session', 'list')).toBe('no browser is signed in');
});

test('logs of several tasks are followed together until all have ended, each line with the name of its task', async () => {
  await out('pool', 'create', '--id', 'farm', ...IMAGE, '--target-dedicated-nodes', '1', '--task-slots-per-node', '2', '--wait');
  await out('job', 'create', '--id', 'followed', '--pool-id', 'farm');
  for (const id of ['a', 'b']) await out('task', 'create', 'followed', '--id', id, '--command-line', "/bin/sh -c 'echo begun; printf rest; exec sleep 600'");
  const following = follow('task', 'logs', 'followed', 'a', 'b', '-f');
  await printed(following, /^\[a\] begun$/);
  await printed(following, /^\[b\] begun$/);
  await out('task', 'stop', 'followed', 'a');
  await printed(following, /^\[a\] rest$/);
  expect([following.child.exitCode, following.lines]).toEqual([null, expect.not.arrayContaining(['[b] rest'])]);
  await out('task', 'stop', 'followed', 'b');
  expect(await following.ended).toBe(0);
  expect(following.lines.toSorted()).toEqual(['[a] begun', '[a] rest', '[b] begun', '[b] rest']);
});

test('doctor looks at the whole machine, for people and for programs', async () => {
  const { code, stdout } = await run(LAUNCHER, ['doctor', '--json']);
  const findings = JSON.parse(stdout) as readonly { readonly feature: string; readonly state: string; readonly what: string }[];
  expect([code, findings]).toEqual([0, expect.arrayContaining([expect.objectContaining({ feature: 'Node.js', state: 'ok' }), expect.objectContaining({ feature: 'the database of its own', state: 'ok' }), expect.objectContaining({ feature: 'linarite node ssh' })])]);
  // A link is printed, whatever opens it.
  expect(findings.map(({ feature }) => feature)).not.toContain('linarite open');
  const { stdout: lines } = await run(LAUNCHER, ['doctor']);
  expect(lines.trimEnd().split('\n')).toHaveLength(findings.length);
  expect(lines).toMatch(/^ok +Node\.js +version /m);
});
