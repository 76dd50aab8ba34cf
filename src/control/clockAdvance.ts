import type { Instant } from '../core/keys.ts';
import type { UnderWay } from '../core/underWay.ts';
import type { AdvanceAsk, Advanced, SettableClock } from '../ports.ts';
import type { Passage } from './passage.ts';
import type { VirtualClock } from './virtualClock.ts';

/** What `settableClock` needs of an owner. */
export interface Passing {
  readonly passage: Pick<Passage, 'wake' | 'underWay' | 'nextTimer' | 'still' | 'tell'>;
}

/**
 * Lets time pass for owners, from one instant at which something is due to the next: each has ticks of its own, at its
 * own time, and all that comes of it is over before the next one (`Passage`).
 */
export function settableClock(clock: VirtualClock, owners: () => readonly Passing[]): SettableClock {
  let isPassing = false;
  return {
    now: () => clock.now(),
    get offsetMs() {
      return clock.offsetMs;
    },
    advance: async (ask, signal) => {
      if (isPassing) return { kind: 'busy' };
      isPassing = true;
      try {
        return await advance({ clock, owners: owners().map(({ passage }) => passage) }, ask, signal);
      } finally {
        isPassing = false;
      }
    },
  };
}

interface Parts {
  readonly clock: VirtualClock;
  readonly owners: readonly Passing['passage'][];
}

async function advance({ clock, owners }: Parts, { byMs, withRunning, patience }: AdvanceAsk, gone: AbortSignal): Promise<Advanced> {
  const until = clock.offsetMs + byMs;
  let steps = 0;
  let signal = AbortSignal.any([gone, patience()]);
  try {
    // What clients asked for before has begun by then.
    await Promise.all(owners.map((owner) => owner.wake(signal)));
    const running = underWay(owners).filter(({ kind }) => kind !== 'node');
    if (running.length > 0 && !withRunning) return { kind: 'running', tasks: running.length };
    const leave = new Set(withRunning ? underWay(owners).map(({ name }) => name) : []);
    const still = (): Promise<unknown> => Promise.all(owners.map((owner) => owner.still(leave, signal)));
    for (;;) {
      // They hear of the time before what is decided by it.
      await Promise.all([tell(owners, signal), still()]);
      // What was due on nodes comes to owners.
      await still();
      const leftMs = until - clock.offsetMs;
      if (leftMs <= 0) return { kind: 'done', steps };
      // Wall clocks of what runs; nothing else on nodes has to come in order.
      const onNodes = leave.size === 0 ? null : await tell(owners, signal);
      const dueAt = earliest([onNodes, ...owners.map((owner) => owner.nextTimer())]);
      await clock.move(clock.offsetMs + stepMs(clock.now(), dueAt, leftMs), until);
      steps += 1;
      signal = AbortSignal.any([gone, patience()]);
    }
  } catch (error) {
    if (!signal.aborted) throw error;
    await clock.stay();
    return { kind: 'interrupted', steps, leftMs: until - clock.offsetMs, underWay: underWay(owners) };
  }
}

/** How far to go at once: to when something is due, and no further than is wanted. */
export function stepMs(now: Instant, dueAt: Instant | null, leftMs: number): number {
  return dueAt === null ? leftMs : Math.min(leftMs, Math.max(LEAST_STEP_MS, dueAt - now));
}

/** What is due on a node may be so by the clock of another machine, a little before it is by this one. */
const LEAST_STEP_MS = 1;

async function tell(owners: Parts['owners'], signal: AbortSignal): Promise<Instant | null> {
  return earliest(await Promise.all(owners.map((owner) => owner.tell(signal))));
}

function earliest(instants: readonly (Instant | null)[]): Instant | null {
  return instants.reduce((first, at) => (first === null || (at !== null && at < first) ? at : first), null);
}

function underWay(owners: Parts['owners']): readonly UnderWay[] {
  return owners.flatMap((owner) => owner.underWay());
}
