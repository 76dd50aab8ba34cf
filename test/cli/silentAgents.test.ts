import { readFileSync, readdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { BatchServiceClient, BatchSharedKeyCredentials } from '@azure/batch';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { isAlive, type Instance, startLinarite, until } from '../support/linarite.ts';

const IMAGE = { imageReference: { publisher: 'canonical', offer: '0001-com-ubuntu-server-jammy', sku: '22_04-lts' }, nodeAgentSKUId: 'batch.node.ubuntu 22.04' };
const WITHIN_MS = 60_000;

let instance: Instance;
let batch: BatchServiceClient;
beforeEach(async () => {
  instance = await startLinarite(['--silent-unknown', '3s', '--silent-gone', '6s', '--silent-restart', '12s']);
  const env = await instance.env();
  batch = new BatchServiceClient(new BatchSharedKeyCredentials(env.AZURE_BATCH_ACCOUNT, env.AZURE_BATCH_ACCESS_KEY), env.AZURE_BATCH_ENDPOINT);
});
afterEach(() => instance.purge());

/** A pool `id` of one node that runs the task `t` of the job `id`. Returns the task's process. */
async function runEndlessTask(id: string): Promise<number> {
  await batch.pool.add({ id, vmSize: 'standard_d2_v3', virtualMachineConfiguration: IMAGE, targetDedicatedNodes: 1 });
  await batch.job.add({ id, poolInfo: { poolId: id } });
  await batch.task.add(id, { id: 't', commandLine: `/bin/sh -c 'echo endless; exec sleep 4000'` });
  return until('the task runs', WITHIN_MS, async () => processOf((variables) => variables.get('AZ_BATCH_JOB_ID') === id && variables.get('AZ_BATCH_TASK_ID') === 't', 'sleep'));
}

/** The agent that started this process. */
function agentOf(pid: number): number {
  const root = environmentOf(pid).get('LINARITE_NODE') ?? '';
  const agent = processOf((variables) => dirname(dirname(variables.get('LINARITE_AGENT_CONFIG') ?? '/')) === dirname(root));
  if (agent === undefined) throw new Error(`process ${pid} belongs to no agent`);
  return agent;
}

function processOf(matches: (variables: ReadonlyMap<string, string>) => boolean, program = ''): number | undefined {
  return readdirSync('/proc').filter((name) => /^\d+$/.test(name)).map(Number).find((pid) => commandOf(pid).includes(program) && matches(environmentOf(pid)));
}

function environmentOf(pid: number): ReadonlyMap<string, string> {
  return new Map(readProcess(pid, 'environ').split('\0').map((pair) => [pair.slice(0, pair.indexOf('=')), pair.slice(pair.indexOf('=') + 1)]));
}
function commandOf(pid: number): string {
  return readProcess(pid, 'cmdline').replaceAll('\0', ' ');
}

function readProcess(pid: number, file: string): string {
  try {
    return readFileSync(`/proc/${pid}/${file}`, 'utf8');
  } catch {
    return '';
  }
}

function statusOf(error: unknown): number | undefined {
  return (error as { statusCode?: number }).statusCode;
}

describe.runIf(process.platform === 'linux')('a node whose agent is stopped', () => {
  test('is got rid of with its pool; one that stays starts again, and what was to be terminated there has ended', async () => {
    const deleted = await runEndlessTask('deleted');
    const kept = await runEndlessTask('kept');
    const agents = [agentOf(deleted), agentOf(kept)];
    for (const agent of agents) process.kill(agent, 'SIGSTOP');
    await batch.pool.deleteMethod('deleted');
    // It is not waited for here: the request itself may wait for the task's end.
    const terminating = batch.task.terminate('kept', 't').catch(() => undefined);

    await until('the pool is gone', WITHIN_MS, async () => batch.pool.get('deleted').then(() => undefined, (error: unknown) => statusOf(error) === 404 || undefined));
    const requeued = await batch.task.get('deleted', 't');
    expect([requeued.state, isAlive(deleted)]).toEqual(['active', false]);

    await until('the task has ended', WITHIN_MS, async () => ((await batch.task.get('kept', 't')).state === 'completed' ? true : undefined));
    expect(isAlive(kept)).toBe(false);
    await terminating;
    await until('the node is back', WITHIN_MS, async () => ((await batch.computeNode.list('kept'))[0]?.state === 'idle' ? true : undefined));
    for (const agent of agents) expect(isAlive(agent)).toBe(false);

    const log = readFileSync(join(instance.dataDir, 'logs/service.log'), 'utf8');
    for (const line of ['has been silent', 'does not answer', 'is dead, with all it started']) expect(log).toContain(line);
  }, 180_000);
});
