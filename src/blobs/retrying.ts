import { setTimeout as delay } from 'node:timers/promises';
import type { TransferOptions } from './exchange.ts';
import { TransferError } from './transferError.ts';

const FIRST_PAUSE_MS = 250;
const LONGEST_PAUSE_MS = 2_000;

/**
 * Tries again while the failures are transient, until the other side has been away for `retryMs` or `signal` aborts: a
 * storage that restarts, or throttles for a moment, must not fail a task that has done its work. Pauses grow, and are
 * as long as the server asks for (Retry-After); the last try is made when the time is up.
 */
export async function retrying<T>({ signal, retryMs, outage = { since: null }, onRetry }: Retrying, action: () => Promise<T>): Promise<T> {
  let failingSince: number | null = null;
  for (let pauseMs = FIRST_PAUSE_MS; ; pauseMs = Math.min(2 * pauseMs, LONGEST_PAUSE_MS)) {
    try {
      const done = await action();
      outage.since = null;
      return done;
    } catch (error) {
      if (signal.aborted || !(error instanceof TransferError) || !error.isTransient) throw error;
      failingSince ??= performance.now();
      outage.since ??= failingSince;
      const leftMs = retryMs - (performance.now() - Math.min(failingSince, outage.since));
      if (leftMs <= 0) throw error;
      const waitMs = Math.min(Math.max(pauseMs, error.retryAfterMs ?? 0), leftMs);
      onRetry?.(error, waitMs);
      await delay(waitMs, undefined, { signal });
    }
  }
}

type Retrying = Pick<TransferOptions, 'retryMs' | 'signal' | 'outage' | 'onRetry'>;
