import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { linarite, run, LAUNCHER, startLinarite, until, type Instance } from '../../support/linarite.ts';
import { LINUX, smallClient, type SmallClient } from '../../support/smallClient.ts';

let instance: Instance;
let client: SmallClient;
beforeAll(async () => {
  instance = await startLinarite();
  const env = await instance.env();
  client = smallClient(env.AZURE_BATCH_ENDPOINT, env.AZURE_BATCH_ACCOUNT, env.AZURE_BATCH_ACCESS_KEY);
});
afterAll(async () => {
  client.close();
  await instance.purge();
});

interface Simulated {
  readonly pools: readonly { readonly name: string; readonly makespanMs: number; readonly tasks: object; readonly dedicated: { readonly boots: number }; readonly waiting: { readonly mostMs: number } }[];
}

async function simulateJob(job: string, ...args: string[]): Promise<Simulated> {
  const { stdout } = await linarite(['simulate', ...args, '--job', job, '--data-dir', instance.dataDir, '--format', 'json']);
  return JSON.parse(stdout) as Simulated;
}

describe('A job that has run', () => {
  it('is simulated as it was from what the service has kept of it, and then on another pool', async () => {
    await client.call('POST', '/pools', { id: 'pool', ...LINUX, targetDedicatedNodes: 1, taskSlotsPerNode: 2 });
    await client.call('POST', '/jobs', { id: 'Job', poolInfo: { poolId: 'pool' }, usesTaskDependencies: true, constraints: { maxTaskRetryCount: 1 } });
    const nap = '/bin/sleep 0.5';
    const value = [
      { id: 'a', commandLine: nap },
      { id: 'b', commandLine: nap, dependsOn: { taskIds: ['a'] } },
      { id: 'c', commandLine: nap, requiredSlots: 2 },
      { id: 'd', commandLine: "/bin/sh -c 'sleep 0.5; exit 3'" },
    ];
    await client.call('POST', '/jobs/Job/addtaskcollection', { value });
    await until('all tasks have ended', 60_000, async () => {
      const { taskCounts } = (await client.call('GET', '/jobs/Job/taskcounts')) as { taskCounts: { completed: number } };
      return taskCounts.completed === 4 || undefined;
    });
    const { value: tasks } = (await client.call('GET', '/jobs/Job/tasks')) as { value: { creationTime: string; executionInfo: { endTime: string } }[] };
    const realMs = Math.max(...tasks.map(({ executionInfo }) => Date.parse(executionInfo.endTime))) - Math.min(...tasks.map(({ creationTime }) => Date.parse(creationTime)));

    const [again] = (await simulateJob('job')).pools;
    expect(again?.name).toBe('pool');
    expect(again?.tasks).toMatchObject({ all: 4, succeeded: 3, failed: 1, retries: 1, unfinished: 0 });
    // Naps of five attempts, one of them on both slots. A busy machine is slow to begin and between the tasks as well,
    // which the simulation knows nothing of.
    expect(again?.makespanMs).toBeGreaterThan(1_400);
    expect(again?.makespanMs).toBeLessThan(realMs * 1.3 + 5_000);

    const other = join(instance.dataDir, 'other.json');
    writeFileSync(other, JSON.stringify({ id: 'other', ...LINUX, targetDedicatedNodes: 4, taskSlotsPerNode: 2 }));
    const { pools } = await simulateJob('Job', '--compare', other, '--warm', '0', '--boot', '1min');
    expect(pools.map(({ name, dedicated }) => [name, dedicated.boots])).toEqual([['pool', 1], ['other', 4]]);
    expect(pools[1]?.makespanMs).toBeGreaterThan(60_000);
    expect(pools[1]?.makespanMs).toBeLessThan(pools[0]?.makespanMs ?? 0);
  });

  it('has to be there, and to have ended tasks', async () => {
    await client.call('POST', '/jobs', { id: 'empty', poolInfo: { poolId: 'pool' } });
    const refused = async (job: string): Promise<readonly [number | null, string]> => {
      const { code, stderr } = await run(LAUNCHER, ['simulate', '--job', job, '--data-dir', instance.dataDir]);
      return [code, stderr];
    };
    expect(await refused('nowhere')).toEqual([1, 'linarite: there is no job nowhere\n']);
    expect(await refused('empty')).toEqual([1, 'linarite: no task of job empty has ended: nothing is known of how long they take\n']);
  });
});
