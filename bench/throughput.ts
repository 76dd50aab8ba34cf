import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { databaseSettings } from './support/databaseSettings.ts';
import { pollUntil, rounded, timed, withPool } from './support/pool.ts';

const TASKS = 5_000;
const AT_ONCE = '8';
/** What a node does for each task besides starting it: its directories and its output files. */
const SAME_WORK = 'mkdir -p "$1/wd" && cd "$1/wd" && exec /bin/true >../stdout.txt 2>../stderr.txt';

/**
 * End to end through the HTTP API: 5,000 `/bin/true` added in collections of 100 on 2 nodes of 4 slots, until all are
 * completed and durable (counts are read from committed rows); in the same run `xargs -P 8 -n 1 /bin/true` over as
 * many, before and after, so that a machine that changes its speed is seen, and after it once more with a shell that
 * makes each task's directories and output files (`sameWork`).
 */
export function run(): Promise<Record<string, unknown>> {
  return withPool({ nodes: 2, slots: 4 }, async (client, instance) => {
    const words = Array.from({ length: TASKS }, () => 'x').join('\n');
    const baseline = (): Promise<number> => timed('xargs', ['-P', AT_ONCE, '-n', '1', '/bin/true'], words);
    const before = await baseline();
    await client.call('POST', '/jobs', { id: 'throughput', poolInfo: { poolId: 'bench' } });
    const start = process.hrtime.bigint();
    for (let first = 0; first < TASKS; first += 100) {
      const value = Array.from({ length: 100 }, (_, index) => ({ id: `t${first + index}`, commandLine: '/bin/true' }));
      await client.call('POST', '/jobs/throughput/addtaskcollection', { value });
    }
    await pollUntil(async () => {
      const { taskCounts } = (await client.call('GET', '/jobs/throughput/taskcounts')) as { taskCounts: { completed: number; failed: number } };
      if (taskCounts.failed > 0) throw new Error(`${taskCounts.failed} tasks failed`);
      return taskCounts.completed === TASKS;
    }, 20);
    const seconds = Number(process.hrtime.bigint() - start) / 1e9;
    const after = await baseline();
    const sameWorkPerSecond = TASKS / (await sameWork());
    const tasksPerSecond = TASKS / seconds;
    const baselinePerSecond = TASKS / ((before + after) / 2);
    console.log(`linarite: ${TASKS} tasks in ${seconds.toFixed(2)} s, ${tasksPerSecond.toFixed(0)} tasks/s`);
    console.log(`xargs:    ${before.toFixed(2)} s before, ${after.toFixed(2)} s after, ${baselinePerSecond.toFixed(0)} processes/s`);
    console.log(`the same with directories and output files: ${sameWorkPerSecond.toFixed(0)} processes/s`);
    return {
      tasksPerSecond: rounded(tasksPerSecond, 0),
      baselinePerSecond: rounded(baselinePerSecond, 0),
      ratio: rounded(tasksPerSecond / baselinePerSecond),
      sameWorkPerSecond: rounded(sameWorkPerSecond, 0),
      sameWorkRatio: rounded(tasksPerSecond / sameWorkPerSecond),
      ...(await databaseSettings(instance)),
    };
  });
}

/** Seconds that it takes, on the same file system as the nodes' directories. */
async function sameWork(): Promise<number> {
  const directory = await mkdtemp(join(tmpdir(), 'linarite-same-work-'));
  try {
    const words = Array.from({ length: TASKS }, (_, index) => join(directory, `t${index}`)).join('\n');
    return await timed('xargs', ['-P', AT_ONCE, '-n', '1', '/bin/sh', '-c', SAME_WORK, 'sh'], words);
  } finally {
    await rm(directory, { recursive: true });
  }
}
