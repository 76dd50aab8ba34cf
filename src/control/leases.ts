import type { NodeNumber } from '../core/keys.ts';

/**
 * The owner counts a lease by its own clock, from when it saw the agent fall silent or took over, and a little longer
 * than the agent does.
 */
const MARGIN_MS = 2_000;

/** As `PoolProvider.leaseOf`. */
export type LeaseOf = (node: NodeNumber) => number | null;

/**
 * Until when each silent agent may still run tasks, on a clock that only grows (`OwnerOptions.monotonic`). Of nodes
 * whose death the provider can prove (`leaseOf` gives null) nothing is counted.
 */
export class Leases {
  readonly #leaseOf: LeaseOf;
  readonly #until = new Map<NodeNumber, number>();

  constructor(leaseOf: LeaseOf) {
    this.#leaseOf = leaseOf;
  }

  silent(node: NodeNumber, now: number): void {
    const leaseMs = this.#leaseOf(node);
    if (leaseMs !== null) this.#until.set(node, now + leaseMs + MARGIN_MS);
  }

  /**
   * The provider says that the node runs: its agent has as long to come for the first time as a silent one has to come
   * back.
   */
  expect(node: NodeNumber, now: number): void {
    if (!this.#until.has(node)) this.silent(node, now);
  }

  end(node: NodeNumber): void {
    this.#until.delete(node);
  }

  /** These nodes are silent from now on, if not from before. */
  reconcile(nodes: readonly NodeNumber[], now: number): void {
    const before = new Map(this.#until);
    this.#until.clear();
    for (const node of nodes) {
      const known = before.get(node);
      if (known === undefined) this.silent(node, now);
      else this.#until.set(node, known);
    }
  }

  /** Those that have run out, once each. */
  expire(now: number): readonly NodeNumber[] {
    const expired = [...this.#until].filter(([, until]) => until <= now).map(([node]) => node);
    for (const node of expired) this.#until.delete(node);
    return expired;
  }

  next(): number | null {
    return this.#until.size === 0 ? null : Math.min(...this.#until.values());
  }
}
