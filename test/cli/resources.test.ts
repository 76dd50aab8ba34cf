import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { LAUNCHER, run, startLinarite, type Finished, type Instance, type LinariteEnv } from '../support/linarite.ts';

/** The command line as people use it, from a pool to the logs of its tasks. */

const POOL = ['--vm-size', 'standard_a1_v2', '--image', 'canonical:0001-com-ubuntu-server-jammy:22_04-lts', '--node-agent-sku-id', 'batch.node.ubuntu 22.04'];

let instance: Instance;
let env: LinariteEnv;
beforeAll(async () => {
  instance = await startLinarite();
  env = await instance.env();
});
afterAll(() => instance.purge());

function linarite(...words: readonly string[]): Promise<Finished> {
  return run(LAUNCHER, [...words, '--data-dir', instance.dataDir]);
}
async function out(...words: readonly string[]): Promise<string> {
  const { code, stdout, stderr } = await linarite(...words);
  expect([code, stderr]).toEqual([0, expect.anything()]);
  return stdout.trimEnd();
}

test('a job from its pool to its end', async () => {
  expect(await out('pool', 'create', '--id', 'p', ...POOL, '--target-dedicated-nodes', '1', '--task-slots-per-node', '4', '--wait')).toBe('p');
  expect(await out('pool', 'list')).toMatch(/^POOL +STATE .*\np +steady +1 +0 +hand +standard_a1_v2 +4 /);
  expect(await out('job', 'create', '--id', 'j', '--pool-id', 'p', '--priority', '5')).toBe('j');
  for (const [id, command] of [['ok-1', 'echo one; echo aside >&2'], ['ok-2', 'echo two'], ['bad', 'echo three; exit 3']] as const) await out('task', 'create', 'j', '--id', id, '--command-line', `/bin/sh -c '${command}'`);

  const waited = await linarite('task', 'wait', 'j', '--timeout', '60s');
  expect([waited.code, waited.stderr.trim().split('\n').toSorted()]).toEqual([1, ['task bad: exit code 3, FailureExitCode', 'task ok-1: done', 'task ok-2: done']]);
  expect(await out('task', 'list', 'j', '--failed', '-o', 'id')).toBe('bad');
  expect(await out('task', 'list', 'last', 'ok-*', '-o', 'id')).toBe('ok-1\nok-2');
  expect(JSON.parse(await out('task', 'list', '--job-id', 'j', '--query', '[].executionInfo.exitCode', '-o', 'json'))).toEqual([3, 0, 0]);
  expect(JSON.parse(await out('task', 'show', 'j', 'ba?', '-o', 'json'))).toMatchObject({ id: 'bad', state: 'completed' });
});

describe('logs', () => {
  test('of one task are its stdout and its stderr', async () => {
    const { code, stdout, stderr } = await linarite('task', 'logs', 'j', 'ok-1');
    expect([code, stdout, stderr]).toEqual([0, 'one\n', 'aside\n']);
  });

  test('of many have a name before each line', async () => {
    expect((await out('task', 'logs', 'j')).split('\n').toSorted()).toEqual(['[bad] three', '[ok-1] one', '[ok-2] two']);
  });

  test('go on until the task has ended', async () => {
    await out('task', 'create', 'j', '--id', 'slow', '--command-line', "/bin/sh -c 'echo begun; sleep 2; echo over'");
    expect(await out('task', 'logs', 'j', 'slow', '--follow')).toBe('begun\nover');
  });

  test('files lie in the directory of a task', async () => {
    expect(await out('task', 'file', 'list', 'j', 'ok-1', '-o', 'id')).toMatch(/^certs\nstderr\.txt\nstdout\.txt\nwd$/);
    expect(await out('task', 'file', 'download', 'j', 'ok-1', 'stdout.txt')).toBe('one');
    expect((await linarite('task', 'file', 'download', 'j', 'ok-1', 'none.txt')).code).toBe(1);
  });
});

describe('what is not named one by one', () => {
  test('is not deleted without being asked about', async () => {
    const refused = await linarite('task', 'delete', 'j', '--failed');
    expect([refused.code, refused.stderr]).toEqual([2, 'linarite: this would delete task bad of job j: say --yes\n']);
    expect(await out('task', 'delete', 'j', '--failed', '--yes', '--wait')).toBe('task bad: delete');
    expect(await out('task', 'list', 'j', '-o', 'id')).toBe('ok-1\nok-2\nslow');
  });

  test('that there is none of is no failure, and said', async () => {
    const none = await linarite('task', 'delete', 'j', '--failed', '--yes');
    expect([none.code, none.stderr]).toEqual([0, 'no tasks\n']);
  });
});

test('a job is reported in one file', async () => {
  const html = await out('job', 'report', 'j');
  expect(html).toMatch(/^<!doctype html>[^]*slow[^]*<\/html>$/i);
  expect((await linarite('job', 'report', 'none')).code).toBe(1);
});

test('what is waited for too long is told as such', async () => {
  const late = await linarite('job', 'wait', 'j', '--timeout', '200ms');
  expect([late.code, late.stderr]).toEqual([6, 'linarite: job j is not over by the time that --timeout gives\n']);
});

test('one refusal among several does not keep the others', async () => {
  await out('job', 'create', '--id', 'k', '--pool-id', 'p');
  const mixed = await linarite('job', 'disable', 'none', 'k', '--disable-tasks', 'wait', '-w');
  expect([mixed.code, mixed.stdout]).toEqual([1, 'job k: disable\n']);
  expect(mixed.stderr).toContain('job none: JobNotFound: The specified job does not exist.');
  expect(await out('job', 'list', '--state', 'disabled', '-o', 'id')).toBe('k');
  expect(await out('job', 'terminate', 'k', '--terminate-reason', 'enough', '-w')).toBe('job k: stop');
  expect(JSON.parse(await out('job', 'show', 'k', '--query', 'executionInfo.terminateReason', '-o', 'json'))).toBe('enough');
});

test('what keeps a task is said, and mended by what is offered', async () => {
  await out('job', 'create', '--id', 'm', '--pool-id', 'p', '--priority', '1');
  await out('job', 'disable', 'm', '--disable-tasks', 'wait', '--wait');
  await out('task', 'create', 'm', '--id', 't', '--command-line', '/bin/true');
  const [sentence, fix, ...more] = (await out('task', 'explain', 'm', 't')).split('\n');
  expect([sentence, fix, more]).toEqual([expect.stringContaining('disabled'), expect.stringMatching(/^ {2}--fix 1: /), []]);
  expect(await out('task', 'explain', 'm', 't', '--fix', '1')).toMatch(/^done: /);
  await out('task', 'wait', 'm', 't');
  expect((await linarite('task', 'explain', 'm', 't', '--fix', '1')).code).toBe(2);
});

test('any account will do, by flags or by the environment', async () => {
  const { AZURE_BATCH_ENDPOINT: endpoint, AZURE_BATCH_ACCOUNT: account, AZURE_BATCH_ACCESS_KEY: key } = env;
  const asked = await run(LAUNCHER, ['pool', 'list', '-o', 'id', '--endpoint', endpoint, '--account', account], { env: { AZURE_BATCH_ACCESS_KEY: key } });
  expect([asked.code, asked.stdout]).toEqual([0, 'p\n']);
  const wrong = await run(LAUNCHER, ['pool', 'list', '--endpoint', endpoint, '--account', account], { env: { AZURE_BATCH_ACCESS_KEY: Buffer.alloc(64).toString('base64') } });
  expect([wrong.code, wrong.stderr]).toEqual([1, expect.stringContaining('AuthenticationFailed')]);
});

test('a shell is offered the ids that there are', async () => {
  const asked = await run(LAUNCHER, ['complete', '--', 'task', 'show', 'j', ''], { env: { ...env } });
  expect(asked.stdout.trim().split('\n')).toEqual(['ok-1', 'ok-2', 'slow']);
});
