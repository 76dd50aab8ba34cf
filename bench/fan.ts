import { parseArgs } from 'node:util';
import { addTasks, taskCounts } from './support/fill.ts';
import { pollUntil, quantile, rounded, type SmallClient } from './support/pool.ts';
import { NODES, profiledIf, SLOTS, withSimulatedPool } from './support/simulatedPool.ts';

const TASKS = 100_000;
const SMALL_TASKS = 1_000;
const SMALL_RUNS = 15;
const WARM_UP_TASKS = 10_000;
const CHAIN_TASKS = 10_000;
const LONGEST_MS = 15 * 60_000;

/**
 * Tasks that depend on each other, on 50 simulated nodes (see `simulated`): all but two wait for the first, and the
 * last one waits for a range of all those. From the first add until all are completed and durable. `flatness`: what a
 * task of the whole costs over one of a job of 1,000, the median of 15 of these. Then a chain of 10,000, each of which
 * waits for the one before and for the range of all before that: `linkMs` each. `--tasks 20000`: of so many;
 * `--chain 0`: none; `--profile`: with the service's functions that took most of its time.
 */
export async function run(): Promise<Record<string, unknown>> {
  const options = {
    tasks: { type: 'string', default: String(TASKS) },
    chain: { type: 'string', default: String(CHAIN_TASKS) },
    profile: { type: 'boolean', default: false },
  } as const;
  const { values } = parseArgs({ args: process.argv.slice(3), options });
  const [tasks, links] = [Number(values.tasks), Number(values.chain)];
  return withSimulatedPool(() => ({ kind: 'exited', exitCode: 0 }), async ({ clients, service }) => {
    const fan = (job: string, count: number): Promise<number> => complete(clients, job, count, (number) => ({ id: String(number), ...fanned(number, count) }));
    await fan('warm', WARM_UP_TASKS);
    const small: number[] = [];
    for (let time = 0; time < SMALL_RUNS; time += 1) small.push(await fan(`small-${time}`, SMALL_TASKS));
    const smallMs = quantile(small, 0.5) / SMALL_TASKS;
    const wholeMs = (await profiledIf(values.profile, service, () => fan('whole', tasks))) / tasks;
    console.log(`${tasks} tasks fan out and in on ${NODES} simulated nodes of ${SLOTS} slots: ${wholeMs.toFixed(3)} ms each; of ${SMALL_TASKS} tasks ${smallMs.toFixed(3)} ms each`);
    const linkMs = links === 0 ? null : (await complete(clients, 'chain', links, (number) => ({ id: String(number), ...chained(number) }))) / links;
    if (linkMs !== null) console.log(`a chain of ${links}: ${linkMs.toFixed(2)} ms each`);
    return { tasksPerSecond: rounded(1_000 / wholeMs, 0), flatness: rounded(wholeMs / smallMs), ...(linkMs === null ? {} : { linkMs: rounded(linkMs) }) };
  });
}

/** The milliseconds from the first add to the last completion. */
async function complete(clients: readonly [SmallClient, ...SmallClient[]], job: string, count: number, task: (number: number) => object): Promise<number> {
  const [client] = clients;
  await client.call('POST', '/jobs', { id: job, poolInfo: { poolId: 'bench' }, usesTaskDependencies: true });
  const begun = performance.now();
  await addTasks(clients, job, { first: 1, count, task });
  await pollUntil(async () => (await taskCounts(client, job)).succeeded === count, 10, LONGEST_MS);
  return performance.now() - begun;
}

function fanned(number: number, count: number): object {
  if (number === 1) return {};
  return { dependsOn: number < count ? { taskIds: ['1'] } : { taskIdRanges: [{ start: 2, end: count - 1 }] } };
}

function chained(number: number): object {
  if (number === 1) return {};
  return { dependsOn: { taskIds: [String(number - 1)], ...(number > 2 ? { taskIdRanges: [{ start: 1, end: number - 2 }] } : {}) } };
}
