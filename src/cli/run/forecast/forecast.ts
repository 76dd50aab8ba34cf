import { hourlyPrice } from '../../../wire/sizes/prices.ts';
import { timeText } from '../../../base/times.ts';
import type { PoolWish } from '../plan/bodies.ts';

/**
 * How long a run will take and what its nodes will cost, before it is submitted. The tasks are dealt out to the slots
 * of the pool many times, each time with other durations of those that are known; the middle of what comes out is the
 * forecast, the tenths at both ends are its range.
 */

/** What is known of how long tasks take. */
export interface Durations {
  /** Said in a sentence: where it comes from. */
  readonly basis: string;
  /** Shortest, quarter, half, three quarters, longest, in milliseconds. */
  readonly quantiles: readonly [number, number, number, number, number];
  /** What a run takes beside its tasks: nodes that start, files that go to and fro. null: not known, and left out. */
  readonly overheadMs: Range | null;
}

/** Of tasks that are said to take from `low` to `high` milliseconds, any time between as likely as another. */
export function expected([low, high]: readonly [number, number]): Durations {
  const step = (high - low) / 4;
  return { basis: '--expect-duration', quantiles: [low, low + step, low + 2 * step, low + 3 * step, high], overheadMs: null };
}

/** Likely, and its range. */
interface Range {
  readonly low: number;
  readonly likely: number;
  readonly high: number;
}

export interface Forecast {
  readonly basis: string;
  readonly tasks: number;
  readonly seconds: Range;
  /** In US dollars; null: a price is not known. */
  readonly cost: Range | null;
  readonly region: string;
}

export interface Work {
  readonly tasks: number;
  /** Nodes that each task takes; 1: a slot of one. */
  readonly nodesPerTask: number;
  readonly pool: Pick<PoolWish, 'nodes' | 'lowPriorityNodes' | 'slots' | 'vmSize'>;
  readonly region: string;
}

/** Tasks dealt out in all tries together. */
const DEALT_MOST = 400_000;
const TRIES = { least: 5, most: 200 };

export function forecast({ tasks, nodesPerTask, pool, region }: Work, { basis, quantiles, overheadMs }: Durations): Forecast {
  const places = placesOf(pool, nodesPerTask);
  const random = seeded(tasks);
  const tries = Math.max(TRIES.least, Math.min(TRIES.most, Math.floor(DEALT_MOST / Math.max(1, tasks))));
  const spans = Array.from({ length: tries }, () => makespan(Array.from({ length: tasks }, () => durationAt(quantiles, random())), places)).sort((a, b) => a - b);
  const secondsAt = (share: number, beside = 0): number => Math.round(((spans[Math.floor(share * (tries - 1))] ?? 0) + beside) / 100) / 10;
  const seconds = { low: secondsAt(0.1, overheadMs?.low), likely: secondsAt(0.5, overheadMs?.likely), high: secondsAt(0.9, overheadMs?.high) };
  const perHour = priceOf(pool, region);
  const cost = perHour === null ? null : { low: money(perHour * seconds.low), likely: money(perHour * seconds.likely), high: money(perHour * seconds.high) };
  return { basis: overheadMs === null ? `${basis}; without the time that nodes need to start` : basis, tasks, seconds, cost, region };
}

/** How many tasks run at a time. */
export function placesOf({ nodes, lowPriorityNodes, slots }: Work['pool'], nodesPerTask: number): number {
  const all = nodes + lowPriorityNodes;
  return Math.max(1, nodesPerTask > 1 ? Math.floor(all / nodesPerTask) : all * slots);
}

/** Of all nodes for an hour; null: a price is not known. */
function priceOf({ nodes, lowPriorityNodes, vmSize }: Work['pool'], region: string): number | null {
  const dedicated = nodes === 0 ? 0 : hourlyPrice(vmSize, 'dedicated', region);
  const low = lowPriorityNodes === 0 ? 0 : hourlyPrice(vmSize, 'low', region);
  return dedicated === null || low === null ? null : nodes * dedicated + lowPriorityNodes * low;
}

function money(dollarSeconds: number): number {
  return Number((dollarSeconds / 3_600).toFixed(4));
}

/** When the last of these tasks ends, each started in order as soon as a place is free. */
export function makespan(durations: readonly number[], places: number): number {
  // A binary heap of the times at which places are free.
  const free: number[] = Array.from({ length: Math.min(places, durations.length) }, () => 0);
  let end = 0;
  for (const duration of durations) {
    const until = (free[0] ?? 0) + duration;
    end = Math.max(end, until);
    sink(free, until);
  }
  return end;
}

/** Puts a later time in the place of the earliest. */
function sink(heap: number[], value: number): void {
  let parent = 0;
  for (;;) {
    const [left, right] = [heap[2 * parent + 1], heap[2 * parent + 2]];
    if (left === undefined) break;
    const child = right !== undefined && right < left ? 2 * parent + 2 : 2 * parent + 1;
    const least = Math.min(left, right ?? Number.POSITIVE_INFINITY);
    if (least >= value) break;
    heap[parent] = least;
    parent = child;
  }
  heap[parent] = value;
}

/** Between the quantiles durations lie on straight lines. */
function durationAt(quantiles: Durations['quantiles'], share: number): number {
  const at = share * (quantiles.length - 1);
  const below = Math.min(quantiles.length - 2, Math.floor(at));
  const [from = 0, to = 0] = quantiles.slice(below, below + 2);
  return from + (to - from) * (at - below);
}

/** The same run has the same forecast. */
function seeded(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 0x1_0000_0000;
  };
}

/** `about 3 min (2 min 30 s to 4 min), 0.0120 USD (0.0100 to 0.0150); basis: …`. */
export function sentenceOf({ seconds, cost, basis, region }: Forecast): string {
  const time = `about ${timeText(seconds.likely * 1000)} (${timeText(seconds.low * 1000)} to ${timeText(seconds.high * 1000)})`;
  const price = cost === null ? `at a price in ${region} that is unknown` : `${cost.likely.toFixed(4)} USD (${cost.low.toFixed(4)} to ${cost.high.toFixed(4)}) in ${region}`;
  return `forecast: ${time}, ${price}; basis: ${basis}`;
}

/** How good it was, once the run has taken so long. */
export function comparisonOf(made: Forecast, elapsedMs: number): string {
  const { low, likely, high } = made.seconds;
  const took = elapsedMs / 1000;
  const off = likely === 0 ? '' : `, ${Math.round((Math.abs(took - likely) / likely) * 100)} % off`;
  const within = took >= low && took <= high ? 'within its range' : `outside its range of ${timeText(low * 1000)} to ${timeText(high * 1000)}`;
  const price = made.cost === null || likely === 0 ? '' : `; its nodes cost about ${((made.cost.likely / likely) * took).toFixed(4)} USD, forecast ${made.cost.likely.toFixed(4)}`;
  return `took ${timeText(elapsedMs)}, forecast ${timeText(likely * 1000)}${off}, ${within}${price}`;
}
