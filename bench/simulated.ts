import { parseArgs } from 'node:util';
import { addTasks, taskCounts } from './support/fill.ts';
import { pollUntil, rounded } from './support/pool.ts';
import { NODES, profiledIf, SLOTS, withSimulatedPool } from './support/simulatedPool.ts';

const TASKS = 100_000;
const WARM_UP_TASKS = 10_000;
const LONGEST_MS = 10 * 60_000;

/**
 * What the service itself can do: HTTP, PostgreSQL and the agents' protocol are real, 50 agents say of each task at
 * once that it ended well. From the first add, by 4 clients and a hundred a request, until all are completed and
 * durable. Clients and agents are one other process on the same machine. `--tasks 20000`: of so many; `--profile`: with
 * the service's functions that took most of its time.
 */
export async function run(): Promise<Record<string, unknown>> {
  const options = { tasks: { type: 'string', default: String(TASKS) }, profile: { type: 'boolean', default: false } } as const;
  const { values } = parseArgs({ args: process.argv.slice(3), options });
  const tasks = Number(values.tasks);
  return withSimulatedPool(() => ({ kind: 'exited', exitCode: 0 }), async ({ clients, service }) => {
    const [client] = clients;
    const complete = async (job: string, count: number): Promise<{ readonly addedPerSecond: number; readonly perSecond: number }> => {
      await client.call('POST', '/jobs', { id: job, poolInfo: { poolId: 'bench' } });
      const begun = performance.now();
      const adding = await addTasks(clients, job, { first: 0, count });
      await pollUntil(async () => (await taskCounts(client, job)).succeeded === count, 20, LONGEST_MS);
      return { addedPerSecond: (count / adding) * 1_000, perSecond: (count / (performance.now() - begun)) * 1_000 };
    };
    await complete('warm', WARM_UP_TASKS);
    const result = await profiledIf(values.profile, service, () => complete('measured', tasks));
    console.log(`${tasks} tasks on ${NODES} simulated nodes of ${SLOTS} slots: ${result.perSecond.toFixed(0)} tasks/s from the first add to the last completion; added at ${result.addedPerSecond.toFixed(0)} tasks/s meanwhile`);
    return { tasksPerSecond: rounded(result.perSecond, 0), addedPerSecond: rounded(result.addedPerSecond, 0) };
  });
}
