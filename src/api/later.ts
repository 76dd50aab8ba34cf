import type { Logger } from 'pino';

/** After a failure it is tried again after so long. */
const AGAIN_MS = 5_000;

/** Work that goes on after its answer, until it is done or the service ends: then the next service goes on with it. */
export interface Later {
  begin(what: string, work: () => Promise<void>): void;
  stop(): void;
}

export function createLater(log: Pick<Logger, 'error'>): Later {
  const waiting = new Set<NodeJS.Timeout>();
  let isStopped = false;
  const attempt = (what: string, work: () => Promise<void>): void => {
    if (isStopped) return;
    work().catch((error: unknown) => {
      if (isStopped) return;
      log.error({ error }, `${what} was interrupted, and is tried again`);
      const timer = setTimeout(() => {
        waiting.delete(timer);
        attempt(what, work);
      }, AGAIN_MS);
      waiting.add(timer);
    });
  };
  return {
    begin: attempt,
    stop: () => {
      isStopped = true;
      for (const timer of waiting) clearTimeout(timer);
    },
  };
}
