import { setTimeout as delay } from 'node:timers/promises';
import { isNoRoom } from '../processes/noRoom.ts';
import { messageOf } from './failures.ts';
import { say } from './log.ts';

const RETRY_MS = 1_000;

/**
 * Does it again each second while the disk is full: an agent waits for room, and says so once. Throws everything else,
 * and what is thrown when the signal has aborted.
 */
export async function whenRoom<T>(action: () => T, signal: AbortSignal, retryMs = RETRY_MS): Promise<T> {
  for (let hasSaid = false; ; hasSaid = true) {
    try {
      return action();
    } catch (error) {
      if (!isNoRoom(error) || signal.aborted) throw error;
      if (!hasSaid) say(`waits for room on its disk: ${messageOf(error)}`);
      await delay(retryMs, undefined, { signal }).catch(() => {});
    }
  }
}
