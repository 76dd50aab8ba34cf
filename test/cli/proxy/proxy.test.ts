import { type ChildProcess, spawn } from 'node:child_process';
import { readFileSync, statSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { BatchServiceClient, BatchSharedKeyCredentials } from '@azure/batch';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { readRecording } from '../../../src/cli/recording/file.ts';
import { LAUNCHER, run, startLinarite, type Instance, type LinariteEnv } from '../../support/linarite.ts';

/** The proxy as a user has it: before an account, with real clients, and from its recording without the account. */

let account: Instance;
let env: LinariteEnv;
let directory: string;
beforeAll(async () => {
  account = await startLinarite();
  env = await account.env();
  directory = await mkdtemp(join(tmpdir(), 'linarite-proxy-'));
});
afterAll(async () => {
  await account.purge();
  await rm(directory, { recursive: true, force: true });
});

interface Proxy {
  readonly url: string;
  /** Ends it; what it said last. */
  end(): Promise<string>;
}

async function startProxy(words: readonly string[], environment: NodeJS.ProcessEnv = {}): Promise<Proxy> {
  const child: ChildProcess = spawn(LAUNCHER, ['proxy', '--port', '0', ...words], { env: { ...process.env, ...environment }, stdio: ['ignore', 'pipe', 'inherit'] });
  const lines: string[] = [];
  const ended = new Promise<void>((resolve) => void child.once('close', () => resolve()));
  const url = await new Promise<string>((resolve, reject) => {
    if (child.stdout === null) return reject(new Error('no output'));
    createInterface({ input: child.stdout }).on('line', (line) => {
      lines.push(line);
      const [, address] = /AZURE_BATCH_ENDPOINT=(\S+)/.exec(line) ?? [];
      if (address !== undefined) resolve(address);
    });
    void ended.then(() => reject(new Error(`the proxy ended: ${lines.join('\n')}`)));
  });
  return {
    url,
    end: async () => {
      child.kill('SIGTERM');
      await ended;
      return lines.at(-1) ?? '';
    },
  };
}

function clientAt(url: string): BatchServiceClient {
  return new BatchServiceClient(new BatchSharedKeyCredentials(env.AZURE_BATCH_ACCOUNT, env.AZURE_BATCH_ACCESS_KEY), url, { noRetryPolicy: true });
}

/** What a program does with an account; the same each time. */
async function work(url: string): Promise<readonly unknown[]> {
  const client = clientAt(url);
  for (const id of ['a', 'b', 'c']) await client.job.add({ id, poolInfo: { poolId: 'none' }, commonEnvironmentSettings: [{ name: 'SECRET', value: 'do-not-tell' }] });
  const first = await client.job.list({ jobListOptions: { maxResults: 2, select: 'id,url' } });
  const second = await client.job.listNext(first.odatanextLink ?? '');
  const missing = await client.job.get('none').catch((error: unknown) => Reflect.get(Object(error), 'code') as unknown);
  return [[...first, ...second].map(({ id }) => id), [...first, ...second].every((job) => job.url?.startsWith(`${url}/jobs/`)), first.odatanextLink?.startsWith(url), missing];
}

const WORKED = [['a', 'b', 'c'], true, true, 'JobNotFound'];

test('what a client of the SDK does is recorded without secrets, and replayed without the account', async () => {
  const file = join(directory, 'work.jsonl');
  const recording = await startProxy(['--to', env.AZURE_BATCH_ENDPOINT, '--record', file]);
  expect(await work(recording.url)).toEqual(WORKED);
  expect(await recording.end()).toBe(`6 exchanges recorded to ${file}`);

  const written = readFileSync(file, 'utf8');
  expect(written).not.toMatch(/do-not-tell|SharedKey|authorization/);
  expect(statSync(file).mode & 0o777).toBe(0o600);
  const { head, exchanges } = await readRecording(file);
  expect([head.to, exchanges.map(({ request, answer }) => [request.method, answer.status])]).toEqual([env.AZURE_BATCH_ENDPOINT, [['POST', 201], ['POST', 201], ['POST', 201], ['GET', 200], ['GET', 200], ['GET', 404]]]);

  const replay = await startProxy(['--replay', file]);
  expect(await work(replay.url)).toEqual(WORKED);
  expect(await replay.end()).toBe('6 requests answered, 0 not in the recording');
});

test('a client without credentials gets in by those of the environment', async () => {
  const signing = await startProxy(['--sign', '--to', env.AZURE_BATCH_ENDPOINT], { AZURE_BATCH_ACCOUNT: env.AZURE_BATCH_ACCOUNT, AZURE_BATCH_ACCESS_KEY: env.AZURE_BATCH_ACCESS_KEY });
  const body = JSON.stringify({ id: 'unsigned', poolInfo: { poolId: 'none' } });
  const added = await run('curl', ['-s', '-o', '/dev/null', '-w', '%{http_code}', '-H', 'content-type: application/json; odata=minimalmetadata', '-d', body, `${signing.url}/jobs?api-version=2024-07-01.20.0`]);
  const listed = await run('curl', ['-s', `${signing.url}/jobs/unsigned?api-version=2024-07-01.20.0&$select=id`]);
  expect([added.stdout, JSON.parse(listed.stdout)]).toEqual(['201', expect.objectContaining({ id: 'unsigned' })]);
  await signing.end();
});

describe('what is missing is said, and how to get it', () => {
  const nothing = { AZURE_BATCH_ENDPOINT: '', AZURE_BATCH_ACCESS_KEY: '', AZURE_CLIENT_SECRET: undefined };
  test('nobody who is signed in', async () => {
    await writeFile(join(directory, 'az'), '#!/bin/sh\necho "ERROR: Please run \'az login\' to setup account." >&2\nexit 1\n', { mode: 0o755 });
    const { code, stderr } = await run(LAUNCHER, ['proxy', '--port', '0', '--sign', '--to', 'https://mine.westeurope.batch.azure.com'], { env: { ...nothing, PATH: `${directory}:${process.env['PATH'] ?? ''}` } });
    expect([code, stderr]).toEqual([1, "linarite: az gives no token: ERROR: Please run 'az login' to setup account.\n"]);
  });

  const cases: readonly (readonly [what: string, words: readonly string[], said: RegExp])[] = [
    ['no account', [], /no account is named: give --to https:.*az batch account show/],
    ['no recording', ['--replay', '/nonexistent/file'], /\/nonexistent\/file cannot be read/],
    ['a path in --to', ['--to', 'https://mine.westeurope.batch.azure.com/pools'], /--to is scheme, host and port alone/],
    ['a replay of an account', ['--replay', 'x', '--to', 'https://h'], /does not go with --to/],
    ['credentials for everybody', ['--sign', '--host', '0.0.0.0', '--to', 'https://h'], /not with --host 0\.0\.0\.0/],
  ];
  test.each(cases)('%s', async (_what, words, said) => {
    const { code, stderr } = await run(LAUNCHER, ['proxy', ...words], { env: { ...nothing } });
    expect([code, stderr]).toEqual([2, expect.stringMatching(said)]);
  });

  test('a file that is there already is not written over', async () => {
    const file = join(directory, 'there.jsonl');
    await writeFile(file, 'mine');
    const { code, stderr } = await run(LAUNCHER, ['proxy', '--to', 'https://h.r.batch.azure.com', '--record', file]);
    expect([code, stderr, readFileSync(file, 'utf8')]).toEqual([2, expect.stringContaining('is there already'), 'mine']);
  });

  test('a file that is no recording', async () => {
    const file = join(directory, 'other.jsonl');
    await writeFile(file, '{"a":1}\n');
    const { code, stderr } = await run(LAUNCHER, ['proxy', '--replay', file]);
    expect([code, stderr]).toEqual([2, expect.stringContaining('is no recording')]);
  });
});
