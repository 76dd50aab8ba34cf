import { performance } from 'node:perf_hooks';
import { parseArgs } from 'node:util';
import { Client } from 'pg';
import { until } from '../test/support/linarite.ts';
import { type Member, type Several, startSeveral } from '../test/support/several.ts';
import { LINUX, quantile, rounded, smallClient, type SmallClient } from './support/pool.ts';

const TIMES = 50;

/**
 * From `kill -9` of the process that has an account until a task that is added afterwards, through another process, has
 * completed: three processes on one PostgreSQL, their nodes in one directory. `--times 5`: so often, default 50.
 */
export async function run(): Promise<Record<string, unknown>> {
  const { values } = parseArgs({ args: process.argv.slice(3), options: { times: { type: 'string', default: String(TIMES) } } });
  const several = await startSeveral(3);
  const clients = new Map<Member, SmallClient>();
  try {
    for (const member of several.members) {
      const env = await member.env();
      clients.set(member, smallClient(env.AZURE_BATCH_ENDPOINT, env.AZURE_BATCH_ACCOUNT, env.AZURE_BATCH_ACCESS_KEY));
    }
    const [first] = clients.values();
    if (first === undefined) throw new Error('no process');
    await first.call('POST', '/pools', { id: 'failover', ...LINUX, targetDedicatedNodes: 1, taskSlotsPerNode: 4 });
    await first.call('POST', '/jobs', { id: 'failover', poolInfo: { poolId: 'failover' } });
    const took: number[] = [];
    for (let time = 0; time <= Number(values.times); time += 1) {
      const owner = await until('the account has an owner', 30_000, () => ownerOf(several));
      const other = several.members[(several.members.indexOf(owner) + 1) % several.members.length];
      const client = other === undefined ? undefined : clients.get(other);
      if (client === undefined) throw new Error('no other process');
      const isWarm = time > 0;
      if (isWarm) await owner.kill();
      const begun = performance.now();
      await client.call('POST', '/jobs/failover/tasks', { id: `t${time}`, commandLine: '/bin/true' });
      await until('the task has completed', 60_000, async () => (((await client.call('GET', `/jobs/failover/tasks/t${time}`)) as { readonly state: string }).state === 'completed' ? true : undefined), 20);
      if (!isWarm) continue;
      took.push(performance.now() - begun);
      console.log(`${time}: ${took.at(-1)?.toFixed(0)} ms`);
      await owner.up();
    }
    return { medianMs: rounded(quantile(took, 0.5), 0), worstMs: rounded(Math.max(...took), 0) };
  } finally {
    for (const client of clients.values()) client.close();
    await several.purge();
  }
}

/** By the database; undefined: nobody that lives. */
async function ownerOf({ databaseUrl, members }: Several): Promise<Member | undefined> {
  const database = new Client({ connectionString: databaseUrl });
  await database.connect();
  try {
    const { rows } = await database.query<{ url: string }>("select p.url from ownership o join process p on p.process = o.process where p.heartbeat > clock_timestamp() - interval '4 seconds' order by o.account limit 1");
    return members.find(({ url }) => url === rows[0]?.url);
  } finally {
    await database.end();
  }
}
