import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { BatchServiceClient, BatchSharedKeyCredentials } from '@azure/batch';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { linarite, run, type LinariteEnv } from '../../support/linarite.ts';
import { decodePng } from './decodePng.ts';

const LINARITE = resolve(import.meta.dirname, '../../../linarite');

describe('the demo', () => {
  let directory: string;
  let dataDir: string;
  beforeAll(async () => {
    directory = await mkdtemp(join(tmpdir(), 'linarite-demo-'));
    dataDir = join(directory, 'data');
  });
  afterAll(async () => {
    await linarite(['down', '--purge', '--data-dir', dataDir]);
    await rm(directory, { recursive: true, force: true });
  });

  test('renders a picture as a job, starts and ends what it needs, and leaves the job for a look', async () => {
    const args = ['demo', '--width', '192', '--samples', '2', '--out', 'small.png', '--json', '--data-dir', dataDir];
    const finished = await run(LINARITE, args, { cwd: directory, timeoutMs: 110_000 });
    expect(finished.code, finished.stderr).toBe(0);
    const told = JSON.parse(finished.stdout) as { job: string; tasks: number; nodesUsed: number; taskSeconds: number };
    expect(told).toMatchObject({ result: 'succeeded', picture: join(directory, 'small.png'), nodes: 2, nodesUsed: 2 });
    expect(told.tasks).toBeGreaterThan(20);
    expect(told.taskSeconds).toBeGreaterThan(0);

    const picture = decodePng(await readFile(join(directory, 'small.png')));
    expect(picture).toMatchObject({ width: 192, height: 108 });
    // The crystals in the middle are bluer than red; the wall above them is bright.
    const at = (x: number, y: number): number[] => [0, 1, 2].map((k) => picture.pixels[(y * 192 + x) * 3 + k] ?? -1);
    const [red = 0, , blue = 0] = at(98, 40);
    expect(blue).toBeGreaterThan(red + 40);
    expect(Math.min(...at(60, 8))).toBeGreaterThan(90);

    expect((await run(LINARITE, ['status', '--data-dir', dataDir])).code).toBe(3);
    const { stdout: said } = await linarite(['up', '--detach', '--port', '0', '--data-dir', dataDir]);
    expect(said).toMatch(/^ {2}page, for one browser within two minutes: http:\/\/127\.0\.0\.1:\d+\/#\/signin\/[\w-]{43}$/m);
    const env = JSON.parse((await linarite(['env', '--data-dir', dataDir, '--format', 'json'])).stdout) as LinariteEnv;
    const client = new BatchServiceClient(new BatchSharedKeyCredentials(env.AZURE_BATCH_ACCOUNT, env.AZURE_BATCH_ACCESS_KEY), env.AZURE_BATCH_ENDPOINT);
    expect((await client.job.get(told.job)).state).toBe('completed');
    const last = await client.task.get(told.job, 'join');
    expect(last.executionInfo?.result).toBe('success');
    const others = (await client.task.list(told.job)).filter(({ id }) => id !== 'join');
    expect(others).toHaveLength(told.tasks - 1);
    for (const { executionInfo } of others) expect(executionInfo?.endTime?.getTime()).toBeLessThanOrEqual(last.executionInfo?.startTime?.getTime() ?? 0);
  }, 180_000);

  test('beside a service that goes on prints a link that signs a browser in', async () => {
    const { stdout } = await linarite(['demo', '--width', '64', '--samples', '1', '--out', 'smaller.png', '--data-dir', dataDir], { cwd: directory, timeoutMs: 110_000 });
    const [, origin = '', link = ''] = /^ {2}(http:\/\/127\.0\.0\.1:\d+)\/#\/signin\/([\w-]{43}) +# the page, which shows the job/m.exec(stdout) ?? [];
    const signedIn = await fetch(`${origin}/linarite/signin`, { method: 'POST', headers: { origin, 'content-type': 'application/json' }, body: JSON.stringify({ link }) });
    expect([signedIn.status, stdout]).toEqual([200, expect.stringContaining('the picture: ')]);
  }, 180_000);
});
