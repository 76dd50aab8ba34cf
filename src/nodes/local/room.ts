import { availableParallelism, totalmem } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';

/** Of memory for each node: an agent is 90 MB at rest; the rest is for what it runs. */
const BYTES_A_NODE = 128 * 1024 * 1024;
/** A machine however small has so many. */
const LEAST_NODES = 8;

/** Nodes that this machine can carry: an agent more would only take the memory of the others' tasks. */
export const nodesThatFit = (memoryBytes: number = totalmem()): number => Math.max(LEAST_NODES, Math.floor(memoryBytes / BYTES_A_NODE));

/** Processor time from an agent's start until it waits for work. */
const BOOT_MS = 350;
/** Agents for each core that may boot side by side. */
const BOOTS_A_CORE = 4;

/** Waits for this machine to have room for one more agent that boots: a hundred at once would leave the service no processor to answer with. */
export const bootPace = (): (() => Promise<void>) => {
  const cores = availableParallelism();
  return paced({ burst: cores * BOOTS_A_CORE, everyMs: BOOT_MS / cores, now: () => performance.now(), pause: (ms) => sleep(ms) });
};

export interface Pace {
  /** So many at once after a rest; then one each `everyMs`. */
  readonly burst: number;
  readonly everyMs: number;
  readonly now: () => number;
  readonly pause: (ms: number) => Promise<unknown>;
}

/** A leaky bucket: each call puts a drop in and waits until the bucket has room for it. */
export const paced = ({ burst, everyMs, now, pause }: Pace): (() => Promise<void>) => {
  let drops = 0;
  let at = now();
  return async () => {
    drops = Math.max(0, drops - (now() - at) / everyMs) + 1;
    at = now();
    if (drops > burst) await pause((drops - burst) * everyMs);
  };
};
