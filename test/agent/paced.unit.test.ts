import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { paced } from '../../src/agent/paced.ts';

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

test('what is paced is done at once after a pause, else once when it is over', () => {
  let done = 0;
  const soon = paced(8, () => {
    done++;
    return true;
  });
  soon();
  expect(done).toBe(1);
  soon();
  soon();
  vi.advanceTimersByTime(7);
  expect(done).toBe(1);
  vi.advanceTimersByTime(1);
  expect(done).toBe(2);
  vi.advanceTimersByTime(8);
  expect(done).toBe(2);
  soon();
  expect(done).toBe(3);
});

test('what had nothing to do is done at once the next time', () => {
  let done = 0;
  let hasWork = false;
  const soon = paced(8, () => {
    if (hasWork) done++;
    return hasWork;
  });
  soon();
  hasWork = true;
  soon();
  expect(done).toBe(1);
});
