import { chmodSync, existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { BatchServiceClient, BatchSharedKeyCredentials } from '@azure/batch';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { isAlive, type Instance, linarite, run, startLinarite, until } from '../support/linarite.ts';

const IMAGE = { imageReference: { publisher: 'canonical', offer: '0001-com-ubuntu-server-jammy', sku: '22_04-lts' }, nodeAgentSKUId: 'batch.node.ubuntu 22.04' };
/** Longer than any test: it has to be ended. */
const ENDLESS_SECONDS = 4_000;

let instance: Instance;
let marks: string;
beforeEach(async () => {
  marks = mkdtempSync(join(tmpdir(), 'linarite-marks-'));
  chmodSync(marks, 0o777);
  instance = await startLinarite();
});
afterEach(async () => {
  await instance.purge();
  rmSync(marks, { recursive: true, force: true });
});

async function client(): Promise<BatchServiceClient> {
  const env = await instance.env();
  return new BatchServiceClient(new BatchSharedKeyCredentials(env.AZURE_BATCH_ACCOUNT, env.AZURE_BATCH_ACCESS_KEY), env.AZURE_BATCH_ENDPOINT);
}

/**
 * One node that runs one task without end; returns the task's process id, and that of each further start in the same
 * file.
 */
async function runEndlessTask(): Promise<number> {
  const batch = await client();
  await batch.pool.add({ id: 'p', vmSize: 'standard_d2_v3', virtualMachineConfiguration: IMAGE, targetDedicatedNodes: 1 });
  await batch.job.add({ id: 'j', poolInfo: { poolId: 'p' } });
  await batch.task.add('j', { id: 't', commandLine: `/bin/sh -c 'echo $$ >> ${marks}/pids; exec sleep ${ENDLESS_SECONDS}'` });
  return until('the task runs', 60_000, async () => starts().at(-1));
}

function starts(): number[] {
  return (existsSync(join(marks, 'pids')) ? readFileSync(join(marks, 'pids'), 'utf8').split('\n').filter((line) => line !== '').map(Number) : []);
}

async function stateOfTask(): Promise<{ state: string | undefined; retryCount: number | undefined }> {
  const task = await (await client()).task.get('j', 't');
  return { state: task.state, retryCount: task.executionInfo?.retryCount };
}

describe.runIf(process.platform === 'linux')('running tasks', () => {
  test('go on through restart and through kill -9 of the service, and are known afterwards', async () => {
    const pid = await runEndlessTask();
    await linarite(['restart', '--data-dir', instance.dataDir]);
    expect(isAlive(pid)).toBe(true);
    await until('the task is known to run', 60_000, async () => ((await stateOfTask()).state === 'running' ? true : undefined));

    process.kill(Number((await instance.env()).LINARITE_PID), 'SIGKILL');
    await instance.up();
    expect(isAlive(pid)).toBe(true);
    await until('the task is known to run', 60_000, async () => ((await stateOfTask()).state === 'running' ? true : undefined));
    expect(starts()).toEqual([pid]);
  });

  test('end with down, are requeued without counting a retry, and run again after up', async () => {
    const pid = await runEndlessTask();
    await linarite(['down', '--data-dir', instance.dataDir]);
    expect(isAlive(pid)).toBe(false);
    await instance.up();
    await until('the task runs again', 60_000, async () => (starts().length === 2 ? true : undefined));
    await until('and is shown so', 60_000, async () => ((await stateOfTask()).state === 'running' ? true : undefined));
    expect((await stateOfTask()).retryCount).toBe(0);
  });

  test('of a service that was killed end with down as well', async () => {
    const pid = await runEndlessTask();
    process.kill(Number((await instance.env()).LINARITE_PID), 'SIGKILL');
    const { stdout } = await run(join(import.meta.dirname, '../../linarite'), ['down', '--data-dir', instance.dataDir]);
    expect(stdout).toContain('1 agent');
    expect(isAlive(pid)).toBe(false);
  });
});
