import { startLinarite } from '../test/support/linarite.ts';
import { databaseSettings } from './support/databaseSettings.ts';
import { addTasks, taskCounts } from './support/fill.ts';
import { LINUX, pollUntil, quantile, rounded, smallClient, type SmallClient } from './support/pool.ts';

const TASKS = 100_000;
const CLIENTS = 4;
/** One a request, into a job of their own. */
const SINGLE_TASKS = 4_000;
const SINGLE_CLIENTS = 8;
const SAMPLES = 25;
const PAGE = 1_000;
/** A list that happens to be short, since no task runs just then, is asked for again for so long. */
const LONGEST_SHORT_MS = 60_000;
/** What the slowest machine may take to start its nodes and to fill a page with completed tasks. */
const LONGEST_START_MS = 10 * 60_000;
/** Between two requests: what is measured shall not be the load itself. */
const PAUSE_MS = 100;
/** Tasks that take 32 ms, and some 7 ms to start and to end, on 20 slots: 500 complete a second. */
const COMMAND = '/bin/sleep 0.032';
const NODES = 2;
const SLOTS = 10;
const COUNTS = '/jobs/submit/taskcounts';

interface Page {
  readonly value: readonly unknown[];
  readonly 'odata.nextLink'?: string;
}

/**
 * 4,000 tasks into one job, one a request, by 8 clients; then 100,000, a hundred a request, into another by 4 clients,
 * whose pool is not there yet, so that nothing else happens; then the pool comes, and while some 500 tasks complete
 * each second: random pages of 1,000, filters by state, and task counts, as an HTTP client with a shared key sees them.
 * Times end with the last byte and are medians; of filters the slowest state's.
 */
export async function run(): Promise<Record<string, unknown>> {
  const instance = await startLinarite();
  try {
    const { AZURE_BATCH_ENDPOINT, AZURE_BATCH_ACCOUNT, AZURE_BATCH_ACCESS_KEY } = await instance.env();
    const clients = Array.from({ length: CLIENTS }, () => smallClient(AZURE_BATCH_ENDPOINT, AZURE_BATCH_ACCOUNT, AZURE_BATCH_ACCESS_KEY));
    const [client] = clients;
    const singles = Array.from({ length: SINGLE_CLIENTS }, () => smallClient(AZURE_BATCH_ENDPOINT, AZURE_BATCH_ACCOUNT, AZURE_BATCH_ACCESS_KEY));
    if (client === undefined) throw new Error('no client');
    try {
      const singlePerSecond = await submitSingly(singles, client);
      const tasksPerSecond = await submit(clients, client);
      const links = await linksOfPages(client);
      await client.call('POST', '/pools', { id: 'submit', ...LINUX, vmSize: 'standard_d4_v3', taskSlotsPerNode: SLOTS, targetDedicatedNodes: NODES });
      // Then each list but that of running tasks is longer than a page, and stays so: 100,000 take minutes to run.
      await pollUntil(async () => (await completed(client)) >= PAGE, 50, LONGEST_START_MS);

      const before = { tasks: await completed(client), at: performance.now() };
      const pageMs = await medianMs('page of 1,000', () => client.text('GET', links[Math.floor(Math.random() * (links.length - 1))] ?? ''), PAGE);
      const filters: number[] = [];
      for (const state of ['active', 'running', 'completed']) {
        const filter = encodeURIComponent(`state eq '${state}'`);
        filters.push(await medianMs(`filter ${state}`, () => client.text('GET', `/jobs/submit/tasks?$filter=${filter}`), state === 'running' ? 1 : PAGE));
      }
      const countsMs = await medianMs('task counts', () => client.text('GET', COUNTS));
      const rate = (((await completed(client)) - before.tasks) / (performance.now() - before.at)) * 1000;
      console.log(`meanwhile ${rate.toFixed(0)} tasks completed each second`);
      return {
        tasksPerSecond: rounded(tasksPerSecond, 0),
        singlePerSecond: rounded(singlePerSecond, 0),
        pageMs: rounded(pageMs, 1),
        filterMs: rounded(Math.max(...filters), 1),
        countsMs: rounded(countsMs, 1),
        completedPerSecond: rounded(rate, 0),
        ...(await databaseSettings(instance)),
      };
    } finally {
      for (const one of [...clients, ...singles]) one.close();
    }
  } finally {
    await instance.purge();
  }
}

async function submit(clients: readonly SmallClient[], client: SmallClient): Promise<number> {
  await client.call('POST', '/jobs', { id: 'submit', poolInfo: { poolId: 'submit' } });
  const seconds = (await addTasks(clients, 'submit', { first: 0, count: TASKS, commandLine: COMMAND })) / 1000;
  console.log(`submitted ${TASKS} tasks by ${CLIENTS} clients in ${seconds.toFixed(2)} s, ${(TASKS / seconds).toFixed(0)} tasks/s`);
  return TASKS / seconds;
}

async function submitSingly(clients: readonly SmallClient[], client: SmallClient): Promise<number> {
  await client.call('POST', '/jobs', { id: 'single', poolInfo: { poolId: 'submit' } });
  let next = 0;
  const start = performance.now();
  await Promise.all(
    clients.map(async (one) => {
      for (let task = next++; task < SINGLE_TASKS; task = next++) await one.call('POST', '/jobs/single/tasks', { id: `task-${task}`, commandLine: COMMAND });
    }),
  );
  const seconds = (performance.now() - start) / 1000;
  // They shall not run in between.
  await client.call('DELETE', '/jobs/single');
  console.log(`submitted ${SINGLE_TASKS} tasks one by one, by ${SINGLE_CLIENTS} clients, in ${seconds.toFixed(2)} s, ${(SINGLE_TASKS / seconds).toFixed(0)} tasks/s`);
  return SINGLE_TASKS / seconds;
}

/** Walks through the whole job once: the links to its pages, as paths. */
async function linksOfPages(client: SmallClient): Promise<readonly string[]> {
  const links = ['/jobs/submit/tasks?maxresults=1000'];
  for (;;) {
    const page = (await client.call('GET', links.at(-1) ?? '')) as Page;
    const link = page['odata.nextLink'];
    if (link === undefined) return links;
    const { pathname, search } = new URL(link);
    links.push(`${pathname}${search}`);
  }
}

async function completed(client: SmallClient): Promise<number> {
  return (await taskCounts(client, 'submit')).completed;
}

/**
 * From the request to the last byte of its answer, of which lists hold at least so many tasks; reading it is the
 * client's affair.
 */
async function medianMs(what: string, ask: () => Promise<string>, atLeast = 0): Promise<number> {
  const times: number[] = [];
  for (let enoughAt = performance.now(); times.length < SAMPLES; ) {
    await new Promise((resolve) => setTimeout(resolve, PAUSE_MS));
    const start = performance.now();
    const answer = await ask();
    const took = performance.now() - start;
    const { value = [] } = JSON.parse(answer) as Partial<Page>;
    if (value.length >= atLeast) {
      times.push(took);
      enoughAt = performance.now();
    } else if (performance.now() - enoughAt > LONGEST_SHORT_MS) throw new Error(`${what}: ${value.length} tasks`);
  }
  const [median, worst] = [quantile(times, 0.5), quantile(times, 1)];
  console.log(`${what}: median ${median.toFixed(1)} ms, worst ${worst.toFixed(1)} ms`);
  return median;
}
