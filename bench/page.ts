import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { openPage, type OpenPage } from './support/browser.ts';
import { addTasks } from './support/fill.ts';
import { measureLog } from './support/pageLog.ts';
import { firstRows, frames, lastRow, steps } from './support/pageParts.ts';
import { LINUX, pollUntil, rounded, smallClient, type SmallClient } from './support/pool.ts';
import { place, startSimulated } from './support/simulated.ts';

const CLIENTS = 4;
const LONGEST_MS = 20 * 60_000;
/** One in so many ends with exit code 1. */
const FAILING = 100;
/** A task is two changes of its node: it begins, and it ends. */
const CHANGES_A_TASK = 2;
const SETTLE_MS = 3_000;

const PARTS = ['rows', 'map', 'log'] as const;

/**
 * The page in Chromium, drawn by software. `rows`: a job of a million tasks, of which simulated nodes have completed
 * some: how soon its first rows are there, how long a step of scrolling or filtering takes, and whether the scroll bar
 * reaches the last row. `map`: a pool of 10,000 simulated nodes of which 1,000 change a second: the time between two
 * frames, and whether the map is what `GET nodes` says afterwards. `log`: a file of 5 GB of a real task, at its end, at
 * a byte in its middle, and searched. `--only rows|map|log`; `--tasks`, `--nodes`, `--changes`, `--log-mb`: of so many.
 */
export async function run(): Promise<Record<string, unknown>> {
  const { values } = parseArgs({ args: process.argv.slice(3), options: { tasks: { type: 'string', default: '1000000' }, nodes: { type: 'string', default: '10000' }, changes: { type: 'string', default: '1000' }, 'log-mb': { type: 'string', default: '5000' }, only: { type: 'string' } } });
  const isAsked = (part: (typeof PARTS)[number]): boolean => values.only === undefined || values.only === part;
  const simulated = isAsked('rows') || isAsked('map') ? await withSimulated(async (client, page) => ({ ...(isAsked('rows') ? await measureRows(client, page, Number(values.tasks)) : {}), ...(isAsked('map') ? await measureMap(client, page, { nodes: Number(values.nodes), changes: Number(values.changes) }) : {}) })) : {};
  return { ...simulated, ...(isAsked('log') ? await measureLog(Number(values['log-mb'])) : {}) };
}

/** How long attempts take, by the pool that their job runs on. */
const attemptMs = { rows: 0, map: 0 };

async function withSimulated<T>(measure: (clients: readonly SmallClient[], page: OpenPage) => Promise<T>): Promise<T> {
  const at = await place();
  try {
    const service = await startSimulated(at, ({ task }) => {
      const ms = task.includes('map') ? attemptMs.map : attemptMs.rows;
      const outcome = { kind: 'exited', exitCode: task.endsWith(String(FAILING).slice(1)) ? 1 : 0 } as const;
      return ms === 0 ? outcome : new Promise((resolve) => setTimeout(() => resolve(outcome), ms));
    });
    const { AZURE_BATCH_ENDPOINT: endpoint, AZURE_BATCH_ACCOUNT: account, AZURE_BATCH_ACCESS_KEY: key } = service.env;
    const clients = Array.from({ length: CLIENTS }, () => smallClient(endpoint, account, key));
    const page = await openPage({ dataDir: at.dataDir, endpoint });
    try {
      return await measure(clients, page);
    } finally {
      await page.close();
      for (const client of clients) client.close();
      await service.stop();
    }
  } finally {
    await at.purge();
  }
}

async function measureRows(clients: readonly SmallClient[], page: OpenPage, tasks: number): Promise<Record<string, number>> {
  const [client] = clients;
  if (client === undefined) throw new Error('no client');
  await client.call('POST', '/jobs', { id: 'rows', poolInfo: { poolId: 'rows' } });
  await addTasks(clients, 'rows', { first: 0, count: tasks });
  await client.call('POST', '/pools', { id: 'rows', ...LINUX, targetDedicatedNodes: 20, taskSlotsPerNode: 4 });
  await pollUntil(async () => ((await client.call('GET', '/jobs/rows/taskcounts')) as { taskCounts: { completed: number } }).taskCounts.completed >= tasks / 10, 200, LONGEST_MS);
  attemptMs.rows = 1_000;
  await sleep(SETTLE_MS);
  const firstRowsMs = await firstRows(page, 'rows');
  const { stepMs, stepWorstMs } = await steps(page);
  const last = await lastRow(page);
  if (last !== tasks - 1) throw new Error(`the scroll bar ends at row ${last} of ${tasks}`);
  const memoryMb = await page.heapMb();
  console.log(`${tasks} tasks, while some complete: first rows after ${firstRowsMs.toFixed(0)} ms, a step ${stepMs.toFixed(0)} ms, ${stepWorstMs.toFixed(0)} at worst; the scroll bar reaches the last row; the page holds ${memoryMb.toFixed(0)} MB`);
  await client.call('DELETE', '/pools/rows');
  await client.call('POST', '/jobs/rows/terminate', {});
  return { firstRowsMs: rounded(firstRowsMs, 0), stepMs: rounded(stepMs, 0), stepWorstMs: rounded(stepWorstMs, 0), memoryMb: rounded(memoryMb, 0) };
}

async function measureMap(clients: readonly SmallClient[], page: OpenPage, { nodes, changes }: { readonly nodes: number; readonly changes: number }): Promise<Record<string, number>> {
  const [client] = clients;
  if (client === undefined) throw new Error('no client');
  await client.call('POST', '/pools', { id: 'map', ...LINUX, targetDedicatedNodes: nodes, taskSlotsPerNode: 1 });
  const idle = async (): Promise<number> => ((await client.call('GET', '/nodecounts')) as { value: readonly { poolId: string; dedicated: { idle: number } }[] }).value.find(({ poolId }) => poolId === 'map')?.dedicated.idle ?? 0;
  await pollUntil(async () => (await idle()) === nodes, 500, LONGEST_MS);
  await page.goTo('/pools/map');
  await page.page.getByRole('img', { name: new RegExp(`^${nodes.toLocaleString('en')} dedicated nodes`) }).waitFor();
  const perSecond = changes / CHANGES_A_TASK;
  attemptMs.map = 4_000;
  await client.call('POST', '/jobs', { id: 'map', poolInfo: { poolId: 'map' } });
  const feeding = new AbortController();
  const fed = feed(clients, perSecond, feeding.signal);
  await sleep(attemptMs.map + SETTLE_MS);
  const { frameP99Ms, worstFrameMs } = await frames(page);
  const memoryMb = await page.heapMb();
  feeding.abort();
  const added = await fed;
  await pollUntil(async () => (await idle()) === nodes, 200, LONGEST_MS);
  await sleep(SETTLE_MS);
  const shown = await page.page.evaluate<string>("document.querySelector('canvas[role=img]').getAttribute('aria-label')");
  if (!shown.includes(`${nodes.toLocaleString('en')} idle`)) throw new Error(`the map says: ${shown}`);
  console.log(`${nodes} nodes, ${added.toFixed(0)} tasks a second on them: a frame in ${frameP99Ms.toFixed(0)} ms (99 %), ${worstFrameMs.toFixed(0)} at worst; afterwards the map is what the service says; the page holds ${memoryMb.toFixed(0)} MB`);
  return { changesPerSecond: rounded(added * CHANGES_A_TASK, 0), frameP99Ms: rounded(frameP99Ms, 0), worstFrameMs: rounded(worstFrameMs, 0), mapMemoryMb: rounded(memoryMb, 0) };
}

/** Adds so many tasks each second until it is told to stop; how many each second it were. */
async function feed(clients: readonly SmallClient[], perSecond: number, stop: AbortSignal): Promise<number> {
  const begun = performance.now();
  let added = 0;
  while (!stop.aborted) {
    const due = Math.floor(((performance.now() - begun) / 1_000) * perSecond) - added;
    if (due > 0) {
      await addTasks(clients, 'map', { first: added, count: due, task: (number) => ({ id: `map-${number}-x` }) });
      added += due;
    }
    await sleep(50);
  }
  return added / ((performance.now() - begun) / 1_000);
}
