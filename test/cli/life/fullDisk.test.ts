import { BatchServiceClient, BatchSharedKeyCredentials } from '@azure/batch';
import { execFileSync } from 'node:child_process';
import { closeSync, mkdtempSync, openSync, readFileSync, rmSync, rmdirSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { run, until } from '../../support/linarite.ts';
import { LAUNCHER, env, up } from './services.ts';

const isRoot = process.geteuid?.() === 0 && process.platform === 'linux';
const DISK_MB = 360;
const WIDE_TASK = 'x'.repeat(30_000);

let disk: string;
let dataDir: string;
beforeAll(() => {
  if (!isRoot) return;
  disk = mkdtempSync(join(tmpdir(), 'linarite-test-'));
  dataDir = join(disk, 'data');
  execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${DISK_MB}m,mode=755`, 'none', disk]);
});
afterAll(async () => {
  if (!isRoot) return;
  await run(LAUNCHER, ['down', '--purge', '--data-dir', dataDir]);
  execFileSync('umount', [disk]);
  rmdirSync(disk);
});

test.runIf(isRoot)('a full disk is an answer: writes are to be sent again, the cause is said, nothing taken is lost, all goes on with room (needs root)', async () => {
  await up(dataDir, '--port', '0');
  const { AZURE_BATCH_ACCOUNT: account, AZURE_BATCH_ACCESS_KEY: key, AZURE_BATCH_ENDPOINT: endpoint } = await env(dataDir);
  const client = new BatchServiceClient(new BatchSharedKeyCredentials(account, key), endpoint, { noRetryPolicy: true });
  const readyz = async (): Promise<string> => {
    const answer = await fetch(`${endpoint}/readyz`);
    return `${answer.status} ${await answer.text()}`;
  };
  await client.job.add({ id: 'j', poolInfo: { poolId: 'nowhere' } });
  const taken: string[] = [];
  const add = async (first: number): Promise<{ statusCode?: number; code?: string; retryAfter?: string | undefined } | undefined> => {
    const tasks = Array.from({ length: 20 }, (_, index) => ({ id: `t${first + index}`, commandLine: WIDE_TASK }));
    try {
      const { value = [] } = await client.task.addCollection('j', tasks);
      taken.push(...value.map(({ taskId }) => taskId));
      return undefined;
    } catch (error) {
      const { statusCode, code, response } = error as { statusCode?: number; code?: string; response?: { headers: { get(name: string): string | undefined } } };
      return { ...(statusCode === undefined ? {} : { statusCode }), ...(code === undefined ? {} : { code }), retryAfter: response?.headers.get('retry-after') };
    }
  };
  expect(await add(0)).toBeUndefined();

  const fill = (name: string): void => {
    const file = openSync(join(disk, name), 'w');
    const block = Buffer.alloc(1024 * 1024);
    expect(() => {
      for (;;) writeSync(file, block);
    }).toThrow('ENOSPC');
    closeSync(file);
  };
  fill('fill');
  await until('the disk is said to be full', 20_000, async () => ((await readyz()).startsWith('503 not ready: the disk of') ? true : undefined));
  // What the reserve gave back.
  fill('more');
  expect((await run(LAUNCHER, ['status', '--data-dir', dataDir])).stdout).toContain('is full');

  const refusal = await until('a write finds no room', 60_000, async () => add(taken.length));
  expect(refusal).toEqual({ statusCode: 503, code: 'ServerBusy', retryAfter: expect.stringMatching(/^\d+$/) });
  expect((await client.task.get('j', 't0')).id).toBe('t0');

  for (const name of ['fill', 'more']) rmSync(join(disk, name));
  await until('it is ready again', 60_000, async () => ((await readyz()).startsWith('200') ? true : undefined));
  expect(await until('writes are taken again', 60_000, async () => ((await add(10_000)) === undefined ? true : undefined))).toBe(true);
  for (const id of taken) expect((await client.task.get('j', id)).id).toBe(id);
  for (const line of readFileSync(join(dataDir, 'logs', 'service.log'), 'utf8').trim().split('\n')) expect(() => void JSON.parse(line)).not.toThrow();
});
