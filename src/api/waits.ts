import type { SettableClock } from '../ports.ts';
import type { Parts } from './call.ts';

/** How long a request waits for others, on a clock that only grows. */
export class Waits {
  readonly #now: () => number;
  /** Milliseconds. */
  totalMs = 0;

  constructor(now: () => number) {
    this.#now = now;
  }

  /** What `other` takes is not our time. */
  async for<Result>(other: Promise<Result>): Promise<Result> {
    const begunAt = this.#now();
    try {
      return await other;
    } finally {
      this.totalMs += this.#now() - begunAt;
    }
  }

  /** The parts of a handler, whose waits for owners and nodes are counted here. */
  countedIn(parts: Parts): Parts {
    const { wake, files, settableClock } = parts;
    return {
      ...parts,
      wake: {
        wake: (account, signal) => this.for(wake.wake(account, signal)),
        sweep: (account, added) => wake.sweep(account, added),
        ended: (account, job, task, signal) => this.for(wake.ended(account, job, task, signal)),
      },
      files: {
        ask: (account, node, ask, signal) => this.for(files.ask(account, node, ask, signal)),
        read: (account, node, ask, signal) => this.for(files.read(account, node, ask, signal)),
      },
      settableClock: settableClock === null ? null : this.#countedInClock(settableClock),
    };
  }

  #countedInClock(clock: SettableClock): SettableClock {
    return {
      now: () => clock.now(),
      get offsetMs() {
        return clock.offsetMs;
      },
      advance: (ask, signal) => this.for(clock.advance(ask, signal)),
    };
  }
}
