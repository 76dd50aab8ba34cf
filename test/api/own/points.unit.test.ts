import { expect, test } from 'vitest';
import { pointsOf, thinned } from '../../../src/api/own/pools/points.ts';
import type { Sample } from '../../../src/core/pool/samples.ts';
import type { Point } from '../../../src/wire/own/series.ts';

const SAMPLE: Sample = {
  $ActiveTasks: 5, $RunningTasks: 2, $PendingTasks: 7, $SucceededTasks: 0, $FailedTasks: 0, $SampleNodeCount: 1,
  $CurrentDedicatedNodes: 1, $CurrentLowPriorityNodes: 0, $PreemptedNodeCount: 0, $UsableNodeCount: 1, $CPUPercent: 50,
};

test('points of a series are those of resizes and of samples, by their time', () => {
  const points = pointsOf([{ at: 30, targetDedicatedNodes: 4, currentDedicatedNodes: 3 }, { at: 10, targetDedicatedNodes: 2 }], [[20, SAMPLE]]);
  expect(points.get('targetDedicatedNodes')).toEqual([[10, 2], [30, 4]]);
  expect(points.get('currentDedicatedNodes')).toEqual([[20, 1], [30, 3]]);
  expect(points.get('waitingTasks')).toEqual([[20, 5]]);
  expect(points.get('cpuPercent')).toEqual([[20, 50]]);
  // No node could measure it.
  expect(points.get('memoryMiB')).toEqual([]);
});

test('a series of many points keeps its ends, and the least and the largest of each part', () => {
  const points = Array.from({ length: 10_000 }, (_value, at): Point => [at, at === 4_321 ? 99 : at === 8_765 ? -1 : at % 10]);
  const kept = thinned(points, 20);
  expect(kept.length).toBeLessThanOrEqual(20);
  expect([kept[0], kept.at(-1)]).toEqual([points[0], points.at(-1)]);
  expect(kept).toContainEqual([4_321, 99]);
  expect(kept).toContainEqual([8_765, -1]);
  expect(kept.toSorted(([one], [other]) => one - other)).toEqual(kept);
});

test('a series of few points is as it is, also of points of one time', () => {
  const points: Point[] = [[1, 1], [2, 2]];
  expect(thinned(points, 4)).toBe(points);
  expect(thinned([[5, 1], [5, 2], [5, 3], [5, 0], [5, 7]], 4).length).toBeLessThanOrEqual(4);
});
