import { spawn } from 'node:child_process';
import { chmod, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { BatchServiceClient, BatchSharedKeyCredentials } from '@azure/batch';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { LAUNCHER, linarite, startLinarite, until, type Finished, type Instance } from '../../../support/linarite.ts';
import { UBUNTU } from '../../../api/support.ts';

/** Two services as two regions. */
let east: Instance;
let west: Instance;
let directory: string;
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'linarite-regions-'));
  await chmod(directory, 0o711);
  east = await startLinarite(['--region', 'East US']);
  west = await startLinarite(['--region', 'westus']);
}, 120_000);
afterAll(async () => {
  await Promise.all([east.purge(), west.purge()]);
  await rm(directory, { recursive: true, force: true });
});

/** A run over both, and what it has said so far on its standard error. */
function overBoth(...args: readonly string[]): { readonly finished: Promise<Finished>; said(): string } {
  const child = spawn(LAUNCHER, ['run', '--account', east.dataDir, '--account', west.dataDir, '--lost-after', '2s', ...args], { cwd: directory, stdio: ['ignore', 'pipe', 'pipe'], timeout: 150_000 });
  let [stdout, stderr] = ['', ''];
  child.stdout.on('data', (text: Buffer) => (stdout += text.toString()));
  child.stderr.on('data', (text: Buffer) => (stderr += text.toString()));
  const finished = new Promise<Finished>((settle) => child.on('close', (code) => settle({ code, stdout, stderr })));
  return { finished, said: () => stderr };
}

/** What was begun, as tasks say it themselves. */
async function begun(file: string): Promise<string[]> {
  return (await readFile(file, 'utf8')).split('\n').filter((line) => line !== '');
}

async function emptyFile(name: string): Promise<string> {
  const file = join(directory, name);
  await writeFile(file, '');
  await chmod(file, 0o666);
  return file;
}

test('the accounts of two services are in the regions that were asked for', async () => {
  const lines = async ({ dataDir }: Instance): Promise<string> => (await linarite(['hosts', '--data-dir', dataDir])).stdout;
  expect([await lines(east), await lines(west)]).toEqual([expect.stringContaining('.eastus.batch.'), expect.stringContaining('.westus.batch.')]);
});

test('what two accounts share goes on when one is killed, a planned run and the queue of a job of another client; nothing is there twice', { timeout: 240_000 }, async () => {
  const [planned, queued] = [await emptyFile('planned'), await emptyFile('queued')];
  // What has begun by then ends only after the kill.
  const killed = join(directory, 'killed');
  const afterKill = `until [ -e ${killed} ]; do sleep 0.1; done`;
  await mkdir(join(directory, 'in'));
  for (let index = 1; index <= 10; index++) await writeFile(join(directory, 'in', `${index}.txt`), `content ${index}\n`);
  const { AZURE_BATCH_ACCOUNT, AZURE_BATCH_ACCESS_KEY, AZURE_BATCH_ENDPOINT, LINARITE_PID } = await east.env();
  const client = new BatchServiceClient(new BatchSharedKeyCredentials(AZURE_BATCH_ACCOUNT, AZURE_BATCH_ACCESS_KEY), AZURE_BATCH_ENDPOINT);
  await client.pool.add({ id: 'p', vmSize: 'standard_d2s_v3', virtualMachineConfiguration: UBUNTU, targetDedicatedNodes: 1 });
  await client.job.add({ id: 'queue', poolInfo: { poolId: 'p' } });
  for (let index = 1; index <= 6; index++) await client.task.add('queue', { id: `q${index}`, commandLine: `/bin/sh -c 'echo q${index} >> ${queued}; ${afterKill}; echo queued ${index}'` });
  const running = overBoth('--input', 'in/*.txt', '--output', '*.out', '--to', 'results', '--slots', '1', '--shell', '--json', '--', `echo {stem} >> ${planned}; [ $(wc -l < ${planned}) -le 4 ] || ${afterKill}; cat {input} > {stem}.out`);
  const taken = overBoth('--attach', 'queue', '--to', 'attached');
  await until('both have begun', 60_000, async () => ((await begun(planned)).length >= 5 && (await begun(queued)).length >= 1 && taken.said().includes('job queue on') ? true : undefined));
  process.kill(Number(LINARITE_PID), 'SIGKILL');
  await writeFile(killed, '');
  const [ofPlan, ofQueue] = await Promise.all([running.finished, taken.finished]);

  expect(ofPlan.code, ofPlan.stderr).toBe(0);
  const files = (await readdir(join(directory, 'results'))).toSorted();
  expect(files).toEqual(['1', '10', '2', '3', '4', '5', '6', '7', '8', '9'].map((stem) => `${stem}.out`).toSorted());
  for (let index = 1; index <= 10; index++) expect(await readFile(join(directory, 'results', `${index}.out`), 'utf8')).toBe(`content ${index}\n`);
  const told = JSON.parse(ofPlan.stdout) as { readonly tasks: unknown; readonly notes: readonly string[] };
  expect([told.tasks, told.notes.join()]).toEqual([{ total: 10, succeeded: 10, failed: 0 }, expect.stringMatching(/results: \d+ from .*, \d+ from .*sent to a second account, each result counts once.*it does not answer/)]);
  expect(new Set(await begun(planned)).size).toBe(10);

  expect(ofQueue.code, ofQueue.stderr).toBe(0);
  expect(ofQueue.stdout).toBe(Array.from({ length: 6 }, (_, index) => `queued ${index + 1}\n`).join(''));
  expect(ofQueue.stderr).toContain('does not answer any more');
});
