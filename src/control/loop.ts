import { AccountOwned } from '../store/ownerStore.ts';
import type { Owner } from './owner.ts';

/** An owner looks at its inbox this often even if nobody wakes it: a lost wake-up costs a second, never a task. */
const SWEEP_MS = 1_000;
/** Ticks that nobody waits for begin so far apart: what agents say in that time is one commit instead of many. */
const PACE_MS = 16;
const HEARTBEAT_MS = 2_000;
const RETRY_MS = 200;
/** setTimeout's own bound; a timer further off is looked at again then. */
const LONGEST_SLEEP_MS = 3_600_000;

export interface OwnerLoop {
  /** To be called whenever something arrives (OwnerOptions.onWork). */
  kick(): void;
  /** Resolves when no tick runs any more. */
  stop(): Promise<void>;
}

/** Turns an owner in real time: at once when somebody waits for it, soon when something arrives, when a timer is due, and each second for the inbox. */
export const runLoop = (
  owner: Pick<Owner, 'tick' | 'hasWork' | 'isAwaited' | 'phase' | 'nextTimer' | 'attend' | 'beat'>,
  options: { readonly onError: (error: unknown) => void; readonly clock: () => number },
): OwnerLoop => {
  let running: Promise<void> | null = null;
  let kicked = false;
  let begunAt = Number.NEGATIVE_INFINITY;
  let endPause = (): void => {};
  const stopping = new AbortController();
  let timer: NodeJS.Timeout | undefined;

  const kick = (): void => {
    kicked = true;
    if (owner.isAwaited()) endPause();
    if (running !== null || stopping.signal.aborted) return;
    running = turn().finally(() => {
      running = null;
      if (stopping.signal.aborted) return;
      if (kicked) setImmediate(kick);
      else sleep();
    });
  };

  /** What arrives while a tick commits is one tick afterwards: the busier, the larger the ticks. */
  const turn = async (): Promise<void> => {
    while (kicked && !stopping.signal.aborted) {
      clearTimeout(timer);
      const earlyMs = begunAt + PACE_MS - performance.now();
      if (earlyMs > 0 && !owner.isAwaited()) {
        await pause(earlyMs);
        continue;
      }
      kicked = false;
      begunAt = performance.now();
      try {
        await owner.tick();
      } catch (error) {
        options.onError(error);
      }
      if (owner.hasWork()) kicked = true;
      // The store is away, or refuses: it is not asked as fast as it can say no.
      if (owner.phase === 'loading') await new Promise((resolve) => setTimeout(resolve, RETRY_MS));
    }
  };

  const pause = (ms: number): Promise<void> =>
    new Promise((resolve) => {
      const paused = setTimeout(resolve, ms);
      endPause = () => {
        clearTimeout(paused);
        resolve();
      };
    });

  const sleep = (): void => {
    const due = owner.nextTimer();
    if (due === null) return;
    timer = setTimeout(kick, Math.min(Math.max(due - options.clock(), 0), LONGEST_SLEEP_MS));
  };

  const sweep = setInterval(() => owner.attend(), SWEEP_MS);
  const heartbeat = setInterval(() => void owner.beat().catch(options.onError), HEARTBEAT_MS);
  return {
    kick,
    stop: async () => {
      stopping.abort();
      endPause();
      clearInterval(sweep);
      clearInterval(heartbeat);
      clearTimeout(timer);
      await running?.catch(() => undefined);
    },
  };
};

/** Claims the account, waiting for a former owner that was killed to be given up (its heartbeat has to grow old first). */
export const startWhenFree = async (owner: Owner, signal: AbortSignal, onWait: (url: string) => void): Promise<void> => {
  for (;;) {
    try {
      return await owner.start();
    } catch (error) {
      if (!(error instanceof AccountOwned) || signal.aborted) throw error;
      onWait(error.url);
      await new Promise((resolve) => setTimeout(resolve, RETRY_MS));
    }
  }
};
