import { expect, test } from 'vitest';
import { pingEveryMs } from '../../src/agent/frames.ts';
import { retryAfterMs } from '../../src/agent/reconnecting.ts';

test('10,000 agents of other machines that lose their service at the same instant come back a thousand a second, each within ten', () => {
  const seconds = new Map<number, number>();
  for (let agent = 0; agent < 10_000; agent += 1) {
    const second = Math.floor(retryAfterMs(0, 180_000, agent / 10_000) / 1_000);
    seconds.set(second, (seconds.get(second) ?? 0) + 1);
  }
  expect([...seconds]).toEqual(Array.from({ length: 10 }, (_, second) => [second, 1_000]));
});

test('an agent of the service’s own machine is back at once, and asks each two seconds at most', () => {
  expect(retryAfterMs(0, null, 1)).toBeLessThanOrEqual(50);
  expect(retryAfterMs(50, null, 0)).toBe(2_000);
  expect(retryAfterMs(50, null, 1)).toBe(1_500);
});

test('the tries of one far away become rarer, and never so rare that its lease would run out between two', () => {
  expect([0, 1, 2, 9].map((tries) => retryAfterMs(tries, 180_000, 1))).toEqual([10_000, 20_000, 30_000, 30_000]);
  expect(retryAfterMs(9, 20_000, 1)).toBeLessThan(20_000 / 2);
});

test('an agent says six times a lease that it is there, and each half minute at least', () => {
  expect([null, 1_500, 60_000, 180_000, 3_600_000].map(pingEveryMs)).toEqual([10_000, 250, 10_000, 30_000, 30_000]);
});
