import { describe, expect, test } from 'vitest';
import { settableClock, stepMs } from '../../src/control/clockAdvance.ts';
import { VirtualClock } from '../../src/control/virtualClock.ts';
import type { UnderWay } from '../../src/core/underWay.ts';
import type { AdvanceAsk } from '../../src/ports.ts';

const HOUR_MS = 3_600_000;
const NOBODY = new AbortController().signal;

/** An owner with timers, on a clock that stands still but for what is asked of it. */
function owned({ timers = [] as readonly number[], underWay = [] as readonly UnderWay[], onNodes = null as number | null } = {}) {
  const kept: number[] = [];
  const clock = new VirtualClock({ real: () => 1_000, offsetMs: 0, keep: async (offsetMs) => void kept.push(offsetMs) });
  const left = [...timers];
  const decidedAt: number[] = [];
  const script = { still: (_leave: ReadonlySet<string>, _signal: AbortSignal): Promise<void> => Promise.resolve() };
  const passage = {
    wake: () => Promise.resolve(),
    underWay: () => underWay,
    nextTimer: () => left[0] ?? null,
    tell: () => Promise.resolve(onNodes !== null && onNodes > clock.now() ? onNodes : null),
    still: async (leave: ReadonlySet<string>, signal: AbortSignal) => {
      await script.still(leave, signal);
      while ((left[0] ?? Number.POSITIVE_INFINITY) <= clock.now()) {
        left.shift();
        decidedAt.push(clock.now());
      }
    },
  };
  const settable = settableClock(clock, () => [{ passage }]);
  const advance = (ask: Partial<AdvanceAsk>, signal = NOBODY) => settable.advance({ byMs: HOUR_MS, withRunning: false, patience: () => NOBODY, ...ask }, signal);
  return { clock, kept, decidedAt, script, advance };
}

const TASK: UnderWay = { kind: 'task', name: 'task 1.1', mayGoOn: true };

describe('time passes', () => {
  test('from one instant at which something is due to the next, and then to where it was to go', async () => {
    const it = owned({ timers: [5_000, 5_000, 70_000, HOUR_MS + 5_000] });
    expect(await it.advance({})).toEqual({ kind: 'done', steps: 3 });
    expect(it.decidedAt).toEqual([5_000, 5_000, 70_000]);
    expect(it.clock.now()).toBe(1_000 + HOUR_MS);
  });

  test('not while tasks run, unless that is wanted: then also from one end of a wall clock on a node to the next', async () => {
    const it = owned({ underWay: [TASK, { kind: 'node', name: 'node 1', mayGoOn: true }], onNodes: 31_000 });
    expect(await it.advance({})).toEqual({ kind: 'running', tasks: 1 });
    expect(it.clock.offsetMs).toBe(0);
    const left: (readonly string[])[] = [];
    it.script.still = async (leave) => void left.push([...leave]);
    expect(await it.advance({ withRunning: true })).toEqual({ kind: 'done', steps: 2 });
    expect(left[0]).toEqual(['task 1.1', 'node 1']);
  });

  test('by one at a time', async () => {
    const it = owned();
    const [first, second] = await Promise.all([it.advance({}), it.advance({})]);
    expect([first.kind, second.kind]).toEqual(['done', 'busy']);
    expect(await it.advance({})).toMatchObject({ kind: 'done' });
    expect(it.clock.offsetMs).toBe(2 * HOUR_MS);
  });

  test('no further than what it waits for lets it, which it says', async () => {
    const it = owned({ timers: [61_000] });
    const gone = new AbortController();
    it.script.still = (_leave, signal) => {
      if (it.clock.offsetMs === 0) return Promise.resolve();
      gone.abort();
      return signal.aborted ? Promise.reject(new Error('gave up')) : Promise.resolve();
    };
    expect(await it.advance({}, gone.signal)).toEqual({ kind: 'interrupted', steps: 1, leftMs: HOUR_MS - 60_000, underWay: [] });
    expect(it.kept.at(-1)).toBe(60_000);
  });

  test('as far as is left, and at least a little where a clock elsewhere is late', () => {
    expect([stepMs(0, null, 50), stepMs(0, 20, 50), stepMs(0, 80, 50), stepMs(30, 20, 50)]).toEqual([50, 20, 50, 1]);
  });
});

describe('a virtual clock', () => {
  function clockWith(keep: (offsetMs: number) => Promise<void>) {
    return new VirtualClock({ real: () => 1_000, offsetMs: 500, keep });
  }

  test('shows no time of which the offset is not durable, and none at all where that fails', async () => {
    let shownAtKeeping = 0;
    const clock = clockWith(async () => void (shownAtKeeping = clock.now()));
    await clock.move(2_000, 2_000);
    expect([shownAtKeeping, clock.now()]).toEqual([1_500, 3_000]);
    const full = clockWith(() => Promise.reject(new Error('ENOSPC')));
    await expect(full.move(2_000, 2_000)).rejects.toThrow('ENOSPC');
    expect(full.now()).toBe(1_500);
  });

  test('keeps the offset of many short steps once an hour, never further than it is to go, and less only when it stays', async () => {
    const kept: number[] = [];
    const clock = clockWith(async (offsetMs) => void kept.push(offsetMs));
    const end = 500 + 1.5 * HOUR_MS;
    for (let to = 30_500; to <= end; to += 30_000) await clock.move(to, end);
    expect(kept).toEqual([30_500 + HOUR_MS, end]);
    await clock.move(end + 10, end + HOUR_MS);
    await clock.stay();
    expect(kept.at(-1)).toBe(end + 10);
  });
});
