import type { Logger } from 'pino';

/** After a failure it is tried again after so long. */
const AGAIN_MS = 5_000;

/** Where several processes could do the same work: one does it. */
export interface WorkHold {
  /** False: another process that lives does it. */
  take(work: string): Promise<boolean>;
  release(work: string): Promise<void>;
}

/** Work that goes on after its answer, until it is done or the service ends: then the next service goes on with it. */
export interface Later {
  /** `key`: what is the same work under the same key, here and in other processes, is done once at a time. */
  begin(what: string, key: string, work: () => Promise<void>): void;
  /**
   * As `begin`, of what was begun in another life, or by a process that may have ended: nothing where it is under way.
   */
  resume(what: string, key: string, work: () => Promise<void>): void;
  stop(): void;
}

export function createLater(log: Pick<Logger, 'error'>, hold?: WorkHold): Later {
  const waiting = new Set<NodeJS.Timeout>();
  const underWay = new Map<string, number>();
  let isStopped = false;
  const held = async (key: string, work: () => Promise<void>): Promise<void> => {
    if (hold === undefined) return work();
    if (!(await hold.take(key))) return;
    underWay.set(key, (underWay.get(key) ?? 0) + 1);
    try {
      await work();
    } finally {
      const others = (underWay.get(key) ?? 1) - 1;
      underWay.set(key, others);
      if (others === 0) {
        underWay.delete(key);
        await hold.release(key).catch((error: unknown) => log.error({ error }, 'other processes could not be told that some work is done'));
      }
    }
  };
  const attempt = (what: string, key: string, work: () => Promise<void>): void => {
    if (isStopped) return;
    held(key, work).catch((error: unknown) => {
      if (isStopped) return;
      log.error({ error }, `${what} was interrupted, and is tried again`);
      const timer = setTimeout(() => {
        waiting.delete(timer);
        attempt(what, key, work);
      }, AGAIN_MS);
      waiting.add(timer);
    });
  };
  return {
    begin: attempt,
    resume: (what, key, work) => {
      if (!underWay.has(key)) attempt(what, key, work);
    },
    stop: () => {
      isStopped = true;
      for (const timer of waiting) clearTimeout(timer);
    },
  };
}
