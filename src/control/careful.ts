import type { CoreEvent } from '../core/events.ts';
import type { NodeNumber } from '../core/keys.ts';

/** Agents that said something in the tick that failed are waited for so long: what they say again may be what it failed on. */
const WAIT_FOR_AGENTS_MS = 60_000;

/** What a tick is to take: all there is, the oldest of what has arrived, one thing out of the inbox, or nothing but the time. */
export type Portion = 'all' | 'arrived' | 'inbox' | 'nothing';

interface State {
  /** Whether time alone, on what was loaded, has passed: only then can what a tick takes be what it fails on. */
  hasBegun: boolean;
  /** Whose turn it was last. */
  last: 'arrived' | 'inbox';
  /** The sweep that covers what was pending; null: not asked for yet. */
  sweep: number | null;
  /** Nodes whose agents said something in the tick that failed, and up to which of their reports; 0: hello alone. */
  readonly suspects: Map<NodeNumber, number>;
  until: number;
  /** Whether what is loaded is to be looked through for what the rules fail on: they failed on nothing that a tick took. `inVain`: it was, and nothing was found. */
  search: 'no' | 'due' | 'inVain';
}

/**
 * Whether an owner goes on carefully: after the rules failed, one thing a tick, so that what they fail on is found by itself. First the time alone, on what was loaded.
 * Careful until everything has passed that was pending: the inbox as it was, what arrived, and what agents repeat of what they said in the tick that failed.
 */
export class Careful {
  #state: State | null = null;

  get isOn(): boolean {
    return this.#state !== null;
  }

  /** `suspects`: nodes whose agents the failed tick heard, and up to which report. `now` by the monotonic clock. */
  begin(suspects: ReadonlyMap<NodeNumber, number>, now: number): void {
    this.#state = { hasBegun: false, last: 'inbox', sweep: null, suspects: new Map(suspects), until: now + WAIT_FOR_AGENTS_MS, search: 'no' };
  }

  /** The account is loaded anew. */
  beginAgain(): void {
    if (this.#state !== null) Object.assign(this.#state, { hasBegun: false, sweep: null });
  }

  /** The next load looks through what it loads. Returns false if that was in vain before. */
  search(): boolean {
    if (this.#state === null || this.#state.search === 'inVain') return false;
    this.#state.search = 'due';
    return true;
  }

  get isSearchDue(): boolean {
    return this.#state?.search === 'due';
  }

  searched(hasFound: boolean): void {
    if (this.#state !== null) this.#state.search = hasFound ? 'no' : 'inVain';
  }

  /** What the next tick takes. `arrived`: how many events wait; `inbox`: whether it, or the new tasks of a job, are to be read. */
  portion(arrived: number, inbox: boolean): Portion {
    if (this.#state === null) return 'all';
    // After a load the first of them is how much room the provider has: the rules must know it before they decide anything.
    if (!this.#state.hasBegun) return arrived > 0 ? 'arrived' : 'nothing';
    if (arrived > 0 && (this.#state.last === 'inbox' || !inbox)) return 'arrived';
    return inbox ? 'inbox' : 'nothing';
  }

  /** Whether a tick that fails now fails on what it took. */
  get isByItself(): boolean {
    return this.#state?.hasBegun === true;
  }

  /**
   * A tick has been committed. `events`: what it took; `sequenceOf`: the number of an agent's report, 0 for a hello. `sweep`: asks for a sweep and returns its number;
   * `covered`: the last one that is. Returns whether carefulness has ended with it.
   */
  passed(portion: Portion, tick: { readonly events: readonly CoreEvent[]; readonly sequenceOf: (event: CoreEvent) => number; readonly sweep: () => number; readonly covered: number; readonly arrived: number; readonly now: number }): boolean {
    const state = this.#state;
    if (state === null) return false;
    state.hasBegun = true;
    if (portion === 'arrived' || portion === 'inbox') state.last = portion;
    for (const event of tick.events) if (event.kind === 'agent') this.heard(event.node, tick.sequenceOf(event));
    state.sweep ??= tick.sweep();
    if (tick.covered < state.sweep || tick.arrived > 0 || (state.suspects.size > 0 && tick.now < state.until)) return false;
    this.#state = null;
    return true;
  }

  /** What the agent said up to this report (0: hello) has passed, or is in quarantine. */
  heard(node: NodeNumber, sequence: number): void {
    const suspect = this.#state?.suspects.get(node);
    if (suspect !== undefined && sequence >= suspect) this.#state?.suspects.delete(node);
  }
}
