import type { SilenceStep } from '../core/events.ts';
import type { NodeNumber } from '../core/keys.ts';

/** After how long a silent agent is given up, step by step, in milliseconds from when it was last heard. */
export interface SilenceBounds {
  /** Its node reads `unknown`. */
  readonly unknownMs: number;
  /** It is ended, if its pool wants the node gone. */
  readonly goneMs: number;
  /** It is ended in any case, and the node begins its next life. */
  readonly restartMs: number;
}

export const SILENCE_BOUNDS: SilenceBounds = { unknownMs: 30_000, goneMs: 60_000, restartMs: 180_000 };

/**
 * Counted as heard at most this long between two looks. The owner looks each second. When it looks later, the whole
 * process was held up (stopped, or short of processor time), and agents that spoke meanwhile have not been heard yet.
 */
const MOST_BETWEEN_LOOKS_MS = 3_000;

type Step = readonly [step: SilenceStep, ms: number];

interface Silent {
  readonly since: number;
  /** Steps told already. */
  told: number;
}

/**
 * How long agents without a channel have been silent, in time in which the owner listened, on a clock that only grows
 * (`OwnerOptions.monotonic`).
 */
export class Silence {
  readonly #steps: readonly Step[];
  readonly #mayEnd: (node: NodeNumber) => boolean;
  readonly #silent = new Map<NodeNumber, Silent>();
  #listenedMs = 0;
  #lookedAt: number | null = null;

  /** `mayEnd`: the provider can end the agent of a node when it does not answer, and prove its death. */
  constructor(bounds: SilenceBounds, mayEnd: (node: NodeNumber) => boolean) {
    const { unknownMs, goneMs, restartMs } = bounds;
    this.#steps = [['unknown', unknownMs], ['gone', goneMs], ['restart', restartMs]];
    this.#mayEnd = mayEnd;
  }

  /** Not heard since `unheardMs` before `now`. */
  begin(node: NodeNumber, now: number, unheardMs: number): void {
    if (!this.#silent.has(node)) this.#silent.set(node, { since: this.#listen(now) - unheardMs, told: 0 });
  }

  end(node: NodeNumber): void {
    this.#silent.delete(node);
  }

  /**
   * The account has been loaded: these nodes are silent from now on, if not from before. What was told of them is told
   * again. Nobody listened since the last look: while an account is not loaded, agents that come are sent away.
   */
  reconcile(nodes: readonly NodeNumber[], now: number): void {
    const before = new Map(this.#silent);
    this.#silent.clear();
    const listened = this.#listenedMs;
    this.#lookedAt = now;
    for (const node of nodes) this.#silent.set(node, { since: before.get(node)?.since ?? listened, told: 0 });
  }

  /** The steps that have been reached, once each. */
  due(now: number): readonly { readonly node: NodeNumber; readonly step: SilenceStep; readonly silentMs: number }[] {
    const listened = this.#listen(now);
    const due: { node: NodeNumber; step: SilenceStep; silentMs: number }[] = [];
    for (const [node, silent] of this.#silent) {
      for (const [step, ms] of this.#stepsOf(node).slice(silent.told)) {
        if (listened - silent.since < ms) break;
        silent.told += 1;
        due.push({ node, step, silentMs: listened - silent.since });
      }
    }
    return due;
  }

  /** When the next step is due, if the owner listens until then; null: never. */
  next(now: number): number | null {
    if (this.#silent.size === 0) return null;
    const listened = this.#listen(now);
    let waitMs = Number.POSITIVE_INFINITY;
    for (const [node, { since, told }] of this.#silent) {
      const [, ms] = this.#stepsOf(node)[told] ?? [];
      if (ms !== undefined) waitMs = Math.min(waitMs, since + ms - listened);
    }
    return waitMs === Number.POSITIVE_INFINITY ? null : now + waitMs;
  }

  #stepsOf(node: NodeNumber): readonly Step[] {
    return this.#mayEnd(node) ? this.#steps : this.#steps.slice(0, 1);
  }

  #listen(now: number): number {
    this.#listenedMs += Math.max(0, Math.min(now - (this.#lookedAt ?? now), MOST_BETWEEN_LOOKS_MS));
    this.#lookedAt = now;
    return this.#listenedMs;
  }
}
