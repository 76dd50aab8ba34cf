import type { Command } from '../core/decisions.ts';
import type { NodeObservation } from '../core/events.ts';
import type { NodeNumber } from '../core/keys.ts';
import type { NodeStatus } from '../core/status.ts';
import type { Observation } from '../nodes/provider.ts';
import type { OwnerOptions } from './ownerOptions.ts';

const RELEASE_GRACE_MS = 2_000;

/** The provider as its owner uses it: asks never throw, what fails comes back as an observation. */
export class NodeSource {
  readonly #options: Pick<OwnerOptions, 'provider' | 'credentials' | 'agentUrl' | 'log'>;
  readonly #onObserved: (observation: Observation) => void;
  /** What was seen while the provider made its list: newer than the list. null: no list is being made. */
  #meanwhile: Observation[] | null = null;
  #stopWatching: () => void = () => undefined;
  /** Lives of nodes that the provider failed to release, by `lifeOf`: nothing else would ask again, and their pool would never be gone. */
  readonly #unreleased = new Map<string, { readonly node: NodeNumber; readonly life: number }>();

  constructor(options: Pick<OwnerOptions, 'provider' | 'credentials' | 'agentUrl' | 'log'>, onObserved: (observation: Observation) => void) {
    this.#options = options;
    this.#onObserved = onObserved;
  }

  watch(): void {
    this.#stopWatching = this.#options.provider.watch((observation) => {
      if (this.#meanwhile === null) this.#onObserved(observation);
      else this.#meanwhile.push(observation);
    });
  }

  stopWatching(): void {
    this.#stopWatching();
  }

  /** What is true of each of these nodes now; what is there of others, or of other lives of them, is released. */
  async truth(nodes: readonly NodeStatus[]): Promise<readonly { readonly node: NodeStatus; readonly observed: NodeObservation }[]> {
    const meanwhile: Observation[] = [];
    this.#meanwhile = meanwhile;
    try {
      // Two lives of a node may be there at once: one on its way out, one on its way in.
      const seen = new Map([...(await this.#options.provider.list()), ...meanwhile].map((observation) => [lifeOf(observation), observation]));
      const known = new Set(nodes.map(lifeOf));
      for (const [life, observation] of seen) if (!known.has(life)) this.release(observation.node, observation.life);
      return nodes.map((node) => ({ node, observed: seen.get(lifeOf(node))?.observed ?? { kind: 'ended', reason: 'the provider does not know it' } }));
    } finally {
      this.#meanwhile = null;
    }
  }

  acquire(command: Extract<Command, { kind: 'acquire' }>, node: NodeStatus): void {
    const { provider, credentials, agentUrl, log } = this.#options;
    const { life, pool, dedicated } = command;
    const credential = credentials.issue(node.node, life);
    provider
      .acquire({ node: node.node, nodeId: node.id, life, pool, dedicated, slots: node.slots, agentUrl, credential })
      .catch((error: unknown) => {
        log.warn({ error, node: node.id }, 'the provider did not give a node');
        this.#onObserved({ node: node.node, life, observed: { kind: 'failed', reason: error instanceof Error ? error.message : String(error) } });
      });
  }

  release(node: NodeNumber, life: number): void {
    const { provider, log } = this.#options;
    this.#unreleased.delete(lifeOf({ node, life }));
    provider.release(node, life, RELEASE_GRACE_MS).catch((error: unknown) => {
      log.error({ error, node }, 'a node could not be released: trying again');
      this.#unreleased.set(lifeOf({ node, life }), { node, life });
    });
  }

  /** Tries again what failed. To be called every second or so. */
  releaseAgain(): void {
    for (const { node, life } of this.#unreleased.values()) this.release(node, life);
  }

  /** Ends agents and tasks; what lies on the nodes stays. */
  async halt(nodes: readonly NodeStatus[], graceMs: number): Promise<void> {
    const { provider, log } = this.#options;
    const ended = await Promise.allSettled(nodes.map((node) => provider.halt(node.node, node.life, graceMs)));
    for (const result of ended) if (result.status === 'rejected') log.error({ error: result.reason }, 'a node could not be ended');
  }
}

const lifeOf = ({ node, life }: { readonly node: NodeNumber; readonly life: number }): string => `${node}.${life}`;
