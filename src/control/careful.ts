import type { CoreEvent } from '../core/events.ts';
import type { NodeNumber } from '../core/keys.ts';

/**
 * Agents that said something in the tick that failed are waited for so long: what they say again may be what it failed
 * on.
 */
const WAIT_FOR_AGENTS_MS = 60_000;

/**
 * What a tick is to take: all there is, the oldest of what has arrived, one thing out of the inbox, or nothing but the
 * time.
 */
export type Portion = 'all' | 'arrived' | 'inbox' | 'nothing';

/**
 * Why an owner goes on carefully: the rules have failed. It outlasts the sessions that fail, until one of them has
 * found nothing any more (`CarefulSteps`). Kept in it: which agents may say again what the rules failed on, and whether
 * what is loaded is to be looked through.
 */
export class Careful {
  /** Nodes whose agents said something in the tick that failed, and up to which of their reports; 0: hello alone. */
  readonly #suspects: Map<NodeNumber, number>;
  readonly #until: number;
  /**
   * Whether what is loaded is to be looked through for what the rules fail on: they failed on nothing that a tick took.
   * `inVain`: it was, and nothing was found.
   */
  #search: 'no' | 'due' | 'inVain' = 'no';

  /** `suspects`: nodes whose agents the failed tick heard, and up to which report. `now` by the monotonic clock. */
  constructor(suspects: ReadonlyMap<NodeNumber, number>, now: number) {
    this.#suspects = new Map(suspects);
    this.#until = now + WAIT_FOR_AGENTS_MS;
  }

  /** The next load looks through what it loads. Returns false if that was in vain before. */
  search(): boolean {
    if (this.#search === 'inVain') return false;
    this.#search = 'due';
    return true;
  }

  get isSearchDue(): boolean {
    return this.#search === 'due';
  }

  searched(hasFound: boolean): void {
    this.#search = hasFound ? 'no' : 'inVain';
  }

  /** What the agent said up to this report (0: hello) has passed, or is in quarantine. */
  heard(node: NodeNumber, sequence: number): void {
    const suspect = this.#suspects.get(node);
    if (suspect !== undefined && sequence >= suspect) this.#suspects.delete(node);
  }

  /** Whether agents may still repeat what the rules failed on. */
  waits(now: number): boolean {
    return this.#suspects.size > 0 && now < this.#until;
  }
}

/**
 * A session of a careful owner: one thing a tick, so that what the rules fail on is found by itself. First the time
 * alone, on what was loaded. It is over when everything has passed that was pending: the inbox as it was, what arrived,
 * and what agents repeat of what they said in the tick that failed.
 */
export class CarefulSteps {
  readonly #careful: Careful;
  /** Whether time alone, on what was loaded, has passed: only then can what a tick takes be what it fails on. */
  #hasBegun = false;
  /** Whose turn it was last. */
  #last: 'arrived' | 'inbox' = 'inbox';
  /** The sweep that covers what was pending; null: not asked for yet. */
  #sweep: number | null = null;

  constructor(careful: Careful) {
    this.#careful = careful;
  }

  /**
   * What the next tick takes. `arrived`: how many events wait; `inbox`: whether it, or the new tasks of a job, are to
   * be read.
   */
  portion(arrived: number, inbox: boolean): Portion {
    // After a load the first of them is how much room the provider has: the rules must know it before they decide
    // anything.
    if (!this.#hasBegun) return arrived > 0 ? 'arrived' : 'nothing';
    if (arrived > 0 && (this.#last === 'inbox' || !inbox)) return 'arrived';
    return inbox ? 'inbox' : 'nothing';
  }

  /** Whether a tick that fails now fails on what it took. */
  get isByItself(): boolean {
    return this.#hasBegun;
  }

  /**
   * A tick has been committed. `events`: what it took; `sequenceOf`: the number of an agent's report, 0 for a hello.
   * `sweep`: asks for a sweep and returns its number; `covered`: the last one that is. Returns whether carefulness is
   * over with it.
   */
  passed(portion: Portion, tick: { readonly events: readonly CoreEvent[]; readonly sequenceOf: (event: CoreEvent) => number; readonly sweep: () => number; readonly covered: number; readonly arrived: number; readonly now: number }): boolean {
    this.#hasBegun = true;
    if (portion === 'arrived' || portion === 'inbox') this.#last = portion;
    for (const event of tick.events) if (event.kind === 'agent') this.#careful.heard(event.node, tick.sequenceOf(event));
    this.#sweep ??= tick.sweep();
    return tick.covered >= this.#sweep && tick.arrived === 0 && !this.#careful.waits(tick.now);
  }
}
