import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type SlurmCluster, slurmMissing, startSlurmCluster } from '../test/support/slurmCluster.ts';
import { databaseSettings } from './support/databaseSettings.ts';
import { pollUntil, rounded, withPool } from './support/pool.ts';

const TASKS = 500;
const MACHINES = 4;
const CORES = 4;

/**
 * The same job of 500 `/bin/true` on the same cluster of Slurm (4 machines of 4 cores, all on this one), 16 at a time:
 * as one array of Slurm, before and after, and through Linarite on 4 nodes of 4 slots that are jobs of that Slurm. Each
 * is counted from the submission until all tasks are seen to have ended.
 */
export async function run(): Promise<Record<string, unknown>> {
  const missing = slurmMissing();
  if (missing !== null) throw new Error(`needs ${missing}`);
  const cluster = await startSlurmCluster({ nodes: MACHINES, cpus: CORES });
  const directory = await mkdtemp(join(tmpdir(), 'linarite-bench-slurm-'));
  try {
    // Tasks have users of their own.
    await chmod(directory, 0o755);
    const before = await asArray(cluster);
    const providers = join(directory, 'providers.yaml');
    await writeFile(providers, JSON.stringify({ default: 'slurm', providers: [{ kind: 'slurm', directory: join(directory, 'shared'), partition: 'high', slurmConf: cluster.environment.SLURM_CONF }] }));
    const { seconds, settings } = await withPool({ nodes: MACHINES, slots: CORES, vmSize: 'standard_a4_v2', words: ['--providers', providers] }, async (client, instance) => {
      await client.call('POST', '/jobs', { id: 'slurm', poolInfo: { poolId: 'bench' } });
      const start = performance.now();
      for (let first = 0; first < TASKS; first += 100) {
        await client.call('POST', '/jobs/slurm/addtaskcollection', { value: Array.from({ length: 100 }, (_, index) => ({ id: `t${first + index}`, commandLine: '/bin/true' })) });
      }
      await pollUntil(async () => {
        const { taskCounts } = (await client.call('GET', '/jobs/slurm/taskcounts')) as { taskCounts: { completed: number; failed: number } };
        if (taskCounts.failed > 0) throw new Error(`${taskCounts.failed} tasks failed`);
        return taskCounts.completed === TASKS;
      }, 20);
      return { seconds: (performance.now() - start) / 1000, settings: await databaseSettings(instance) };
    });
    const after = await asArray(cluster);
    const tasksPerSecond = TASKS / seconds;
    const arrayPerSecond = TASKS / ((before + after) / 2);
    console.log(`through Linarite: ${TASKS} tasks in ${seconds.toFixed(2)} s, ${tasksPerSecond.toFixed(0)} tasks/s`);
    console.log(`array of Slurm:   ${before.toFixed(2)} s before, ${after.toFixed(2)} s after, ${arrayPerSecond.toFixed(0)} tasks/s`);
    return { tasksPerSecond: rounded(tasksPerSecond, 0), arrayPerSecond: rounded(arrayPerSecond, 1), ratio: rounded(tasksPerSecond / arrayPerSecond, 1), ...settings };
  } finally {
    await rm(directory, { recursive: true, force: true });
    await cluster.close();
  }
}

/** Seconds that it takes. */
async function asArray(cluster: SlurmCluster): Promise<number> {
  const start = performance.now();
  cluster.run('sbatch', '-p', 'high', '-n1', '--mem=100', `--array=0-${TASKS - 1}`, '-J', 'bench', '-o', '/dev/null', '--wrap', 'exec /bin/true');
  await pollUntil(() => Promise.resolve(cluster.run('squeue', '-h', '-n', 'bench', '-t', 'PD,R,CG').trim() === ''), 100, 300_000);
  return (performance.now() - start) / 1000;
}
