import { expect, test } from 'vitest';
import { Silence } from '../../src/control/silence.ts';

const BOUNDS = { unknownMs: 30_000, goneMs: 60_000, restartMs: 180_000 };

/** An owner that looks each second, as it does, until it is told something or `ms` are over. */
function watched(mayEnd = true) {
  const silence = new Silence(BOUNDS, () => mayEnd);
  let now = 5_000_000;
  const told: string[] = [];
  const look = (): void => {
    for (const { node, step, silentMs } of silence.due(now)) told.push(`${node} ${step} ${silentMs}`);
  };
  look();
  const pass = (ms: number): void => {
    for (const until = now + ms; now < until; look()) now = Math.min(until, now + 1_000);
  };
  return { silence, told, look, pass, now: () => now, stall: (ms: number) => (now += ms) };
}

test('each step is told once, when it is reached', () => {
  const { silence, told, pass, now } = watched();
  silence.begin(1, now(), 0);
  pass(29_000);
  expect(told).toEqual([]);
  expect(silence.next(now())).toBe(now() + 1_000);
  pass(1_000);
  pass(1_000);
  expect(told).toEqual(['1 unknown 30000']);
  pass(400_000);
  expect(told).toEqual(['1 unknown 30000', '1 gone 60000', '1 restart 180000']);
  expect(silence.next(now())).toBeNull();
});

test('what was not heard before the channel went down counts; another channel that goes down begins nothing anew', () => {
  const { silence, told, pass, now } = watched();
  silence.begin(1, now(), 10_000);
  pass(10_000);
  silence.begin(1, now(), 0);
  pass(10_000);
  expect(told).toEqual(['1 unknown 30000']);
});

test('who is heard again is silent no more', () => {
  const { silence, told, pass, now } = watched();
  silence.begin(1, now(), 0);
  pass(20_000);
  silence.end(1);
  pass(60_000);
  silence.begin(1, now(), 0);
  pass(20_000);
  expect(told).toEqual([]);
});

test('time in which the owner was held up itself does not count', () => {
  const { silence, told, look, pass, now, stall } = watched();
  silence.begin(1, now(), 0);
  pass(10_000);
  stall(3_600_000);
  look();
  pass(16_000);
  expect(told).toEqual([]);
  pass(1_000);
  expect(told).toEqual(['1 unknown 30000']);
});

test('a new load tells again what was told, and goes on counting', () => {
  const { silence, told, pass, now } = watched();
  silence.begin(1, now(), 0);
  pass(70_000);
  told.length = 0;
  silence.reconcile([1, 2], now());
  pass(1_000);
  expect(told).toEqual(['1 unknown 71000', '1 gone 71000']);
  pass(29_000);
  expect(told.slice(2)).toEqual(['2 unknown 30000']);
});

test('time in which the account was not loaded does not count, however often loading it comes to nothing', () => {
  const { silence, told, look, pass, now, stall } = watched();
  silence.begin(1, now(), 0);
  pass(10_000);
  for (let loads = 0; loads < 1_000; loads += 1) {
    stall(5_000);
    silence.reconcile([1], now());
    look();
  }
  expect(told).toEqual([]);
  pass(20_000);
  expect(told).toEqual(['1 unknown 30000']);
});

test('a provider that cannot prove a death ends nothing', () => {
  const { silence, told, pass, now } = watched(false);
  silence.begin(1, now(), 0);
  pass(1_000_000);
  expect(told).toEqual(['1 unknown 30000']);
  expect(silence.next(now())).toBeNull();
});
