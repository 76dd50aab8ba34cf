import type { CoreEvent } from '../core/events.ts';
import type { NodeNumber } from '../core/keys.ts';
import type { NodeStatus } from '../core/status.ts';
import { type LeaseOf, Leases } from './leases.ts';
import { Silence, type SilenceBounds } from './silence.ts';

type Absence = Extract<CoreEvent, { kind: 'leaseExpired' | 'unheard' }>;

/** Agents that are not connected: their leases, and how long they have been silent. */
export class Absent {
  readonly #leases: Leases;
  readonly #silence: Silence;

  /** `leaseOf`: the provider's; null: it can prove a death, and so end an agent that does not answer. */
  constructor(leaseOf: LeaseOf, bounds: SilenceBounds) {
    this.#leases = new Leases(leaseOf);
    this.#silence = new Silence(bounds, (node) => leaseOf(node) === null);
  }

  /** The channel is down, over which nothing was heard for `unheardMs`. */
  silent(node: NodeNumber, now: number, unheardMs: number): void {
    this.#leases.silent(node, now);
    this.#silence.begin(node, now, unheardMs);
  }

  /**
   * The provider says that the node runs: its agent has as long to come for the first time as a silent one has to come
   * back.
   */
  expect(node: NodeNumber, now: number): void {
    this.#leases.expect(node, now);
    this.#silence.begin(node, now, 0);
  }

  /** It is back, or what was counted is of a life that is over. */
  end(node: NodeNumber): void {
    this.#leases.end(node);
    this.#silence.end(node);
  }

  /**
   * Agents that do not come back after we took over are silent from now on, if not from before. Of nodes being created,
   * or sought again, only those count that the provider sees run; deallocated ones have none.
   */
  reconcile(nodes: readonly NodeStatus[], runs: (node: NodeNumber) => boolean, now: number): void {
    const expected = nodes.filter(({ node, state }) => (state !== 'creating' && state !== 'preempted' && state !== 'deallocated') || runs(node)).map(({ node }) => node);
    this.#leases.reconcile(expected, now);
    this.#silence.reconcile(expected, now);
  }

  /** What the rules are to be told now. */
  due(now: number): readonly Absence[] {
    const expired = this.#leases.expire(now).map((node) => ({ kind: 'leaseExpired', node }) as const);
    const unheard = this.#silence.due(now).map((silent) => ({ kind: 'unheard', ...silent }) as const);
    return [...expired, ...unheard];
  }

  next(now: number): number | null {
    const lease = this.#leases.next();
    const silence = this.#silence.next(now);
    return lease === null || silence === null ? (lease ?? silence) : Math.min(lease, silence);
  }
}
