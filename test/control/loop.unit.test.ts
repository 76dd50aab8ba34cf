import { beforeEach, describe, expect, test } from 'vitest';
import { runLoop, type LoopTime, type OwnerLoop } from '../../src/control/loop.ts';
import { NoRoom } from '../../src/store/ownerStore.ts';
import { createWorld, EPOCH, type World } from '../../src/simulation/world.ts';

/** Virtual time for a loop. */
function timeOf(world: World): LoopTime {
  return {
    now: () => world.now() - EPOCH,
    after: (ms, happen) => {
      let called = true;
      world.after(ms, () => called && happen());
      return () => {
        called = false;
      };
    },
  };
}

describe('the loop of an owner', () => {
  let world: World;
  let ticks: number[];
  let loop: OwnerLoop;
  let owner: { isAwaited: () => boolean; isAsked: boolean; paceMs: number; tookMs: number; dueInMs: () => number | null; failure: Error | null; noRoom: NoRoom | null };
  let errors: unknown[];
  const pass = async (ms: number): Promise<void> => {
    // What was begun just now asks for its timers first.
    await new Promise((resolve) => setImmediate(resolve));
    const until = world.now() + ms;
    world.after(ms, () => undefined);
    await world.run(() => false, until);
  };
  beforeEach(() => {
    world = createWorld(1);
    ticks = [];
    errors = [];
    owner = { isAwaited: () => false, isAsked: false, paceMs: 16, tookMs: 0, dueInMs: () => null, failure: null, noRoom: null };
    const scripted = {
      phase: 'ready',
      get noRoom() {
        return owner.noRoom;
      },
      tick: async () => {
        ticks.push(world.now() - EPOCH);
        owner.isAsked = false;
        if (owner.tookMs > 0) await new Promise<void>((resolve) => world.after(owner.tookMs, resolve));
        if (owner.failure !== null) throw owner.failure;
        owner.isAwaited = () => false;
      },
      hasWork: () => false,
      isAwaited: () => owner.isAwaited(),
      isAsked: () => owner.isAsked,
      isCareful: false,
      get paceMs() {
        return owner.paceMs;
      },
      dueInMs: () => owner.dueInMs(),
      attend: () => {},
    } as const;
    loop = runLoop(scripted, { time: timeOf(world), onError: (error) => void errors.push(error) });
  });
  const sinceFirst = (): number[] => ticks.map((at) => at - (ticks[0] ?? 0));

  test('ticks at once after a rest, and takes what arrives soon after together', async () => {
    loop.wake();
    await pass(1);
    expect(ticks).toHaveLength(1);
    for (let kicks = 0; kicks < 5; kicks += 1) {
      loop.wake();
      await pass(1);
    }
    await pass(100);
    expect(sinceFirst()).toEqual([0, 16]);
  });

  test('takes together what arrives until its pace says that the next tick is due', async () => {
    owner.paceMs = 32;
    loop.wake();
    await pass(1);
    loop.wake();
    await pass(30);
    expect(sinceFirst()).toEqual([0]);
    await pass(10);
    expect(sinceFirst()).toEqual([0, 32]);
    owner.paceMs = 16;
    loop.wake();
    await pass(20);
    expect(sinceFirst()).toEqual([0, 32, 48]);
  });

  test('lets nobody wait for that who asks', async () => {
    owner.paceMs = 32;
    owner.tookMs = 4;
    loop.wake();
    await pass(5);
    owner.isAsked = true;
    loop.wake();
    await pass(50);
    expect(sinceFirst()).toEqual([0, 8]);
  });

  test('does not let anybody wait', async () => {
    loop.wake();
    await pass(2);
    loop.wake();
    await pass(1);
    expect(ticks).toHaveLength(1);
    owner.isAwaited = () => true;
    loop.wake();
    await pass(0);
    expect(sinceFirst()).toEqual([0, 3]);
  });

  test('takes in what is asked for after a rest as long as the last tick took, at the latest at its pace', async () => {
    owner.tookMs = 4;
    loop.wake();
    await pass(5);
    owner.isAsked = true;
    loop.wake();
    // What agents say meanwhile changes nothing.
    await pass(1);
    loop.wake();
    await pass(20);
    expect(sinceFirst()).toEqual([0, 8]);
    owner.tookMs = 12;
    loop.wake();
    await pass(13);
    owner.isAsked = true;
    loop.wake();
    await pass(50);
    expect(sinceFirst()).toEqual([0, 8, 26, 42]);
  });

  test('asks a store that is away five times a second, not as fast as it says no', async () => {
    owner.failure = new Error('the database is away');
    loop.wake();
    await pass(1_000);
    expect(ticks.length).toBeGreaterThanOrEqual(4);
    expect(ticks.length).toBeLessThanOrEqual(6);
    expect(errors).toHaveLength(ticks.length);
  });

  const starve = (): void => {
    owner.noRoom = new NoRoom('the disk is full');
    owner.failure = owner.noRoom;
  };

  test('tries after ever longer pauses while there is no room, up to five seconds, whoever waits', async () => {
    starve();
    owner.isAwaited = () => true;
    loop.wake();
    for (let seconds = 0; seconds < 22; seconds += 1) {
      await pass(1_000);
      loop.wake();
    }
    expect(sinceFirst()).toEqual([0, 200, 600, 1_400, 3_000, 6_200, 11_200, 16_200, 21_200]);
  });

  test('tries at once when room is seen, and soon again if that was too little', async () => {
    starve();
    loop.wake();
    await pass(12_000);
    const before = ticks.length;
    loop.roomSeen();
    await pass(350);
    expect(ticks.slice(before).map((at) => at - 12_000)).toEqual([0, 200]);
    [owner.noRoom, owner.failure] = [null, null];
    loop.roomSeen();
    await pass(2_000);
    expect(ticks).toHaveLength(before + 3);
  });

  test('asks a store that ended itself for want of room five times a second, and goes on with long pauses when it says so again', async () => {
    starve();
    loop.wake();
    await pass(3_500);
    owner.failure = new Error('the database is away');
    await pass(4_000);
    starve();
    await pass(6_000);
    expect(sinceFirst()).toEqual([0, 200, 600, 1_400, 3_000, 6_200, 6_400, 6_600, 6_800, 7_000, 7_200, 7_400, 7_600, 12_600]);
  });

  test('begins with short pauses again once it was able to write', async () => {
    starve();
    loop.wake();
    await pass(12_000);
    [owner.noRoom, owner.failure] = [null, null];
    await pass(6_000);
    starve();
    const before = ticks.length;
    loop.wake();
    await pass(500);
    expect(ticks.slice(before).map((at) => at - 18_000)).toEqual([0, 200]);
  });

  test('ends while it rests for want of room', async () => {
    starve();
    loop.wake();
    await pass(12_000);
    await loop.stop();
  });

  test('ticks when a timer is due, and looks again when the clock that it is counted by runs slower', async () => {
    const due = 1_000;
    owner.dueInMs = () => (world.now() - EPOCH < due ? (due - (world.now() - EPOCH)) / 2 : null);
    loop.wake();
    await pass(2_000);
    expect(ticks.at(-1)).toBeGreaterThanOrEqual(due);
    expect(ticks.length).toBeLessThan(20);
  });

  test('begins no tick once it is stopped', async () => {
    loop.wake();
    await pass(1);
    loop.wake();
    await pass(1);
    await loop.stop();
    await pass(100);
    expect(ticks).toHaveLength(1);
  });
});
