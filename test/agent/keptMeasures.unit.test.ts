import { expect, test } from 'vitest';
import { createKeptMeasures } from '../../src/agent/keptMeasures.ts';

test('what a node used in the last hour is kept, the oldest first', () => {
  let now = 0;
  const kept = createKeptMeasures(() => now);
  for (const at of [0, 1_800_000, 3_700_000]) {
    now = at;
    kept.keep({ overMs: 1_000, memoryBytes: at });
  }
  expect(kept.all().map(({ at, measure }) => [at, measure.memoryBytes])).toEqual([[1_800_000, 1_800_000], [3_700_000, 3_700_000]]);
  now = 5_500_000;
  expect(kept.all().map(({ at }) => at)).toEqual([3_700_000]);
});

test('however often it measures, so many are kept', () => {
  const kept = createKeptMeasures(() => 5);
  for (let count = 0; count < 1_000; count += 1) kept.keep({ overMs: 1 });
  expect(kept.all()).toHaveLength(400);
});
