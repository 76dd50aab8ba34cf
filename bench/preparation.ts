import { parseArgs } from 'node:util';
import { addTasks, taskCounts } from './support/fill.ts';
import { pollUntil, quantile, rounded, type SmallClient } from './support/pool.ts';
import { NODES, withSimulatedPool } from './support/simulatedPool.ts';

const TASKS = 10_000;
const ROUNDS = 15;
/** So that the job's preparation has run on each node before what is measured. */
const FIRST_TASKS = 2_000;
const LONGEST_MS = 5 * 60_000;

/**
 * What a job's preparation and release tasks cost each of its tasks, after the first on each node: on simulated nodes
 * (see `simulated`) jobs with both and jobs with neither take turns, each given its tasks once it has run some on every
 * node. `ratio`: tasks each second with over without, the median of 15 pairs. `--tasks 5000`: of so many.
 */
export async function run(): Promise<Record<string, unknown>> {
  const { values } = parseArgs({ args: process.argv.slice(3), options: { tasks: { type: 'string', default: String(TASKS) } } });
  const tasks = Number(values.tasks);
  return withSimulatedPool(() => ({ kind: 'exited', exitCode: 0 }), async ({ clients }) => {
    const rates = { with: [] as number[], without: [] as number[] };
    const ratios: number[] = [];
    await perSecond(clients, 'warm', true, tasks);
    for (let round = 0; round < ROUNDS; round += 1) {
      const measure = async (kind: 'with' | 'without'): Promise<number> => {
        const rate = await perSecond(clients, `${kind}-${round}`, kind === 'with', tasks);
        rates[kind].push(rate);
        return rate;
      };
      // Either comes first in turn, for a machine that changes its speed.
      const [first, second] = round % 2 === 0 ? (['with', 'without'] as const) : (['without', 'with'] as const);
      const measured = { [first]: await measure(first), [second]: await measure(second) };
      ratios.push((measured['with'] ?? Number.NaN) / (measured['without'] ?? Number.NaN));
    }
    const [prepared, plain] = [quantile(rates.with, 0.5), quantile(rates.without, 0.5)];
    console.log(`${tasks} tasks on ${NODES} simulated nodes: ${prepared.toFixed(0)} tasks/s in a job with a preparation and a release task, ${plain.toFixed(0)} in one without`);
    return { tasksPerSecond: rounded(prepared, 0), plainPerSecond: rounded(plain, 0), ratio: rounded(quantile(ratios, 0.5)) };
  });
}

async function perSecond(clients: readonly [SmallClient, ...SmallClient[]], job: string, isPrepared: boolean, tasks: number): Promise<number> {
  const [client] = clients;
  const own = isPrepared ? { jobPreparationTask: { commandLine: '/bin/true' }, jobReleaseTask: { commandLine: '/bin/true' } } : {};
  await client.call('POST', '/jobs', { id: job, poolInfo: { poolId: 'bench' }, ...own });
  const add = async (first: number, count: number): Promise<void> => {
    await addTasks(clients, job, { first, count });
    await pollUntil(async () => (await taskCounts(client, job)).succeeded === first + count, 10, LONGEST_MS);
  };
  await add(0, FIRST_TASKS);
  if (isPrepared) {
    const { value } = (await client.call('GET', `/jobs/${job}/jobpreparationandreleasetaskstatus`)) as { value: readonly unknown[] };
    if (value.length < NODES) throw new Error(`the preparation has run on ${value.length} nodes of ${NODES}`);
  }
  const begun = performance.now();
  await add(FIRST_TASKS, tasks);
  const rate = (tasks / (performance.now() - begun)) * 1_000;
  await client.call('DELETE', `/jobs/${job}`);
  await pollUntil(() => client.call('GET', `/jobs/${job}?$select=id`).then(() => false, (error: unknown) => String(error).includes('404')), 20, LONGEST_MS);
  return rate;
}
