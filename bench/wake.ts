import { fork } from 'node:child_process';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { type LinariteEnv, startLinarite } from '../test/support/linarite.ts';
import type { Added, Adding } from './support/adds.ts';
import { databaseSettings } from './support/databaseSettings.ts';
import { quantile, rounded, smallClient, type SmallClient } from './support/pool.ts';

/** Single adds a second that are asked for, and over how many jobs: adds to one job wait for each other's commits. */
const ADDS_PER_SECOND = 1_000;
const JOBS = 16;
const SECONDS = 10;
/** Between two requests of the other client, who does not wait for an answer before the next. */
const WAKE_EVERY_MS = 50;
const BARE_MS = 5_000;
/** In its first moments a service opens connections and compiles what it runs. */
const WARM_UP_SECONDS = 3;

/**
 * What a client waits for its owner (a PATCH of a job is answered once the rules have taken it in and that is
 * committed) while another one, a process of its own, adds 1,000 tasks a second, one a request, or as many as the
 * machine lets it; beside it the same while nothing is added. `--seconds 60`: for so long, default 10; `--adds 500`: so
 * many a second. Nothing runs: the jobs' pool is not there.
 */
export async function run(): Promise<Record<string, unknown>> {
  const options = { seconds: { type: 'string', default: String(SECONDS) }, adds: { type: 'string', default: String(ADDS_PER_SECOND) } } as const;
  const { values } = parseArgs({ args: process.argv.slice(3), options });
  const [seconds, perSecond] = [Number(values.seconds), Number(values.adds)];
  const instance = await startLinarite();
  try {
    const env = await instance.env();
    const client = smallClient(env.AZURE_BATCH_ENDPOINT, env.AZURE_BATCH_ACCOUNT, env.AZURE_BATCH_ACCESS_KEY);
    try {
      const jobs = Array.from({ length: JOBS }, (_, index) => `adds-${index}`);
      for (const id of [...jobs, 'other']) await client.call('POST', '/jobs', { id, poolInfo: { poolId: 'none' } });
      const bare = await wakes(client, sleep(BARE_MS));
      await add(env, { jobs, perSecond, seconds: WARM_UP_SECONDS, prefix: 'warm' });
      const adding = add(env, { jobs, perSecond, seconds, prefix: 'task' });
      const beside = await wakes(client, adding);
      const { added, ms, addMedianMs, addP99Ms } = await adding;
      const rate = (added / ms) * 1_000;
      console.log(`nothing is added: a wake took ${described(bare)}`);
      console.log(`${added} tasks added in ${(ms / 1_000).toFixed(1)} s, ${rate.toFixed(0)} each second (median ${addMedianMs.toFixed(1)} ms, p99 ${addP99Ms.toFixed(1)} ms): a wake took ${described(beside)}`);
      return {
        addsPerSecond: rounded(rate, 0),
        addMedianMs: rounded(addMedianMs, 1),
        wakeMedianMs: rounded(quantile(beside, 0.5), 1),
        wakeP99Ms: rounded(quantile(beside, 0.99), 1),
        wakeWorstMs: rounded(Math.max(...beside), 1),
        bareMedianMs: rounded(quantile(bare, 0.5), 1),
        ...(await databaseSettings(instance)),
      };
    } finally {
      client.close();
    }
  } finally {
    await instance.purge();
  }
}

/** What wakes took until `over`, milliseconds. */
async function wakes(client: SmallClient, over: Promise<unknown>): Promise<readonly number[]> {
  const took: number[] = [];
  const asked: Promise<void>[] = [];
  const ask = async (priority: number): Promise<void> => {
    const begun = performance.now();
    await client.text('PATCH', '/jobs/other', { priority });
    took.push(performance.now() - begun);
  };
  const timer = setInterval(() => asked.push(ask(asked.length % 1_000)), WAKE_EVERY_MS);
  try {
    await over;
  } finally {
    clearInterval(timer);
  }
  await Promise.all(asked);
  return took;
}

/** The adding client. Rejects if one of its requests was refused. */
async function add(env: LinariteEnv, what: Omit<Adding, 'endpoint' | 'account' | 'key'>): Promise<Added> {
  const child = fork(join(import.meta.dirname, 'support/adds.ts'));
  const asked: Adding = { ...what, endpoint: env.AZURE_BATCH_ENDPOINT, account: env.AZURE_BATCH_ACCOUNT, key: env.AZURE_BATCH_ACCESS_KEY };
  child.send(asked);
  return new Promise((resolve, reject) => {
    child.once('message', (added) => resolve(added as Added));
    child.once('exit', (code) => reject(new Error(`the adding client ended with code ${code}`)));
  });
}

function described(took: readonly number[]): string {
  return `median ${quantile(took, 0.5).toFixed(1)} ms, p99 ${quantile(took, 0.99).toFixed(1)} ms, worst ${Math.max(...took).toFixed(1)} ms of ${took.length}`;
}
