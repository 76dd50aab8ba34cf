/** What the page itself has seen of a pool, where the service has no series of it: since it was opened. */
import type { Pool } from '../../client/batch.ts';

export interface Seen {
  readonly times: readonly number[];
  readonly nodes: readonly number[];
  readonly target: readonly number[];
}

const MOST = 1_800;
const pools = new Map<string, { times: number[]; nodes: number[]; target: number[] }>();

export function noteOf({ id, currentDedicatedNodes = 0, currentLowPriorityNodes = 0, targetDedicatedNodes = 0, targetLowPriorityNodes = 0 }: Pool, at: number): Seen {
  const seen = pools.get(id) ?? { times: [], nodes: [], target: [] };
  pools.set(id, seen);
  const second = Math.floor(at / 1_000);
  if (seen.times.at(-1) !== second) {
    seen.times.push(second);
    seen.nodes.push(currentDedicatedNodes + currentLowPriorityNodes);
    seen.target.push(targetDedicatedNodes + targetLowPriorityNodes);
    if (seen.times.length > MOST) for (const list of [seen.times, seen.nodes, seen.target]) list.shift();
  }
  return { times: [...seen.times], nodes: [...seen.nodes], target: [...seen.target] };
}
