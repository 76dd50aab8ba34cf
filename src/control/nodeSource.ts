import type { Command } from '../core/decisions.ts';
import type { NodeObservation } from '../core/events.ts';
import type { NodeNumber } from '../core/keys.ts';
import { accountOf } from '../core/node/numbers.ts';
import type { NodeStatus } from '../core/status.ts';
import { EngineAway } from '../nodes/away.ts';
import type { Observation } from '../nodes/provider.ts';
import type { PoolAdd } from '../wire/types.generated.ts';
import { machineOf } from './nodeRequest.ts';
import type { OwnerOptions } from './ownerOptions.ts';

/** How long an agent has to end its tasks, of which it gives them a part to end by themselves (`LEAVE_DEADLINE_MS`). */
const RELEASE_GRACE_MS = 2_000;
/** What the provider fails to do is asked again after this, then after twice as long each time. */
const ASK_AGAIN_FIRST_MS = 1_000;
const ASK_AGAIN_MOST_MS = 60_000;

/** A life that is to end: with what lies on the node (`release`), or so that its next life finds that (`halt`). */
interface Ending {
  readonly act: 'release' | 'halt';
  readonly node: NodeNumber;
  readonly life: number;
  /** For the log; null: the account has no such node. */
  readonly nodeId: string | null;
  /** Its agent does not answer. */
  readonly silent: boolean;
}

/** One that the provider failed at: nothing else would ask again, and its pool would never be gone. */
interface Failed {
  readonly ending: Ending;
  readonly tries: number;
  /** On the monotonic clock; null: it is being tried. */
  readonly againAt: number | null;
}

type SourceOptions = Pick<OwnerOptions, 'account' | 'provider' | 'credentials' | 'agentUrl' | 'monotonic' | 'log'>;

/** The provider as its owner uses it: asks never throw, what fails comes back as an observation. */
export class NodeSource {
  readonly #options: SourceOptions;
  readonly #onObserved: (observation: Observation) => void;
  readonly #idOf: (node: NodeNumber) => string | null;
  /** What was seen while the provider made its list: newer than the list. null: no list is being made. */
  #meanwhile: Observation[] | null = null;
  #stopWatching: () => void = () => undefined;
  /** By `lifeOf`. */
  readonly #failed = new Map<string, Failed>();
  #maxNodes: Promise<number | null> | null = null;
  /** An engine could not be asked for its nodes; null: all were. */
  #away: { readonly tries: number; readonly againAt: number } | null = null;

  constructor(options: SourceOptions, onObserved: (observation: Observation) => void, idOf: (node: NodeNumber) => string | null) {
    this.#options = options;
    this.#idOf = idOf;
    this.#onObserved = onObserved;
  }

  watch(): void {
    const { account, provider } = this.#options;
    this.#stopWatching = provider.watch((observation) => {
      if (accountOf(observation.node) !== account.number) return;
      if (this.#meanwhile === null) this.#onObserved(observation);
      else this.#meanwhile.push(observation);
    });
  }

  stopWatching(): void {
    this.#stopWatching();
  }

  /** How many nodes the provider has room for; null: it knows no bound. Asked once. */
  room(): Promise<number | null> {
    return (this.#maxNodes ??= this.#options.provider.probe().then(({ maxNodes }) => maxNodes));
  }

  /**
   * What is true of each of these nodes now; what the account has there of others is released, and other lives
   * of them are ended. Nodes of other accounts are theirs. Of an engine that cannot be asked now nodes are taken as
   * they were, and it is asked again.
   */
  async truth(nodes: readonly NodeStatus[]): Promise<readonly { readonly node: NodeStatus; readonly observed: NodeObservation }[]> {
    const meanwhile: Observation[] = [];
    this.#meanwhile = meanwhile;
    try {
      const { listed, away } = await this.#list();
      // Two lives of a node may be there at once: one on its way out, one on its way in.
      const seen = new Map([...listed, ...meanwhile].map((observation) => [lifeOf(observation), observation]));
      this.#endUnknown(seen.values(), nodes);
      this.#readdress(nodes.filter((node) => seen.get(lifeOf(node))?.observed.kind === 'running'));
      return nodes.map((node) => ({ node, observed: seen.get(lifeOf(node))?.observed ?? (away === null ? UNKNOWN : presumed(node, away)) }));
    } finally {
      this.#meanwhile = null;
    }
  }

  /** Their agents may know the process alone that had the account before. */
  #readdress(running: readonly NodeStatus[]): void {
    const { provider, agentUrl, log } = this.#options;
    for (const { node, life, id } of running) {
      provider.readdress?.(node, life, agentUrl).catch((error: unknown) => log.warn({ error, node, nodeId: id, life }, 'an agent could not be told where to dial in'));
    }
  }

  /** `nodes`: all of the account. */
  #endUnknown(seen: Iterable<Observation>, nodes: readonly NodeStatus[]): void {
    const known = new Set(nodes.map(lifeOf));
    const numbers = new Set(nodes.map(({ node }) => node));
    for (const observation of seen) {
      if (known.has(lifeOf(observation))) continue;
      // What lies there is its next life's: the rules count on it.
      if (numbers.has(observation.node)) this.restart(observation.node, observation.life, false);
      else this.release(observation.node, observation.life, false);
    }
  }

  /** `away`: why an engine cannot be asked now; null: all were. */
  async #list(): Promise<{ readonly listed: readonly Observation[]; readonly away: string | null }> {
    const { account, provider, log } = this.#options;
    try {
      const listed = await provider.list(account.number);
      this.#away = null;
      return { listed, away: null };
    } catch (error) {
      if (!(error instanceof EngineAway)) throw error;
      const tries = (this.#away?.tries ?? 0) + 1;
      this.#away = { tries, againAt: this.#options.monotonic() + waitOf(tries) };
      log.warn({ reason: error.message }, 'an engine cannot be asked about its nodes: they are taken as they were');
      return { listed: error.seen, away: error.message };
    }
  }

  /**
   * An engine that could not be asked is asked again, when it is time: what has ended meanwhile is told, and what
   * nobody knows is released. `nodes`: those of the account at the time of the call. Throws what the provider throws.
   */
  async askAway(nodes: () => Iterable<NodeStatus>): Promise<void> {
    if (this.#away === null || this.#away.againAt > this.#options.monotonic()) return;
    this.#away = { ...this.#away, againAt: this.#options.monotonic() + ASK_AGAIN_MOST_MS };
    const before = [...nodes()];
    const meanwhile: Observation[] = [];
    this.#meanwhile = meanwhile;
    const { listed, away } = await this.#list().finally(() => {
      if (this.#meanwhile === meanwhile) this.#meanwhile = null;
    });
    this.#endUnknown(listed, [...nodes()]);
    const seen = new Set([...listed, ...meanwhile].map(lifeOf));
    // What is only being asked for may be on its way to the engine.
    const ended = away === null ? before.filter((node) => !seen.has(lifeOf(node)) && !isAskedFor(node)) : [];
    for (const { node, life } of ended) this.#onObserved({ node, life, observed: UNKNOWN });
    for (const observation of [...listed, ...meanwhile]) this.#onObserved(observation);
  }

  acquire(command: Extract<Command, { kind: 'acquire' }>, node: NodeStatus, spec: PoolAdd): void {
    const { account, provider, credentials, agentUrl, log } = this.#options;
    const { life, pool, dedicated } = command;
    const credential = credentials.issue(node.node, life);
    provider
      .acquire({ account: account.number, node: node.node, nodeId: node.id, life, pool, ...machineOf(spec), priority: dedicated ? 'dedicated' : 'low', slots: node.slots, agentUrl, credential })
      .catch((error: unknown) => {
        log.warn({ error, node: node.node, nodeId: node.id, life }, 'the provider did not give a node');
        this.#onObserved({ node: node.node, life, observed: { kind: 'failed', reason: error instanceof Error ? error.message : String(error) } });
      });
  }

  /** `silent`: its agent does not answer, and gets no time to. */
  release(node: NodeNumber, life: number, silent: boolean): void {
    this.#beginEnd({ act: 'release', node, life, nodeId: this.#idOf(node), silent });
  }

  /** Ends an agent and all it started. The provider says `ended`, and the node begins its next life. */
  restart(node: NodeNumber, life: number, silent: boolean): void {
    this.#beginEnd({ act: 'halt', node, life, nodeId: this.#idOf(node), silent });
  }

  /** Tries again what failed, when it is time. To be called every second or so; more often does no harm. */
  endAgain(): void {
    const now = this.#options.monotonic();
    for (const { ending, tries, againAt } of this.#failed.values()) if (againAt !== null && againAt <= now) this.#end(ending, tries + 1);
  }

  /** Nothing new where the same is being tried, or waits for its next try. */
  #beginEnd(ending: Ending): void {
    const known = this.#failed.get(lifeOf(ending))?.ending;
    if (known?.act !== ending.act || known.silent !== ending.silent) this.#end(ending, 1);
  }

  #end(ending: Ending, tries: number): void {
    const { provider, log, monotonic } = this.#options;
    const { act, node, life, nodeId, silent } = ending;
    const fields = { nodeId, node, life };
    this.#failed.set(lifeOf(ending), { ending, tries, againAt: null });
    if (silent) log.warn(fields, `the agent of a node does not answer: it is ended${act === 'halt' ? ', and the node starts again' : ''}`);
    const graceMs = silent ? 0 : RELEASE_GRACE_MS;
    (act === 'release' ? provider.release(node, life, graceMs) : provider.halt(node, life, graceMs)).then(
      () => {
        this.#failed.delete(lifeOf(ending));
        if (silent) log.warn(fields, 'the agent that did not answer is dead, with all it started');
      },
      (error: unknown) => {
        const waitMs = waitOf(tries);
        log.error({ error, ...fields, waitMs }, 'a node could not be ended: trying again');
        this.#failed.set(lifeOf(ending), { ending, tries, againAt: monotonic() + waitMs });
      },
    );
  }

  /** Ends agents and tasks; what lies on the nodes stays. */
  async halt(nodes: readonly NodeStatus[], graceMs: number): Promise<void> {
    const { provider, log } = this.#options;
    const ended = await Promise.allSettled(nodes.map((node) => provider.halt(node.node, node.life, graceMs)));
    for (const result of ended) if (result.status === 'rejected') log.error({ error: result.reason as unknown }, 'a node could not be ended');
  }
}

const UNKNOWN: NodeObservation = { kind: 'ended', reason: 'the provider does not know it' };

/** Of a node whose engine cannot be asked: its agent, if it has one, has its lease to come. */
function presumed(node: NodeStatus, reason: string): NodeObservation {
  return isAskedFor(node) ? { kind: 'pending', reason } : { kind: 'running' };
}

function isAskedFor({ state }: NodeStatus): boolean {
  return state === 'creating' || state === 'preempted';
}

function waitOf(tries: number): number {
  return Math.min(ASK_AGAIN_MOST_MS, ASK_AGAIN_FIRST_MS * 2 ** (tries - 1));
}

function lifeOf({ node, life }: { readonly node: NodeNumber; readonly life: number }): string {
  return `${node}.${life}`;
}
