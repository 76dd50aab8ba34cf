import { expect, test } from 'vitest';
import { steadyClock } from '../../src/control/steadyClock.ts';

const HOUR_MS = 3_600_000;
const START = 1_800_000_000_000;

/** A machine whose clock somebody sets. */
function machine() {
  const time = { passed: 0, setBy: 0 };
  return { time, clock: steadyClock(() => START + time.passed + time.setBy, () => time.passed) };
}

test('goes with the wall clock, also when that is set forward', () => {
  const { time, clock } = machine();
  time.passed += 5;
  expect(clock()).toBe(START + 5);
  time.setBy = HOUR_MS;
  expect(clock()).toBe(START + 5 + HOUR_MS);
});

test('never goes back when the wall clock is set back, goes on at half the speed, and meets it again', () => {
  const { time, clock } = machine();
  clock();
  time.setBy = -HOUR_MS;
  expect(clock()).toBe(START);
  time.passed = HOUR_MS;
  expect(clock()).toBe(START + HOUR_MS / 2);
  time.passed = 3 * HOUR_MS;
  expect(clock()).toBe(START + 2 * HOUR_MS);
});

test('believes a wall clock that was years ahead and is right again', () => {
  const { time, clock } = machine();
  clock();
  time.setBy = -2 * 365 * 24 * HOUR_MS;
  expect(clock()).toBe(START + time.setBy);
});
