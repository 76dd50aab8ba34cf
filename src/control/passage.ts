import { randomUUID } from 'node:crypto';
import type { NodeAnswer, NodeAsk } from '../agent/frames.ts';
import type { Instant, NodeNumber } from '../core/keys.ts';
import type { UnderWay } from '../core/underWay.ts';
import type { NodeAsks } from './nodeAsks.ts';
import type { OwnerOptions } from './ownerOptions.ts';
import type { Session } from './session.ts';

export interface PassageOptions {
  readonly options: Pick<OwnerOptions, 'clock' | 'clockOffsetMs'>;
  readonly nodeAsks: Pick<NodeAsks<NodeAsk, NodeAnswer>, 'ask'>;
  /** null: the account is not loaded. */
  readonly session: () => Session | null;
  /** See `Owner.wake`. */
  readonly wake: (signal: AbortSignal) => Promise<void>;
  /** Something is to be done: a turn is due. */
  readonly onWork: () => void;
}

/** An agent that has not done what is due by then is passed over. */
const ANSWER_WITHIN_MS = 20_000;

/**
 * How time passes for an owner where users set the clock. Each step of it ends when the owner has decided all that is
 * due, its commits are done and followed, and nothing of that is under way on nodes: so what the next step decides on
 * is what it would have been, had the time gone by.
 */
export class Passage {
  readonly #options: PassageOptions;
  /** Up to which report agents are to be acknowledged: what became due on their nodes is in these. */
  readonly #awaited = new Map<NodeNumber, number>();
  /** Who waits for the end of a turn. */
  readonly #onTurn = new Set<() => void>();

  constructor(options: PassageOptions) {
    this.#options = options;
  }

  /** To be called when a turn of the owner is over. */
  turned(): void {
    const all = [...this.#onTurn];
    this.#onTurn.clear();
    for (const happen of all) happen();
  }

  /** See `Owner.wake`. */
  wake(signal: AbortSignal): Promise<void> {
    return this.#options.wake(signal);
  }

  /** Nothing where the account is not loaded. */
  underWay(): readonly UnderWay[] {
    return [...(this.#options.session()?.core.underWay() ?? [])];
  }

  /** When the rules decide something by the clock alone; null: never. */
  nextTimer(): Instant | null {
    return this.#options.session()?.core.nextTimer() ?? null;
  }

  /**
   * Resolves when all that is due has been decided and is committed, and nothing is under way but what may go on
   * meanwhile (`leave`, by its name). Rejects when the owner ends or `signal` aborts.
   */
  async still(leave: ReadonlySet<string>, signal: AbortSignal): Promise<void> {
    while (!this.#isStill(leave)) {
      const turn = this.#turn(signal);
      if (this.#isDue) this.#options.onWork();
      await turn;
    }
  }

  /** Whether somebody waits for a turn that the clock alone makes due. */
  get isAwaited(): boolean {
    return this.#onTurn.size > 0 && this.#isDue;
  }

  /**
   * Tells all agents the time. Resolves when they have done what is due by it, with when the next wall clock on one of
   * them ends; null: none does. Agents that are away or of an earlier version are passed over.
   */
  async tell(signal: AbortSignal): Promise<Instant | null> {
    const { session, options, nodeAsks } = this.#options;
    const ask = { kind: 'clock', offsetMs: options.clockOffsetMs?.() ?? 0 } as const;
    const patience = AbortSignal.any([signal, AbortSignal.timeout(ANSWER_WITHIN_MS)]);
    const nodes = [...(session()?.nodes.keys() ?? [])];
    const answers = await Promise.all(nodes.map(async (node) => ({ node, answer: await nodeAsks.ask(node, randomUUID(), ask, patience) })));
    let next: Instant | null = null;
    for (const { node, answer } of answers) {
      if (answer.kind !== 'clock') continue;
      this.#awaited.set(node, answer.sequence);
      if (answer.nextAt !== null) next = Math.min(next ?? answer.nextAt, answer.nextAt);
    }
    return next;
  }

  #isStill(leave: ReadonlySet<string>): boolean {
    const session = this.#options.session();
    if (session === null || !session.isSettled || !this.#isHeard(session)) return false;
    if (this.#isDue) return false;
    for (const { name, mayGoOn } of session.core.underWay()) if (!mayGoOn || !leave.has(name)) return false;
    return true;
  }

  get #isDue(): boolean {
    const timer = this.nextTimer();
    return timer !== null && timer <= this.#options.options.clock();
  }

  #isHeard({ channels }: Session): boolean {
    for (const [node, sequence] of this.#awaited) {
      if (channels.has(node) && channels.acknowledged(node) < sequence) return false;
      this.#awaited.delete(node);
    }
    return true;
  }

  #turn(signal: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      const abort = (): void => {
        this.#onTurn.delete(happen);
        reject(new Error('gave up waiting for the owner'));
      };
      const happen = (): void => {
        signal.removeEventListener('abort', abort);
        resolve();
      };
      if (signal.aborted) return abort();
      signal.addEventListener('abort', abort, { once: true });
      this.#onTurn.add(happen);
    });
  }
}
