import type { Instant } from '../core/keys.ts';

/**
 * The owner's time of day on a node: that of the machine, or of the owner's machine where the owner says what it is
 * there (`follow`), and what the owner says that its own is ahead of it (docs/clock.md). The times that the owner is
 * told are of it, and what has its time on a node goes by it: wall clocks of runs, retention, users that expire. All
 * that is between processes goes by the machine's.
 */
export interface NodeClock {
  readonly now: () => Instant;
  readonly offsetMs: number;
  /** How far it is ahead of the machine's. */
  readonly aheadMs: number;
  /**
   * The real time of day on the owner's machine was `at` at some moment in between: from now on that machine's clock is
   * followed, however wrong this one's is, or is put meanwhile. Nothing becomes due by it.
   */
  follow(at: Instant, between: { readonly from: number; readonly to: number }): void;
  /** When `after` happens next; null: nothing is to. */
  readonly next: Instant | null;
  /**
   * Calls `happen` once, when so much of the owner's time is over; what it returns, until when that is done with.
   * Returns what calls it off.
   */
  after(ms: number, happen: () => Promise<unknown> | void): () => void;
  /** The owner's time is so far ahead now, unless it was further already. Resolves when what became due is over. */
  move(offsetMs: number): Promise<void>;
}

/** Time as the machine has it. */
export interface MachineTime {
  readonly wall: () => Instant;
  /** Milliseconds that only grow. */
  readonly monotonic: () => number;
  /** Calls `happen` after `ms`, of which there are `LONGEST_TIMER_MS` at most. Returns what calls it off. */
  readonly timer: (ms: number, happen: () => void) => () => void;
}

/** Timers of Node.js end at 2^31-1 ms. */
const LONGEST_TIMER_MS = 2 ** 31 - 1;

const MACHINE_TIME: MachineTime = {
  wall: () => Date.now(),
  monotonic: () => performance.now(),
  timer: (ms, happen) => {
    const timer = setTimeout(happen, ms);
    return () => clearTimeout(timer);
  },
};

interface Waiting {
  /** On the monotonic clock and the offset. */
  readonly dueAt: number;
  readonly happen: () => Promise<unknown> | void;
  cancel: () => void;
}

export function createNodeClock({ wall, monotonic, timer }: MachineTime = MACHINE_TIME): NodeClock {
  let offsetMs = 0;
  /** The owner's time of day where the monotonic clock is 0; null: the machine's is asked. */
  let followed: number | null = null;
  const realTime = (): number => (followed === null ? wall() : followed + monotonic());
  const waiting = new Set<Waiting>();
  const leftOf = ({ dueAt }: Waiting): number => dueAt - monotonic() - offsetMs;

  const arm = (one: Waiting): void => {
    one.cancel = timer(Math.min(leftOf(one), LONGEST_TIMER_MS), () => (leftOf(one) > 0 ? arm(one) : void fire(one)));
  };
  const fire = (one: Waiting): Promise<unknown> | void => {
    waiting.delete(one);
    one.cancel();
    return one.happen();
  };

  return {
    now: () => Math.floor(realTime() + offsetMs),
    get offsetMs() {
      return offsetMs;
    },
    get aheadMs() {
      return Math.floor(realTime() + offsetMs - wall());
    },
    follow: (at, { from, to }) => {
      followed = at - (from + to) / 2;
    },
    get next() {
      const leftMs = Math.min(...[...waiting].map(leftOf));
      return Number.isFinite(leftMs) ? Math.ceil(realTime() + offsetMs + leftMs) : null;
    },
    after: (ms, happen) => {
      const one: Waiting = { dueAt: monotonic() + offsetMs + ms, happen, cancel: () => undefined };
      waiting.add(one);
      arm(one);
      return () => {
        waiting.delete(one);
        one.cancel();
      };
    },
    move: async (to) => {
      if (to <= offsetMs) return;
      offsetMs = to;
      const due = [...waiting].filter((one) => leftOf(one) <= 0).sort((one, other) => one.dueAt - other.dueAt);
      const done = due.map(fire);
      for (const one of waiting) {
        one.cancel();
        arm(one);
      }
      await Promise.all(done);
    },
  };
}
