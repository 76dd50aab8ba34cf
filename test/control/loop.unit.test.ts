import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { runLoop, type OwnerLoop } from '../../src/control/loop.ts';

describe('the loop of an owner', () => {
  let ticks: number[];
  let isAwaited: boolean;
  let loop: OwnerLoop;
  beforeEach(() => {
    vi.useFakeTimers();
    ticks = [];
    isAwaited = false;
    const owner = {
      phase: 'ready',
      tick: async () => {
        ticks.push(performance.now());
        isAwaited = false;
      },
      hasWork: () => false,
      isAwaited: () => isAwaited,
      nextTimer: () => null,
      attend: () => {},
      beat: async () => {},
    } as const;
    loop = runLoop(owner, { onError: (error) => expect.unreachable(String(error)), clock: () => 0 });
  });
  afterEach(async () => {
    await loop.stop();
    vi.useRealTimers();
  });
  const sinceFirst = (): number[] => ticks.map((at) => at - (ticks[0] ?? 0));

  test('ticks at once after a rest, and takes what arrives soon after together', async () => {
    loop.kick();
    await vi.advanceTimersByTimeAsync(1);
    expect(ticks).toHaveLength(1);
    for (let kicks = 0; kicks < 5; kicks += 1) {
      loop.kick();
      await vi.advanceTimersByTimeAsync(1);
    }
    await vi.advanceTimersByTimeAsync(100);
    expect(sinceFirst()).toEqual([0, 16]);
  });

  test('does not let anybody wait', async () => {
    loop.kick();
    await vi.advanceTimersByTimeAsync(2);
    loop.kick();
    await vi.advanceTimersByTimeAsync(1);
    expect(ticks).toHaveLength(1);
    isAwaited = true;
    loop.kick();
    await vi.advanceTimersByTimeAsync(0);
    expect(sinceFirst()).toEqual([0, 3]);
  });

  test('begins no tick once it is stopped', async () => {
    loop.kick();
    await vi.advanceTimersByTimeAsync(1);
    loop.kick();
    await vi.advanceTimersByTimeAsync(1);
    await loop.stop();
    await vi.advanceTimersByTimeAsync(100);
    expect(ticks).toHaveLength(1);
  });
});
