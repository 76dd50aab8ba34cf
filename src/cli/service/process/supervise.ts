import { setTimeout as delay } from 'node:timers/promises';
import type { Logger } from 'pino';
import { messageOf } from '../../../base/errors.ts';
import { identifyProcess } from '../../../processes/identity.ts';
import { noRoomOf } from '../../../processes/noRoom.ts';
import type { PartRecord } from '../data/record.ts';

/** A process of ours that can be watched and ended. */
interface Running {
  readonly pid: number;
  readonly exited: Promise<void>;
  stop(): Promise<void>;
}

/** One part that is kept running. */
export interface Supervised<R extends Running> {
  /** The present one; the last one while it is being started again. */
  current(): R;
  /** Starts it without a further pause, if it is waited with: what kept it from starting may be over. */
  hurry(): void;
  /** Why it does not run, in one sentence; null: it does. */
  trouble(): string | null;
  /** Undefined while there is none. */
  record(): PartRecord | undefined;
  /** Ends it for good. */
  stop(): Promise<void>;
}

const FIRST_PAUSE_MS = 50;
const LONGEST_PAUSE_MS = 10_000;
/** Who has lived this long is forgiven earlier deaths. */
const HEALTHY_MS = 60_000;

/**
 * Starts a part and starts it again whenever it ends by itself, pausing twice as long each time (50 ms to 10 s). Throws
 * what the first start throws; later failures are logged and tried again. `onChange` is told of each death and each new
 * life.
 */
export async function supervise<R extends Running>(options: {
  readonly name: string;
  readonly start: () => Promise<R>;
  readonly log: Logger;
  readonly onChange: () => void;
  /** Waits; ends early, without an error, when the signal aborts. */
  readonly pause?: (ms: number, signal: AbortSignal) => Promise<void>;
}): Promise<Supervised<R>> {
  const { name, log, pause = abortablePause } = options;
  const stopping = new AbortController();
  let current = await options.start();
  let alive = true;
  let trouble: string | null = null;
  let restarts = 0;
  let hurry = new AbortController();

  /** What hears of it must not end the watching: its record may find no room on the disk. */
  const tell = (): void => {
    try {
      options.onChange();
    } catch (error) {
      log.error({ reason: messageOf(error) }, `what ${name} does could not be told`);
    }
  };

  const keepAlive = async (): Promise<void> => {
    let pauseMs = FIRST_PAUSE_MS;
    while (!stopping.signal.aborted) {
      const startedAt = performance.now();
      await current.exited;
      if (stopping.signal.aborted) return;
      alive = false;
      trouble = `${name} ended by itself`;
      log.error({ pid: current.pid }, `${name} ended by itself; starting it again`);
      tell();
      if (performance.now() - startedAt > HEALTHY_MS) pauseMs = FIRST_PAUSE_MS;
      while (!alive && !stopping.signal.aborted) {
        await pause(pauseMs, AbortSignal.any([stopping.signal, hurry.signal]));
        pauseMs = hurry.signal.aborted ? FIRST_PAUSE_MS : Math.min(pauseMs * 2, LONGEST_PAUSE_MS);
        hurry = new AbortController();
        if (stopping.signal.aborted) return;
        try {
          current = await options.start();
          alive = true;
          trouble = null;
        } catch (error) {
          trouble = `${name} does not start: ${noRoomOf(error) ?? messageOf(error).split('\n').at(-1) ?? ''}`;
          log.error({ reason: messageOf(error) }, `${name} does not start`);
        }
      }
      restarts += 1;
      log.info({ pid: current.pid, restarts }, `${name} runs again`);
      tell();
    }
  };
  const watching = keepAlive();

  return {
    current: () => current,
    hurry: () => {
      if (!alive) hurry.abort();
    },
    trouble: () => trouble,
    record: () => {
      const identity = alive ? identifyProcess(current.pid) : undefined;
      return identity === undefined ? undefined : { ...identity, restarts };
    },
    stop: async () => {
      stopping.abort();
      // Whatever is just being started is waited for, so that it can be ended.
      if (!alive) await watching;
      await current.stop();
      await watching;
    },
  };
}

function abortablePause(ms: number, signal: AbortSignal): Promise<void> {
  return delay(ms, undefined, { signal }).catch(() => undefined);
}
