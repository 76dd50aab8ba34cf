import type { Instant } from '../core/keys.ts';

export interface VirtualClockOptions {
  /** The time of day that it runs on with; never goes back (`steadyClock`). */
  readonly real: () => Instant;
  /** What was kept last. */
  readonly offsetMs: number;
  /** Makes an offset durable. */
  readonly keep: (offsetMs: number) => Promise<void>;
}

/**
 * Where many short steps follow each other, the offset of the last one is kept, no further ahead than this: a service
 * that is killed between them goes on from there, and decides what was due by then at once.
 */
const KEPT_AHEAD_MS = 3_600_000;

/** The time of day of a service whose users set it: the real one and an offset, which only grows (docs/clock.md). */
export class VirtualClock {
  readonly #real: () => Instant;
  readonly #keep: (offsetMs: number) => Promise<void>;
  #offsetMs: number;
  /** What is durable: never less than the offset. */
  #keptMs: number;

  constructor({ real, offsetMs, keep }: VirtualClockOptions) {
    this.#real = real;
    this.#keep = keep;
    this.#offsetMs = offsetMs;
    this.#keptMs = offsetMs;
  }

  now(): Instant {
    return this.#real() + this.#offsetMs;
  }

  /** Whole milliseconds. */
  get offsetMs(): number {
    return this.#offsetMs;
  }

  /**
   * Lets time pass at once until the clock is so far ahead, on the way to where it is to be in the end; whoever sees a
   * time of it has seen what is durable. Throws what keeping it throws: then none has passed.
   */
  async move(toMs: number, inTheEndMs: number): Promise<void> {
    if (toMs > this.#keptMs) await this.#keepAs(Math.max(toMs, Math.min(inTheEndMs, toMs + KEPT_AHEAD_MS)));
    this.#offsetMs = Math.max(this.#offsetMs, toMs);
  }

  /** It goes no further for now: what was kept ahead is not. */
  async stay(): Promise<void> {
    if (this.#keptMs > this.#offsetMs) await this.#keepAs(this.#offsetMs);
  }

  async #keepAs(offsetMs: number): Promise<void> {
    await this.#keep(offsetMs);
    this.#keptMs = offsetMs;
  }
}
