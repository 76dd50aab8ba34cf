import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { loadavg } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { LINUX, pollUntil, quantile, rounded, type SmallClient, withPool } from './support/pool.ts';

const NODES = 150;
const EVERY_MS = 100;
const BARE_MS = 10_000;
const LONGEST_MS = 30 * 60_000;

/** What GETs of another pool took, one each `EVERY_MS`, while something went on; milliseconds. */
interface Watched {
  readonly p99Ms: number;
  readonly worstMs: number;
  readonly seconds: number;
}

/**
 * A pool of 150 nodes starts, shrinks by half and is deleted, while another pool is asked for each 100 ms: first by
 * itself, then beside a build (the compiler, again and again; `--alone`: not that). Beside it what the same GET costs
 * while nothing goes on.
 */
export function run(): Promise<Record<string, unknown>> {
  return withPool({ nodes: 1, slots: 1 }, async (client) => {
    const { values } = parseArgs({ args: process.argv.slice(3), options: { alone: { type: 'boolean' } } });
    const bare = await watched(client, 'nothing goes on', () => sleep(BARE_MS));
    const alone = await wholeLife(client, 'alone');
    const beside = values.alone === true ? null : await besideBuild(client);
    return {
      nodes: NODES,
      p99Ms: alone.start.p99Ms,
      worstMs: alone.start.worstMs,
      startSeconds: alone.start.seconds,
      bareP99Ms: bare.p99Ms,
      shrinkP99Ms: alone.shrink.p99Ms,
      shrinkWorstMs: alone.shrink.worstMs,
      deleteP99Ms: alone.remove.p99Ms,
      deleteWorstMs: alone.remove.worstMs,
      ...(beside === null
        ? {}
        : {
            besideBuildP99Ms: beside.start.p99Ms,
            besideBuildWorstMs: beside.start.worstMs,
            besideBuildShrinkWorstMs: beside.shrink.worstMs,
            besideBuildDeleteWorstMs: beside.remove.worstMs,
          }),
    };
  });
}

/** What GETs of another pool took in each part of the life of the many nodes. */
interface Life {
  readonly start: Watched;
  readonly shrink: Watched;
  readonly remove: Watched;
}

async function besideBuild(client: SmallClient): Promise<Life> {
  const build = startBuild();
  try {
    return await wholeLife(client, 'beside a build');
  } finally {
    await build.stop();
  }
}

async function wholeLife(client: SmallClient, how: string): Promise<Life> {
  const start = await watched(client, `${NODES} nodes start, ${how}`, async () => {
    await client.call('POST', '/pools', { id: 'many', ...LINUX, targetDedicatedNodes: NODES });
    await pollUntil(async () => (await idleNodes(client)) === NODES, 1_000, LONGEST_MS);
  });
  const shrink = await watched(client, `the pool shrinks by half, ${how}`, async () => {
    await client.call('POST', '/pools/many/resize', { targetDedicatedNodes: NODES / 2, nodeDeallocationOption: 'requeue' });
    await pollUntil(async () => (await allocation(client)) === 'steady', 500, LONGEST_MS);
  });
  const remove = await watched(client, `the pool is deleted, ${how}`, async () => {
    await client.call('DELETE', '/pools/many');
    await pollUntil(() => isGone(client), 500, LONGEST_MS);
  });
  return { start, shrink, remove };
}

async function watched(client: SmallClient, what: string, act: () => Promise<unknown>): Promise<Watched> {
  const took: number[] = [];
  const asked: Promise<void>[] = [];
  const ask = async (): Promise<void> => {
    const begun = performance.now();
    await client.text('GET', '/pools/bench');
    took.push(performance.now() - begun);
  };
  const begun = performance.now();
  const timer = setInterval(() => asked.push(ask()), EVERY_MS);
  try {
    await act();
  } finally {
    clearInterval(timer);
  }
  await Promise.all(asked);
  const figures = { p99Ms: rounded(quantile(took, 0.99), 1), worstMs: rounded(Math.max(...took), 1), seconds: rounded((performance.now() - begun) / 1_000, 1) };
  console.log(`${what}: GET of another pool median ${quantile(took, 0.5).toFixed(1)} ms, p99 ${figures.p99Ms} ms, worst ${figures.worstMs} ms of ${took.length}; ${figures.seconds} s, load ${loadavg()[0]?.toFixed(1)}`);
  return figures;
}

async function idleNodes(client: SmallClient): Promise<number> {
  const { value } = (await client.call('GET', "/pools/many/nodes?$filter=state eq 'idle'&$select=id")) as { value: unknown[] };
  return value.length;
}

async function allocation(client: SmallClient): Promise<string> {
  return ((await client.call('GET', '/pools/many')) as { allocationState: string }).allocationState;
}

async function isGone(client: SmallClient): Promise<boolean> {
  return client.call('GET', '/pools/many').then(() => false, (error: unknown) => String(error).includes('404'));
}

/** The compiler over this repository, again and again. */
function startBuild(): { readonly stop: () => Promise<void> } {
  const over = new AbortController();
  let child: ChildProcess | undefined;
  const root = join(import.meta.dirname, '..');
  const turning = (async () => {
    while (!over.signal.aborted) {
      child = spawn(process.execPath, [join(root, 'node_modules/typescript/bin/tsc'), '-p', join(root, 'tsconfig.json'), '--noEmit', '--incremental', 'false'], { stdio: 'ignore' });
      await once(child, 'exit');
    }
  })();
  return {
    stop: async () => {
      over.abort();
      child?.kill();
      await turning;
    },
  };
}
