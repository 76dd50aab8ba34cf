import { LINUX, pollUntil, quantile, rounded, type SmallClient, withPool } from './pool.ts';
import { leftoversOf, watchTraces, type Traces } from './traces.ts';

const NODES = 8;
const READY_TRIES = 20;
const EVERY_MS = 5;
/** What a node leaves behind for a moment (a directory that is being deleted) is no leftover. */
const SETTLE_MS = 30_000;

export interface ResizeFigures {
  /** From the request for a node until it is idle, nothing else being done: median. */
  readonly readyMs: number;
  /** What of processes, mounts, users and control groups there is more of after all resizes than before. */
  readonly leftovers: number;
  readonly resizeMs: number;
}

/** A pool of this machine's nodes gets one node and loses it, again and again; then it is resized between 0 and 8. */
export function measureResizes(resizes: number): Promise<ResizeFigures> {
  return withPool({ nodes: 0, slots: 1 }, async (client, instance) => {
    const traces = watchTraces(Number((await instance.env()).LINARITE_PID), instance.dataDir);
    const before = traces.count();
    await client.call('POST', '/pools', { id: 'resized', ...LINUX, targetDedicatedNodes: 0 });
    const ready: number[] = [];
    for (let round = 0; round < READY_TRIES; round++) {
      ready.push(await resize(client, 1));
      traces.learn();
      await resize(client, 0);
    }
    const took: number[] = [];
    let most: Traces = before;
    for (let round = 0; round < resizes; round++) {
      took.push(await resize(client, round % 2 === 0 ? NODES : 0));
      traces.learn();
      if (round === 0) most = traces.count();
    }
    await resize(client, 0);
    let after: Traces = traces.count();
    await pollUntil(async () => leftoversOf(before, (after = traces.count())) === 0, 100, SETTLE_MS).catch(() => undefined);
    console.log(`a node is ready ${quantile(ready, 0.5).toFixed(0)} ms after the request, ${Math.max(...ready).toFixed(0)} ms at worst of ${READY_TRIES}; ${resizes} resizes of ${NODES}, ${quantile(took, 0.5).toFixed(0)} ms each; before ${JSON.stringify(before)}, with ${NODES} nodes ${JSON.stringify(most)}, after ${JSON.stringify(after)}`);
    return { readyMs: rounded(quantile(ready, 0.5), 0), leftovers: leftoversOf(before, after), resizeMs: rounded(quantile(took, 0.5), 0) };
  });
}

/** Resolves with the milliseconds from the request until the pool has so many idle nodes and no others. */
async function resize(client: SmallClient, nodes: number): Promise<number> {
  const { targetDedicatedNodes } = (await client.call('GET', '/pools/resized')) as { targetDedicatedNodes: number };
  if (targetDedicatedNodes === nodes) return 0;
  const begun = performance.now();
  await client.call('POST', '/pools/resized/resize', { targetDedicatedNodes: nodes, nodeDeallocationOption: 'requeue' });
  await pollUntil(async () => {
    const { value } = (await client.call('GET', '/pools/resized/nodes?$select=id,state')) as { value: { state: string }[] };
    return value.length === nodes && value.every(({ state }) => state === 'idle');
  }, EVERY_MS);
  const tookMs = performance.now() - begun;
  await pollUntil(async () => ((await client.call('GET', '/pools/resized')) as { allocationState: string }).allocationState === 'steady', EVERY_MS);
  return tookMs;
}
