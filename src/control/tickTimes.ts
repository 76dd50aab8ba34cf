/** The parts of a tick, in their order. */
export type TickPhase = 'load' | 'read' | 'decide' | 'commit' | 'dispatch';

/** A turn whose ticks take longer than this each is told of. */
const SLOW_MS = 1_000;

/**
 * How long the parts of one turn take, which is a tick or several (`decide` comes once in each), on a clock that only
 * grows.
 */
export class TickTimes {
  readonly #now: () => number;
  readonly #begunAt: number;
  readonly #ms: Record<TickPhase, number> = { load: 0, read: 0, decide: 0, commit: 0, dispatch: 0 };
  #phase: TickPhase = 'load';
  #decided = 0;
  #events = 0;
  #enteredAt: number;

  constructor(now: () => number) {
    this.#now = now;
    this.#begunAt = now();
    this.#enteredAt = this.#begunAt;
  }

  /** From now on until the next call time is spent on `phase`, which may come twice. */
  enter(phase: TickPhase): void {
    this.#count();
    this.#phase = phase;
    if (phase === 'decide') this.#decided += 1;
  }

  /** A tick took in so many events. */
  tookIn(events: number): void {
    this.#events += events;
  }

  /** Of the whole turn. */
  figures(): { readonly ticks: number; readonly events: number; readonly ms: number } {
    this.#count();
    return { ticks: this.#decided, events: this.#events, ms: this.#enteredAt - this.#begunAt };
  }

  #count(): void {
    const now = this.#now();
    this.#ms[this.#phase] += now - this.#enteredAt;
    this.#enteredAt = now;
  }

  /** Whole milliseconds, of all as `tickMs` and by part as `commitMs`; null for a turn that was not slow. */
  slow(): Readonly<Record<string, number>> | null {
    this.#count();
    const tickMs = this.#enteredAt - this.#begunAt;
    if (tickMs <= SLOW_MS * Math.max(1, this.#decided)) return null;
    const parts = Object.entries(this.#ms).map(([phase, ms]) => [`${phase}Ms`, Math.round(ms)] as const);
    return { tickMs: Math.round(tickMs), ...Object.fromEntries(parts.filter(([, ms]) => ms > 0)) };
  }
}
