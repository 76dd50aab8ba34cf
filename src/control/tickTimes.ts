/** The parts of a tick, in their order. */
export type TickPhase = 'load' | 'read' | 'decide' | 'commit' | 'dispatch';

/** A tick that takes longer is told of. */
const SLOW_MS = 1_000;

/** How long the parts of one tick take, on a clock that only grows. */
export class TickTimes {
  readonly #now: () => number;
  readonly #begunAt: number;
  readonly #ms: Record<TickPhase, number> = { load: 0, read: 0, decide: 0, commit: 0, dispatch: 0 };
  #phase: TickPhase = 'load';
  #enteredAt: number;

  constructor(now: () => number) {
    this.#now = now;
    this.#begunAt = now();
    this.#enteredAt = this.#begunAt;
  }

  /** From now on until the next call time is spent on `phase`, which may come twice. */
  enter(phase: TickPhase): void {
    const now = this.#now();
    this.#ms[this.#phase] += now - this.#enteredAt;
    this.#phase = phase;
    this.#enteredAt = now;
  }

  /** Whole milliseconds, of all as `tickMs` and by part as `commitMs`; null for a tick that was not slow. */
  slow(): Readonly<Record<string, number>> | null {
    this.enter(this.#phase);
    const tickMs = this.#enteredAt - this.#begunAt;
    if (tickMs <= SLOW_MS) return null;
    const parts = Object.entries(this.#ms).map(([phase, ms]) => [`${phase}Ms`, Math.round(ms)] as const);
    return { tickMs: Math.round(tickMs), ...Object.fromEntries(parts.filter(([, ms]) => ms > 0)) };
  }
}
