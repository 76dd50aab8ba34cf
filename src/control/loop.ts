import { AccountOwned, NoRoom } from '../store/ownerStore.ts';
import type { Owner } from './owner.ts';

/** An owner looks at its inbox this often even if nobody wakes it: a lost wake-up costs a second, never a task. */
const ATTEND_MS = 1_000;
const RETRY_MS = 200;
/** For want of room it is tried after ever longer pauses, up to this: each try loads the account. */
const LONGEST_RETRY_MS = 5_000;
/** A timer further off is looked at again then: it is below setTimeout's own bound, and clocks are set. */
const LONGEST_SLEEP_MS = 60_000;

/** Time as a loop goes by it: the machine's in production, virtual in the simulation and in tests. */
export interface LoopTime {
  /** Milliseconds that only grow. */
  readonly now: () => number;
  /** Calls `happen` once, `ms` from now or a little later. Returns what calls it off. */
  readonly after: (ms: number, happen: () => void) => () => void;
}

export const MACHINE_TIME: LoopTime = {
  now: () => performance.now(),
  after: (ms, happen) => {
    const timer = setTimeout(happen, ms);
    return () => clearTimeout(timer);
  },
};

export interface OwnerLoop {
  /** To be called whenever something arrives (OwnerOptions.onWork). */
  wake(): void;
  /** To be called when there is room on the disk again: what finds none is tried at once. */
  roomSeen(): void;
  /** Resolves when no tick runs any more. */
  stop(): Promise<void>;
}

export interface LoopOptions {
  readonly time: LoopTime;
  readonly onError: (error: unknown) => void;
}

/**
 * Turns an owner: at once when somebody waits for it, soon when something arrives, when a timer is due, and each second
 * for the inbox.
 */
export function runLoop(
  owner: Pick<Owner, 'tick' | 'hasWork' | 'isAwaited' | 'isAsked' | 'isCareful' | 'paceMs' | 'phase' | 'noRoom' | 'dueInMs' | 'attend'>,
  { time, onError }: LoopOptions,
): OwnerLoop {
  let running: Promise<void> | null = null;
  let kicked = false;
  let stopped = false;
  let begunAt = Number.NEGATIVE_INFINITY;
  let endedAt = Number.NEGATIVE_INFINITY;
  let tookMs = 0;
  let endPause = (): void => {};
  let retryMs = RETRY_MS;
  let endRest = (): void => {};
  let cancelTimer = (): void => {};

  const isOver = (): boolean => stopped || owner.phase === 'ended';

  function wake(): void {
    kicked = true;
    if (owner.isAwaited() || owner.isAsked()) endPause();
    if (running !== null || isOver()) return;
    cancelTimer();
    running = turns().finally(() => {
      running = null;
      if (isOver()) return;
      if (kicked) wake();
      else sleep();
    });
  }

  /**
   * What arrives while a tick commits is one tick afterwards, or beside it if it is much (`Session.ingestArrived`): the
   * busier, the larger the ticks.
   */
  async function turns(): Promise<void> {
    while (kicked && !isOver()) {
      const earlyMs = nextAt() - time.now();
      if (earlyMs > 0) {
        await pause(earlyMs);
        continue;
      }
      kicked = false;
      begunAt = time.now();
      const failure = await tick();
      endedAt = time.now();
      tookMs = endedAt - begunAt;
      if (owner.hasWork()) kicked = true;
      // The store is away, or refuses: it is not asked as fast as it can say no.
      if (failure !== null || owner.phase === 'loading') {
        kicked = true;
        await rest(owner.noRoom !== null && (failure === null || failure.error instanceof NoRoom));
      } else retryMs = RETRY_MS;
    }
  }

  /**
   * When the next tick may begin. An owner that is asked for something while it has little to do goes on at once; while
   * much is asked, it rests as long as it works.
   */
  function nextAt(): number {
    if (owner.isAwaited() || owner.isCareful) return Number.NEGATIVE_INFINITY;
    const paced = begunAt + owner.paceMs;
    return owner.isAsked() ? Math.min(paced, endedAt + tookMs) : paced;
  }

  /** Returns what it threw; null: nothing. */
  async function tick(): Promise<{ readonly error: unknown } | null> {
    try {
      await owner.tick();
      return null;
    } catch (error) {
      onError(error);
      return { error };
    }
  }

  function pause(ms: number): Promise<void> {
    const { over, end } = elapse(ms);
    endPause = end;
    return over;
  }

  /**
   * Whoever waits does not shorten it. A store that is away costs little to ask, one that lacks room may end itself for
   * each thing that it shall write.
   */
  function rest(isFull: boolean): Promise<void> {
    const { over, end } = elapse(isFull ? retryMs : RETRY_MS);
    endRest = end;
    if (isFull) retryMs = Math.min(retryMs * 2, LONGEST_RETRY_MS);
    return over;
  }

  function elapse(ms: number): { readonly over: Promise<void>; readonly end: () => void } {
    let end = (): void => {};
    const over = new Promise<void>((resolve) => {
      const cancel = time.after(ms, resolve);
      end = () => {
        cancel();
        resolve();
      };
    });
    return { over, end };
  }

  function roomSeen(): void {
    if (owner.noRoom === null) return;
    retryMs = RETRY_MS;
    endRest();
  }

  function sleep(): void {
    const dueInMs = owner.dueInMs();
    if (dueInMs !== null) cancelTimer = time.after(Math.min(Math.max(dueInMs, 0), LONGEST_SLEEP_MS), wake);
  }

  /** Returns what ends it. */
  function each(ms: number, happen: () => void): () => void {
    let cancel = time.after(ms, function again() {
      if (isOver()) return;
      happen();
      cancel = time.after(ms, again);
    });
    return () => cancel();
  }

  const endAttending = each(ATTEND_MS, () => owner.attend());
  return {
    wake,
    roomSeen,
    stop: async () => {
      stopped = true;
      endPause();
      endRest();
      endAttending();
      cancelTimer();
      await running?.catch(() => undefined);
    },
  };
}

/**
 * Claims the account, waiting for a former owner that was killed to be given up (its heartbeat has to grow old first).
 * Throws what else fails, unless `signal` says to go on.
 */
export async function startWhenFree(owner: Owner, time: LoopTime, signal: AbortSignal, onWait: (url: string) => void): Promise<void> {
  for (;;) {
    try {
      return await owner.start();
    } catch (error) {
      if (!(error instanceof AccountOwned) || signal.aborted) throw error;
      onWait(error.url);
      await new Promise<void>((resolve) => void time.after(RETRY_MS, resolve));
    }
  }
}
