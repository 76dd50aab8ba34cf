import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, test } from 'vitest';
import { type Instance, linarite, startLinarite, until } from '../../support/linarite.ts';
import { LINUX, smallClient } from '../../support/smallClient.ts';
import { slurmMissing, startSlurmCluster } from '../../support/slurmCluster.ts';

const missing = slurmMissing();

interface Listed {
  readonly value: readonly { readonly id: string; readonly state: string; readonly isDedicated?: boolean; readonly executionInfo?: { readonly result?: string; readonly retryCount?: number; readonly requeueCount?: number }; readonly nodeInfo?: { readonly nodeId: string } }[];
}

describe.skipIf(missing !== null)(`The product with nodes on Slurm (needs ${missing ?? 'nothing more'})`, () => {
  const cleanups: (() => Promise<unknown>)[] = [];
  afterEach(async () => {
    for (const cleanup of cleanups.splice(0).toReversed()) await cleanup();
  });

  test('runs a job on dedicated and low-priority nodes; what Slurm takes back runs elsewhere; a restart finds them again; none is left', async () => {
    const cluster = await startSlurmCluster();
    cleanups.push(() => cluster.close());
    const directory = await mkdtemp(join(tmpdir(), 'linarite-providers-'));
    // Users of tasks pass through it.
    await chmod(directory, 0o711);
    cleanups.push(() => rm(directory, { recursive: true, force: true }));
    const providers = join(directory, 'providers.yaml');
    await writeFile(providers, JSON.stringify({ default: 'cluster', providers: [{ name: 'cluster', kind: 'slurm', directory: join(directory, 'shared'), partition: 'high', lowPriorityPartition: 'spot', slurmConf: cluster.environment.SLURM_CONF }] }));
    const service: Instance = await startLinarite(['--providers', providers]);
    cleanups.push(() => service.purge());
    const { AZURE_BATCH_ACCOUNT: account, AZURE_BATCH_ACCESS_KEY: key, AZURE_BATCH_ENDPOINT: endpoint } = await service.env();
    const client = smallClient(endpoint.replace('https:', 'http:'), account, key);
    cleanups.push(() => Promise.resolve(client.close()));
    const listed = async (path: string): Promise<Listed['value']> => ((await client.call('GET', path)) as Listed).value;
    const jobs = (): readonly string[] => cluster.run('squeue', '-h', '-r', '-t', 'PD,R,CG', '-o', '%A %P %C').split('\n').filter((line) => line !== '').toSorted();

    await client.call('POST', '/pools', { id: 'on-slurm', ...LINUX, vmSize: 'standard_a4_v2', targetDedicatedNodes: 2, targetLowPriorityNodes: 1, taskSlotsPerNode: 2 });
    const nodes = await until('three idle nodes', 60_000, async () => {
      const all = await listed('/pools/on-slurm/nodes');
      return all.length === 3 && all.every(({ state }) => state === 'idle') ? all : undefined;
    }, 500);
    expect(jobs().map((job) => job.replace(/^\d+ /, '')).toSorted()).toEqual(['high 4', 'high 4', 'spot 4']);

    await client.call('POST', '/jobs', { id: 'job', poolInfo: { poolId: 'on-slurm' } });
    await client.call('POST', '/jobs/job/addtaskcollection', { value: Array.from({ length: 50 }, (_, index) => ({ id: `t${index}`, commandLine: `/bin/sh -c 'sleep 0.2; echo hello ${index} from $AZ_BATCH_NODE_ID, user $(id -u)'` })) });
    const done = await until('all tasks have ended', 60_000, async () => {
      const all = await listed('/jobs/job/tasks');
      return all.length === 50 && all.every(({ state }) => state === 'completed') ? all : undefined;
    }, 500);
    expect(done.map(({ executionInfo }) => executionInfo?.result)).toEqual(done.map(() => 'success'));
    expect(new Set(done.map(({ nodeInfo }) => nodeInfo?.nodeId))).toEqual(new Set(nodes.map(({ id }) => id)));
    expect(await client.text('GET', '/jobs/job/tasks/t7/files/stdout.txt')).toMatch(/^hello 7 from tvm\S+, user [1-9]\d+$/m);

    const before = jobs();
    await linarite(['restart', '--data-dir', service.dataDir]);
    await until('the nodes are back', 60_000, async () => {
      const all = await listed('/pools/on-slurm/nodes').catch(() => []);
      return all.length === 3 && all.every(({ state }) => state === 'idle') ? true : undefined;
    }, 500);
    expect(jobs(), 'the same jobs').toEqual(before);

    // Tasks on all slots of all nodes; then Slurm wants the machine of the low-priority node for others.
    await client.call('POST', '/jobs/job/addtaskcollection', { value: Array.from({ length: 6 }, (_, index) => ({ id: `long${index}`, commandLine: "/bin/sh -c 'sleep 15'" })) });
    await until('all slots are taken', 60_000, async () => ((await listed('/jobs/job/tasks')).filter(({ state }) => state === 'running').length === 6 ? true : undefined), 500);
    cluster.run('sbatch', '-p', 'high', '-N2', '--exclusive', '-t', '1', '-o', '/dev/null', '--wrap', 'exec sleep 300');
    await until('the low-priority node is preempted', 60_000, async () => ((await listed('/pools/on-slurm/nodes')).some(({ state, isDedicated }) => isDedicated === false && state === 'preempted') ? true : undefined), 500);
    const again = await until('all tasks have ended', 90_000, async () => {
      const all = (await listed('/jobs/job/tasks')).filter(({ id }) => id.startsWith('long'));
      return all.every(({ state }) => state === 'completed') ? all : undefined;
    }, 500);
    expect(again.map(({ executionInfo }) => `${executionInfo?.result} ${executionInfo?.retryCount}`)).toEqual(again.map(() => 'success 0'));
    expect(again.filter(({ executionInfo }) => (executionInfo?.requeueCount ?? 0) > 0)).toHaveLength(2);

    await client.call('DELETE', '/pools/on-slurm');
    await until('no job is left', 60_000, () => Promise.resolve(cluster.run('squeue', '-h', '-t', 'PD,R,CG', '-o', '%j').includes('linarite-') ? undefined : true), 500);
  }, 400_000);
});
