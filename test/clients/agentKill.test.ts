import { BatchServiceClient, BatchSharedKeyCredentials } from '@azure/batch';
import { chmod, mkdtemp, readFile, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { startLinarite, until, type Instance } from '../support/linarite.ts';
import { agentOf } from '../support/nodes.ts';

const IMAGE = { imageReference: { publisher: 'canonical', offer: '0001-com-ubuntu-server-jammy', sku: '22_04-lts' }, nodeAgentSKUId: 'batch.node.ubuntu 22.04' };

/** Numbers of all processes whose environment says so. */
async function processesWith(setting: string): Promise<readonly number[]> {
  const found: number[] = [];
  for (const name of await readdir('/proc')) {
    if (!/^\d+$/.test(name)) continue;
    const environment = await readFile(`/proc/${name}/environ`, 'latin1').catch(() => '');
    if (environment.split('\0').includes(setting)) found.push(Number(name));
  }
  return found;
}

describe.skipIf(process.platform !== 'linux')('kill -9 of an agent whose tasks have forked with setsid', () => {
  let instance: Instance;
  let marks: string;
  beforeAll(async () => {
    instance = await startLinarite();
    marks = await mkdtemp(join(tmpdir(), 'linarite-agent-kill-'));
    await chmod(marks, 0o777);
  });
  afterAll(async () => {
    await instance.purge();
    await rm(marks, { recursive: true, force: true });
  });

  test('soon none of their processes is left; the tasks run again and their second results count', async () => {
    const env = await instance.env();
    const client = new BatchServiceClient(new BatchSharedKeyCredentials(env.AZURE_BATCH_ACCOUNT, env.AZURE_BATCH_ACCESS_KEY), env.AZURE_BATCH_ENDPOINT);
    await client.pool.add({ id: 'kill', vmSize: 'standard_d2_v3', virtualMachineConfiguration: IMAGE, targetDedicatedNodes: 2, taskSlotsPerNode: 2 });
    await client.job.add({ id: 'kill', poolInfo: { poolId: 'kill' } });
    // The first run leaves a process in a session of its own and never ends; a second one sees the mark of the first
    // and ends.
    const tasks = Array.from({ length: 4 }, (_, index) => ({
      id: `t${index}`,
      environmentSettings: [{ name: 'KILL_TEST', value: marks }],
      commandLine: `/bin/sh -c 'test -e ${marks}/${index} && exit 0; echo $AZ_BATCH_NODE_ID > ${marks}/${index}; setsid sleep 1000 & sleep 1000'`,
    }));
    await client.task.addCollection('kill', tasks);
    await until('all four run', 60_000, async () => ((await readdir(marks)).length === 4 ? true : undefined));

    const before = await client.task.list('kill');
    const victim = before[0]?.nodeInfo?.nodeId ?? '';
    const affected = before.filter(({ nodeInfo }) => nodeInfo?.nodeId === victim).map(({ id }) => id ?? '');
    expect(affected).toHaveLength(2);
    await until('each has forked', 60_000, async () => ((await processesWith(`KILL_TEST=${marks}`)).length >= 8 ? true : undefined));
    process.kill(await agentOf(victim, instance.dataDir), 'SIGKILL');

    await until('nothing carries the attempts of the killed agent', 10_000, async () => {
      const left = await Promise.all((await processesWith(`KILL_TEST=${marks}`)).map((pid) => readFile(`/proc/${pid}/environ`, 'latin1').catch(() => '')));
      return left.some((environment) => environment.includes(`AZ_BATCH_NODE_ID=${victim}`) && affected.some((id) => environment.includes(`AZ_BATCH_TASK_ID=${id}\0`))) ? undefined : true;
    });

    const again = await until('the tasks of the killed agent end well', 60_000, async () => {
      const seen = await Promise.all(affected.map((id) => client.task.get('kill', id)));
      return seen.every(({ state }) => state === 'completed') ? seen : undefined;
    });
    for (const task of again) expect(task.executionInfo).toMatchObject({ exitCode: 0, result: 'success', retryCount: 0, requeueCount: 0 });
    const untouched = await client.task.list('kill', { taskListOptions: { filter: "state eq 'running'" } });
    expect(untouched.map(({ id }) => id)).toEqual(before.filter(({ nodeInfo }) => nodeInfo?.nodeId !== victim).map(({ id }) => id));
  });
});
