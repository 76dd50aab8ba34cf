import type { SampleRow } from '../../../core/pool/samples.ts';
import type { PoolTransition } from '../../../core/transitions/transition.ts';
import { SERIES, type Point, type SeriesName } from '../../../wire/own/series.ts';

/** The names of the formula language. */
const SAMPLED: Partial<Record<SeriesName, keyof SampleRow[1]>> = {
  currentDedicatedNodes: '$CurrentDedicatedNodes',
  currentLowPriorityNodes: '$CurrentLowPriorityNodes',
  waitingTasks: '$ActiveTasks',
  runningTasks: '$RunningTasks',
  cpuPercent: '$CPUPercent',
  memoryMiB: '$MemoryBytes',
};

const NOTED = ['targetDedicatedNodes', 'targetLowPriorityNodes', 'currentDedicatedNodes', 'currentLowPriorityNodes'] as const satisfies readonly SeriesName[];

/** A pool as it is. */
export type Level = Pick<PoolTransition, 'at' | (typeof NOTED)[number]>;

/** Points of all series, each ascending: `levels` as resizes and the present have them. */
export function pointsOf(levels: readonly Level[], samples: readonly SampleRow[]): ReadonlyMap<SeriesName, readonly Point[]> {
  const found = new Map<SeriesName, Point[]>(SERIES.map((name) => [name, []]));
  for (const level of levels) {
    for (const name of NOTED) {
      const value = level[name];
      if (value !== undefined) found.get(name)?.push([level.at, value]);
    }
  }
  for (const [at, sample] of samples) {
    for (const name of SERIES) {
      const metric = SAMPLED[name];
      const value = metric === undefined ? undefined : sample[metric];
      if (value !== undefined) found.get(name)?.push([at, value]);
    }
  }
  for (const points of found.values()) points.sort(([one], [other]) => one - other);
  return found;
}

/**
 * At most `most` of them, 4 at least: the first and the last, and of each of equal parts of the time the least and the
 * largest.
 */
export function thinned(points: readonly Point[], most: number): readonly Point[] {
  const [first, last] = [points[0], points.at(-1)];
  if (points.length <= most || first === undefined || last === undefined) return points;
  const parts = Math.max(1, Math.floor((most - 2) / 2));
  const widthMs = (last[0] - first[0]) / parts;
  const least = new Map<number, Point>();
  const largest = new Map<number, Point>();
  for (const point of points) {
    const part = Math.min(parts - 1, Math.floor((point[0] - first[0]) / widthMs));
    if (point[1] < (least.get(part)?.[1] ?? Number.POSITIVE_INFINITY)) least.set(part, point);
    if (point[1] > (largest.get(part)?.[1] ?? Number.NEGATIVE_INFINITY)) largest.set(part, point);
  }
  const kept = new Set([first, ...least.values(), ...largest.values(), last]);
  return points.filter((point) => kept.has(point));
}
