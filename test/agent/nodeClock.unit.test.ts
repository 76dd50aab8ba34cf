import { describe, expect, test } from 'vitest';
import { createNodeClock } from '../../src/agent/nodeClock.ts';

/** A machine whose time is set. */
function machine() {
  let at = 0;
  const timers = new Set<{ readonly dueAt: number; readonly happen: () => void }>();
  const clock = createNodeClock({
    wall: () => 1_000_000 + at,
    monotonic: () => at,
    timer: (ms, happen) => {
      const timer = { dueAt: at + Math.max(0, ms), happen };
      timers.add(timer);
      return () => timers.delete(timer);
    },
  });
  const pass = (ms: number): void => {
    at += ms;
    for (const timer of timers) {
      if (timer.dueAt > at || !timers.delete(timer)) continue;
      timer.happen();
    }
  };
  return { clock, pass, timers };
}

const YEAR_MS = 365 * 86_400_000;

describe('what has its time on a node', () => {
  test('happens when that has gone by, however long it is', () => {
    const { clock, pass, timers } = machine();
    const happened: string[] = [];
    clock.after(100, () => void happened.push('soon'));
    clock.after(YEAR_MS, () => void happened.push('in a year'));
    clock.after(50, () => void happened.push('never'))();
    pass(99);
    expect(happened).toEqual([]);
    pass(1);
    expect(happened).toEqual(['soon']);
    for (let months = 0; months < 14; months += 1) pass(30 * 86_400_000);
    expect(happened).toEqual(['soon', 'in a year']);
    expect(timers.size).toBe(0);
  });

  test('happens at once when the owner lets its time pass, in its order, and moving waits until that is over', async () => {
    const { clock, pass } = machine();
    const happened: string[] = [];
    clock.after(7_000, () => void happened.push('later'));
    clock.after(5_000, () => Promise.resolve().then(() => happened.push('over')));
    clock.after(4_000, () => void happened.push('first'));
    expect(clock.next).toBe(1_004_000);
    pass(1_000);
    await clock.move(5_000);
    expect(happened).toEqual(['first', 'over']);
    expect([clock.now(), clock.offsetMs, clock.next]).toEqual([1_006_000, 5_000, 1_007_000]);
    pass(1_000);
    expect([happened, clock.next]).toEqual([['first', 'over', 'later'], null]);
  });

  test('and the clock never goes back', async () => {
    const { clock } = machine();
    await clock.move(5_000);
    await clock.move(0);
    expect(clock.now()).toBe(1_005_000);
  });
});

describe('on a machine whose clock is wrong', () => {
  test('the owner’s is followed from when it says what it is there; nothing becomes due by it, in neither direction', () => {
    for (const wrongMs of [-300_000, 300_000]) {
      const { clock, pass } = machine();
      const happened: string[] = [];
      clock.after(1_000, () => void happened.push('a second is over'));
      pass(100);
      // It left between 60 and 100, and arrived at 100.
      clock.follow(1_000_000 - wrongMs + 80, { from: 60, to: 100 });
      expect([clock.now(), clock.aheadMs, clock.next, happened]).toEqual([1_000_100 - wrongMs, -wrongMs, 1_001_000 - wrongMs, []]);
      pass(900);
      expect([clock.now(), happened]).toEqual([1_001_000 - wrongMs, ['a second is over']]);
    }
  });

  test('a time that users set goes on top of it', async () => {
    const { clock, pass } = machine();
    clock.follow(2_000_000, { from: 0, to: 0 });
    await clock.move(5_000);
    pass(1);
    expect([clock.now(), clock.aheadMs]).toEqual([2_005_001, 1_005_000]);
  });
});
