import { parseArgs } from 'node:util';
import { asOperatorOf, makeAccount, type Member, startSeveral } from '../test/support/several.ts';
import { LINUX, pollUntil, rounded, smallClient, type SmallClient } from './support/pool.ts';

const TASKS = 1_000;
const ACCOUNTS = ['bench1', 'bench2', 'bench3', 'bench4'] as const;

/**
 * Tasks of `/bin/true` a second, from the first request until all have completed, in one account and in four, by one,
 * two and three processes on one PostgreSQL. Each account has a node of 8 slots; with one account the other nodes are
 * idle.
 * Processes, nodes, database and clients share the machine. `--tasks 200`: so many in all, default 1,000.
 */
export async function run(): Promise<Record<string, unknown>> {
  const { values } = parseArgs({ args: process.argv.slice(3), options: { tasks: { type: 'string', default: String(TASKS) } } });
  const tasks = Number(values.tasks);
  const figures: Record<string, number> = {};
  for (const count of [1, 2, 3]) {
    const several = await startSeveral(count);
    try {
      const ask = await asOperatorOf(several);
      const clients: SmallClient[] = [];
      for (const [index, name] of ACCOUNTS.entries()) {
        const member: Member | undefined = several.members[index % count];
        if (member === undefined) throw new Error('no process');
        const client = smallClient(member.url, name, await makeAccount(ask, member, name));
        await client.call('POST', '/pools', { id: 'bench', ...LINUX, targetDedicatedNodes: 1, taskSlotsPerNode: 8 });
        clients.push(client);
      }
      for (const client of clients) await pollUntil(async () => ((await client.call('GET', '/pools/bench/nodes')) as { readonly value: readonly { readonly state: string }[] }).value.some(({ state }) => state === 'idle'), 100);
      await tasksPerSecond(clients, 'warm', 80);
      const [one] = clients;
      if (one === undefined) throw new Error('no client');
      const ofOne = await tasksPerSecond([one], 'one', tasks);
      const ofFour = await tasksPerSecond(clients, 'four', tasks);
      console.log(`${count} process${count === 1 ? '' : 'es'}: ${ofOne.toFixed(0)} tasks/s in one account, ${ofFour.toFixed(0)} in four`);
      figures[`one${count}`] = rounded(ofOne, 0);
      figures[`four${count}`] = rounded(ofFour, 0);
      for (const client of clients) client.close();
    } finally {
      await several.purge();
    }
  }
  return figures;
}

const A_REQUEST = 100;

async function tasksPerSecond(clients: readonly SmallClient[], job: string, tasks: number): Promise<number> {
  const each = Math.ceil(tasks / clients.length);
  for (const client of clients) await client.call('POST', '/jobs', { id: job, poolInfo: { poolId: 'bench' } });
  const begun = performance.now();
  await Promise.all(
    clients.map(async (client) => {
      for (let from = 0; from < each; from += A_REQUEST) {
        const value = Array.from({ length: Math.min(A_REQUEST, each - from) }, (_, index) => ({ id: `t${from + index}`, commandLine: '/bin/true' }));
        await client.call('POST', `/jobs/${job}/addtaskcollection`, { value });
      }
      await pollUntil(async () => ((await client.call('GET', `/jobs/${job}/taskcounts`)) as { readonly taskCounts: { readonly completed: number } }).taskCounts.completed === each, 50);
    }),
  );
  return (each * clients.length * 1_000) / (performance.now() - begun);
}
