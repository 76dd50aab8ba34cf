import { messageOf } from '../../base/errors.ts';
import type { QueuedJob } from './queue.ts';

/** The queue, looked at by one process at a time, however many ask. */
export interface QueueWatch {
  /** What the queue is, by a look that began after the call. Rejects with why the controller cannot be asked. */
  look(): Promise<readonly QueuedJob[]>;
  close(): void;
}

export interface QueueWatchOptions {
  readonly queue: () => Promise<readonly QueuedJob[]>;
  /** `askedAt`: when the look was begun, on a clock that only grows. */
  readonly onQueue: (jobs: readonly QueuedJob[], askedAt: number) => Promise<void>;
  /** How long until the next look, if nobody asks before. */
  readonly everyMs: () => number;
  readonly say: (message: string) => void;
}

const LONGEST_BACK_OFF_MS = 30_000;
/** Silence of the controller that is worth a line. */
const SAID_AFTER = 3;

/** Looks again and again, less often while the controller does not answer: that says nothing of the nodes. */
export function watchQueue({ queue, onQueue, everyMs, say }: QueueWatchOptions): QueueWatch {
  let isClosed = false;
  let timer: NodeJS.Timeout | undefined;
  let failures = 0;
  let running: Promise<readonly QueuedJob[]> | null = null;
  let next: Promise<readonly QueuedJob[]> | null = null;

  const once = async (): Promise<readonly QueuedJob[]> => {
    clearTimeout(timer);
    const askedAt = performance.now();
    try {
      const jobs = await queue();
      if (failures >= SAID_AFTER) say('Slurm answers again.');
      failures = 0;
      await onQueue(jobs, askedAt);
      return jobs;
    } catch (error) {
      failures += 1;
      if (failures === SAID_AFTER) say(`Slurm does not answer: ${messageOf(error)} Its nodes are taken as they were.`);
      throw error;
    } finally {
      running = null;
      if (!isClosed) schedule();
    }
  };

  const schedule = (): void => {
    clearTimeout(timer);
    timer = setTimeout(() => void look().catch(() => undefined), Math.min(LONGEST_BACK_OFF_MS, everyMs() * 2 ** Math.min(failures, 10)));
    timer.unref();
  };

  const begin = (): Promise<readonly QueuedJob[]> => (running = once());

  const look = (): Promise<readonly QueuedJob[]> => {
    if (running === null) return begin();
    // Those that ask during a look share the one that follows it.
    next ??= running.catch(() => undefined).then(() => {
      next = null;
      return begin();
    });
    return next;
  };

  schedule();
  return {
    look,
    close: () => {
      isClosed = true;
      clearTimeout(timer);
    },
  };
}
