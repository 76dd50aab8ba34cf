/** So many callers are kept waiting at once; the next one is told so, and goes on without. */
export const MOST_WAITERS = 10_000;

interface Waiter {
  readonly resolve: () => void;
  readonly reject: (error: Error) => void;
}

/**
 * Callers that wait until the owner has done a numbered sweep (see `Sweeps`). Sweeps are done in the order of their
 * numbers, so what is asked for later never puts an earlier caller back.
 */
export class Waiters {
  /** By the sweep they wait for, the earliest first: sweeps are asked for in ascending order. */
  readonly #bySweep = new Map<number, Set<Waiter>>();
  #count = 0;

  get count(): number {
    return this.#count;
  }

  /**
   * Resolves when `done` is told of this sweep or a later one. Rejects at once when too many wait, and when `signal`
   * aborts or the owner ends.
   */
  wait(sweep: number, signal?: AbortSignal): Promise<void> {
    if (this.#count >= MOST_WAITERS) return Promise.reject(new Error('too many wait for the owner'));
    if (signal?.aborted === true) return Promise.reject(gaveUp());
    return new Promise<void>((resolve, reject) => {
      const abort = (): void => {
        this.#forget(sweep, waiter);
        reject(gaveUp());
      };
      const heard = (): void => signal?.removeEventListener('abort', abort);
      const waiter: Waiter = {
        resolve: () => {
          heard();
          resolve();
        },
        reject: (error) => {
          heard();
          reject(error);
        },
      };
      signal?.addEventListener('abort', abort, { once: true });
      const others = this.#bySweep.get(sweep);
      if (others === undefined) this.#bySweep.set(sweep, new Set([waiter]));
      else others.add(waiter);
      this.#count += 1;
    });
  }

  /** All sweeps up to this one are done and committed. */
  done(sweep: number): void {
    for (const [number, waiters] of this.#bySweep) {
      if (number > sweep) return;
      this.#bySweep.delete(number);
      this.#count -= waiters.size;
      for (const waiter of waiters) waiter.resolve();
    }
  }

  rejectAll(error: Error): void {
    const all = [...this.#bySweep.values()];
    this.#bySweep.clear();
    this.#count = 0;
    for (const waiters of all) for (const waiter of waiters) waiter.reject(error);
  }

  #forget(sweep: number, waiter: Waiter): void {
    const others = this.#bySweep.get(sweep);
    if (others?.delete(waiter) !== true) return;
    this.#count -= 1;
    if (others.size === 0) this.#bySweep.delete(sweep);
  }
}

function gaveUp(): Error {
  return new Error('gave up waiting for the owner');
}
