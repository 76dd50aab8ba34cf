import { expect, test } from 'vitest';
import { sumsOf } from '../../../src/api/own/costBy.ts';

const HOUR_MS = 3_600_000;
const share = { poolId: 'P', size: 'standard_a1_v2', lowPriority: false, nodeMs: HOUR_MS, busyMs: HOUR_MS / 2, lostMs: 0 };
const asked = { region: 'westeurope', isOfNodes: true };

test('costs are summed by their key, in any case of its letters', () => {
  const [one, ...more] = sumsOf([['p', share], ['P', share], ['q', { ...share, lostMs: 1_000 }]], asked);
  expect(one).toMatchObject({ key: 'P', nodeSeconds: 7_200, idleSeconds: 3_600, lostSeconds: 0, unknownPrices: [] });
  expect(more).toMatchObject([{ key: 'q', nodeSeconds: 3_600, lostSeconds: 1 }]);
  expect(one?.cost).toBeGreaterThan(0);
});

test('a cost is that of the sum: hours that cost less than a hundredth of a cent count', () => {
  const short = { ...share, nodeMs: 1_000, busyMs: 0 };
  const [many] = sumsOf(Array.from({ length: 3_600 }, () => ['d', short] as const), asked);
  expect(many?.cost).toBe(sumsOf([['d', share]], asked)[0]?.cost);
});

test('what has no known price is named, and not counted as 0 unseen', () => {
  expect(sumsOf([['p', share], ['p', { ...share, size: 'lab_big' }]], asked)[0]).toMatchObject({ nodeSeconds: 7_200, unknownPrices: ['lab_big dedicated'] });
});

test('shares of tasks are never idle', () => {
  expect(sumsOf([['j', share]], { ...asked, isOfNodes: false })[0]).not.toHaveProperty('idleSeconds');
});
