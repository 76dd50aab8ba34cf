import { parseArgs } from 'node:util';
import { type Instance, linarite, startLinarite } from '../test/support/linarite.ts';
import type { AttemptOutcome } from '../src/core/events.ts';
import { databaseSettings } from './support/databaseSettings.ts';
import { addTasks, taskCounts } from './support/fill.ts';
import { LINUX, pollUntil, quantile, rounded, smallClient, type SmallClient } from './support/pool.ts';
import { startSimulated } from './support/simulated.ts';

const TASKS = 1_000_000;
const CLIENTS = 4;
const PAGE = 1_000;
/** Of tasks added to other jobs, so that all is compiled. */
const WARM_UP_TASKS = 20_000;
/** What adding costs is told of so many: the first ones after `SMALL`, the last ones, and those of a new job. */
const COMPARED_TASKS = 20_000;
const SMALL = 1_000;
const NODES = 50;
const SLOTS = 4;
/** One in so many ends with exit code 1. */
const FAILING = 100;
/** While lists are read, each attempt takes so long: some 500 end each second. */
const ATTEMPT_MS = 400;
const SAMPLES = 15;
/** Between two requests: what is measured shall not be the load itself. */
const PAUSE_MS = 100;
const STARTS = 3;
const LONGEST_MS = 30 * 60_000;

/**
 * A job of a million tasks. They are added by 4 clients, a hundred a request; then the service is restarted while all
 * of them are active; then simulated nodes (see `simulated`) complete half of them, and while they complete some 500 a
 * second lists and counts are read; then they complete the rest, and a service is started on the completed million.
 * Times end with the last byte and are medians. `--tasks 100000`: of so many.
 */
export async function run(): Promise<Record<string, unknown>> {
  const { values } = parseArgs({ args: process.argv.slice(3), options: { tasks: { type: 'string', default: String(TASKS) } } });
  const tasks = Number(values.tasks);
  const instance = await startLinarite();
  try {
    const added = await withClients(instance, (clients) => fill(clients, tasks));
    const restartMs = await medianMs('restart with all active', STARTS, () => linarite(['restart', '--data-dir', instance.dataDir]));
    await linarite(['down', '--data-dir', instance.dataDir]);
    const lists = await complete(instance, tasks);
    const upMs = await medianMs('up with all completed', STARTS, () => instance.up(), () => linarite(['down', '--data-dir', instance.dataDir]));
    return { tasks, ...added, restartMs: rounded(restartMs, 0), ...lists, upMs: rounded(upMs, 0), ...(await databaseSettings(instance)) };
  } finally {
    await instance.purge();
  }
}

async function withClients<T>({ env }: Pick<Instance, 'env'>, work: (clients: readonly SmallClient[]) => Promise<T>): Promise<T> {
  const { AZURE_BATCH_ENDPOINT, AZURE_BATCH_ACCOUNT, AZURE_BATCH_ACCESS_KEY } = await env();
  const clients = Array.from({ length: CLIENTS }, () => smallClient(AZURE_BATCH_ENDPOINT, AZURE_BATCH_ACCOUNT, AZURE_BATCH_ACCESS_KEY));
  try {
    return await work(clients);
  } finally {
    for (const client of clients) client.close();
  }
}

/**
 * `flatness`: what a task costs as one of the last against as one of the first. `besideSmall`: against one of a new
 * job's in the same moments, for a machine that changes its speed.
 */
async function fill(clients: readonly SmallClient[], tasks: number): Promise<{ readonly tasksPerSecond: number; readonly flatness: number; readonly besideSmall: number }> {
  const [client] = clients;
  for (const id of ['warm', 'big', 'small']) await client?.call('POST', '/jobs', { id, poolInfo: { poolId: id === 'big' ? 'bench' : 'none' } });
  await addTasks(clients, 'warm', { first: 0, count: WARM_UP_TASKS });
  await addTasks(clients, 'big', { first: 0, count: SMALL });
  const begun = performance.now();
  const first = await addTasks(clients, 'big', { first: SMALL, count: COMPARED_TASKS });
  await addTasks(clients, 'big', { first: SMALL + COMPARED_TASKS, count: tasks - SMALL - 2 * COMPARED_TASKS });
  const last = await addTasks(clients, 'big', { first: tasks - COMPARED_TASKS, count: COMPARED_TASKS });
  const tasksPerSecond = ((tasks - SMALL) / (performance.now() - begun)) * 1_000;
  const small = await addTasks(clients, 'small', { first: 0, count: COMPARED_TASKS });
  console.log(`${tasks} tasks added, ${tasksPerSecond.toFixed(0)} each second; ${COMPARED_TASKS} of them in ${first.toFixed(0)} ms after the first ${SMALL}, in ${last.toFixed(0)} ms at last; in a new job then ${small.toFixed(0)} ms`);
  return { tasksPerSecond: rounded(tasksPerSecond, 0), flatness: rounded(last / first), besideSmall: rounded(last / small) };
}

async function complete(instance: Instance, tasks: number): Promise<Record<string, number>> {
  let attemptMs = 0;
  const script = ({ task }: { readonly task: string }): AttemptOutcome | Promise<AttemptOutcome> => {
    const outcome: AttemptOutcome = { kind: 'exited', exitCode: task.endsWith(String(FAILING).slice(1)) ? 1 : 0 };
    return attemptMs === 0 ? outcome : new Promise((resolve) => setTimeout(() => resolve(outcome), attemptMs));
  };
  const service = await startSimulated(instance, script);
  try {
    return await withClients({ env: () => Promise.resolve(service.env) }, async ([client]) => {
      if (client === undefined) throw new Error('no client');
      const completed = async (): Promise<number> => (await taskCounts(client, 'big')).completed;
      const begun = performance.now();
      await client.call('POST', '/pools', { id: 'bench', ...LINUX, targetDedicatedNodes: NODES, taskSlotsPerNode: SLOTS });
      await pollUntil(async () => (await completed()) >= tasks / 2, 50, LONGEST_MS);
      const half = (await completed()) / (performance.now() - begun);
      console.log(`half of them completed, ${(half * 1_000).toFixed(0)} each second`);
      attemptMs = ATTEMPT_MS;
      await pollUntil(async () => (await taskCounts(client, 'big')).running >= (NODES * SLOTS) / 2, 50);
      const lists = await readLists(client, tasks);
      attemptMs = 0;
      await pollUntil(async () => (await completed()) === tasks, 50, LONGEST_MS);
      await client.call('DELETE', '/pools/bench');
      await pollUntil(() => client.call('GET', '/pools/bench').then(() => false, (error: unknown) => String(error).includes('404')), 50);
      return lists;
    });
  } finally {
    await service.stop();
  }
}

async function readLists(client: SmallClient, tasks: number): Promise<Record<string, number>> {
  const before = { completed: (await taskCounts(client, 'big')).completed, at: performance.now() };
  const list = (what: string, query: () => string, atLeast: number): Promise<number> =>
    medianMs(what, SAMPLES, async () => {
      const answer = await client.text('GET', `/jobs/big/tasks?${query()}`);
      return () => {
        const { value } = JSON.parse(answer) as { value: readonly unknown[] };
        if (value.length < atLeast) throw new Error(`${what}: ${value.length} tasks`);
      };
    });
  const filtered = (filter: string, atLeast: number): Promise<number> => list(filter, () => `$filter=${encodeURIComponent(filter)}`, atLeast);
  // Any page, by what its link carries.
  const page = (): string => `$skiptoken=${Buffer.from(JSON.stringify(['tasks', `task-${Math.floor(Math.random() * tasks * 0.9)}`])).toString('base64url')}`;
  const pageMs = await list('page of 1,000', page, PAGE);
  const states: number[] = [];
  for (const state of ['active', 'running', 'completed']) states.push(await filtered(`state eq '${state}'`, state === 'running' ? 1 : PAGE));
  const failures = Math.min(PAGE, tasks / 2 / FAILING - 10);
  const failedMs = await filtered("executionInfo/result eq 'failure'", failures);
  const codeMs = await filtered("state eq 'completed' and executionInfo/exitCode ne 0 and executionInfo/exitCode eq 1", failures);
  const someOf = String(Math.floor(tasks / 3)).slice(0, -3);
  const prefixMs = await filtered(`startswith(id, 'TASK-${someOf}')`, PAGE);
  const fewMs = await filtered(`startswith(id, 'task-${someOf}') and state eq 'running' or executionInfo/result eq 'failure' and id eq 'task-${FAILING}'`, 0);
  const countsMs = await medianMs('task counts', SAMPLES, () => client.text('GET', '/jobs/big/taskcounts'));
  const rate = (((await taskCounts(client, 'big')).completed - before.completed) / (performance.now() - before.at)) * 1_000;
  console.log(`meanwhile ${rate.toFixed(0)} tasks completed each second`);
  return {
    completedPerSecond: rounded(rate, 0),
    pageMs: rounded(pageMs, 1),
    filterMs: rounded(Math.max(...states), 1),
    failedMs: rounded(failedMs, 1),
    exitCodeMs: rounded(codeMs, 1),
    prefixMs: rounded(prefixMs, 1),
    combinedMs: rounded(fewMs, 1),
    countsMs: rounded(countsMs, 1),
  };
}

/** Of so many; what `act` gives is called when the time has been taken, `before` before each. */
async function medianMs(what: string, times: number, act: () => Promise<unknown>, before?: () => Promise<unknown>): Promise<number> {
  const took: number[] = [];
  for (let time = 0; time < times; time += 1) {
    await before?.();
    await new Promise((resolve) => setTimeout(resolve, PAUSE_MS));
    const begun = performance.now();
    const check = await act();
    took.push(performance.now() - begun);
    if (typeof check === 'function') check();
  }
  console.log(`${what}: median ${quantile(took, 0.5).toFixed(1)} ms, worst ${quantile(took, 1).toFixed(1)} ms`);
  return quantile(took, 0.5);
}
