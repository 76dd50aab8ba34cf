import { spawn } from 'node:child_process';
import { mkdtemp, readFile, rm, chmod } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { databaseSettings } from './support/databaseSettings.ts';
import { pollUntil, quantile, rounded, withPool } from './support/pool.ts';

const RUNS = 150;
const WARM_UP = 100;

/**
 * One task on an idle node of a service that has run a hundred: from the POST being sent to the process having started,
 * by a timestamp that the task itself writes; beside it the same command spawned bare.
 */
export function run(): Promise<Record<string, unknown>> {
  return withPool({ nodes: 1, slots: 1 }, async (client, instance) => {
    await client.call('POST', '/jobs', { id: 'latency', poolInfo: { poolId: 'bench' } });
    const directory = await mkdtemp(join(tmpdir(), 'linarite-latency-'));
    await chmod(directory, 0o777);
    const startedMs = async (file: string): Promise<number> => Number((await readFile(file, 'utf8')).trim()) / 1e6;
    // Looked for where it is written: asking the service again and again would be work beside the work that is
    // measured.
    const hasStarted = async (file: string): Promise<boolean> => (await readFile(file, 'utf8').catch(() => '')).endsWith('\n');
    const latencies: number[] = [];
    const spawns: number[] = [];
    try {
      for (let index = 0; index < RUNS; index += 1) {
        const file = join(directory, `task${index}`);
        const sent = now();
        await client.call('POST', '/jobs/latency/tasks', { id: `t${index}`, commandLine: `/bin/sh -c "date +%s%N > ${file}"` });
        await pollUntil(() => hasStarted(file), 5);
        await pollUntil(async () => {
          const { state } = (await client.call('GET', `/jobs/latency/tasks/t${index}`)) as { state: string };
          return state === 'completed';
        }, 5);
        latencies.push((await startedMs(file)) - sent);

        const bare = join(directory, `bare${index}`);
        const spawned = now();
        const child = spawn('/bin/sh', ['-c', `date +%s%N > ${bare}`], { stdio: 'ignore' });
        await new Promise((resolve) => child.on('exit', resolve));
        spawns.push((await startedMs(bare)) - spawned);
      }
    } finally {
      await rm(directory, { recursive: true, force: true });
    }
    const measured = latencies.slice(WARM_UP);
    const medianMs = quantile(measured, 0.5);
    const spawnMs = quantile(spawns.slice(WARM_UP), 0.5);
    console.log(`POST sent to process started: median ${medianMs.toFixed(1)} ms, p99 ${quantile(measured, 0.99).toFixed(1)} ms over ${measured.length} tasks`);
    console.log(`the same command spawned bare: median ${spawnMs.toFixed(1)} ms`);
    return {
      medianMs: rounded(medianMs),
      p99Ms: rounded(quantile(measured, 0.99)),
      spawnMs: rounded(spawnMs),
      ratio: rounded(medianMs / spawnMs),
      ...(await databaseSettings(instance)),
    };
  });
}

/** Wall clock in milliseconds with a fraction: comparable to what `date` prints. */
function now(): number {
  return performance.timeOrigin + performance.now();
}
