import type { NodeObservation } from '../core/events.ts';
import type { AccountNumber, NodeNumber, PoolNumber } from '../core/keys.ts';

/**
 * One interface to wherever nodes come from: processes of this machine, Slurm, Kubernetes, SSH hosts, the simulator.
 */
export interface PoolProvider {
  readonly kind: 'local' | 'slurm' | 'kubernetes' | 'ssh' | 'simulated';
  /** Really tries what it claims. */
  probe(): Promise<Capabilities>;
  /** What runs containers on its nodes, found by running one: it may take seconds. Left out: nodes run none. */
  containers?(): Promise<ContainerSupport>;
  /** Idempotent on node and life. Resolves when the engine has taken the request, not when the node runs. */
  acquire(request: NodeRequest): Promise<void>;
  /** Ends the node's agent and all it started, then forgets it; idempotent. Reports `ended` when that is proved. */
  release(node: NodeNumber, life: number, graceMs: number): Promise<void>;
  /** As `release`, but the node's files stay for its next life: the service goes down, or its agent was silent. */
  halt(node: NodeNumber, life: number, graceMs: number): Promise<void>;
  /**
   * The truth about the nodes of an account, asked after a restart of the service; `all`: of every account that the
   * engine has nodes of. Throws `EngineAway` where the engine cannot be asked now.
   */
  list(account: AccountNumber | 'all'): Promise<readonly Observation[]>;
  /**
   * Tells the agent of this life where it dials in from now on, when it has to: the process that it knew may be gone.
   * Left out: it dials where any process answers.
   */
  readdress?(node: NodeNumber, life: number, agentUrl: string): Promise<void>;
  /**
   * Another process works on the account from now on: nothing of its nodes is touched here any more. Left out: nothing
   * is, but for what is asked.
   */
  disown?(account: AccountNumber): void;
  /** Calls back for each change until stopped. */
  watch(callback: (observation: Observation) => void): () => void;
  /**
   * How long the agent of a node, one that was acquired or listed, may go on with its tasks while its channel is down:
   * then it ends them, since nobody else can prove that they are dead. null: the provider can.
   */
  leaseOf(node: NodeNumber): number | null;
}

/** One that a service lets go of when it ends. */
export interface ClosableProvider extends PoolProvider {
  /**
   * Stops looking after the agents and leaves them running: the service restarts. Resolves when no deletion is under
   * way.
   */
  close(): Promise<void>;
}

export interface Capabilities {
  readonly maxNodes: number | null;
  readonly lowPriority: boolean;
  /** How far nodes are places of their own, in the engine's word. */
  readonly isolation?: string;
  /** Whose network the nodes have. */
  readonly network?: NetworkKind;
  /** Guarantees that this engine cannot give here, one sentence each: `linarite status` prints them. */
  readonly limits: readonly string[];
}

export type NetworkKind = 'own' | 'machine';

export interface ContainerSupport {
  /** The engine and its version, for people; null: none works. */
  readonly engine: string | null;
  /** As those of `Capabilities`; why there is none. */
  readonly limits: readonly string[];
}

/** What a pool asks its machines to run: an image of the marketplace, or another one by its resource id. */
export type NodeImage =
  | { readonly kind: 'marketplace'; readonly publisher: string; readonly offer: string; readonly sku: string; readonly version: string }
  | { readonly kind: 'own'; readonly id: string };

export interface NodeRequest {
  readonly account: AccountNumber;
  readonly node: NodeNumber;
  readonly nodeId: string;
  readonly life: number;
  readonly pool: PoolNumber;
  /** As its account names it. */
  readonly poolId: string;
  /** As the pool asks for it (`standard_d2s_v3`). */
  readonly vmSize: string;
  /** null: the pool names none. */
  readonly image: NodeImage | null;
  /** Whether its programs and those of other nodes of the pool may talk to each other. */
  readonly interNode: boolean;
  /** Whether it is to run containers. */
  readonly containers: boolean;
  /** `low`: the engine may take the node back for others. */
  readonly priority: 'dedicated' | 'low';
  readonly slots: number;
  /** Where the agent dials in (`ws://…/linarite/agent`), and what it shows there. Never in a process argument. */
  readonly agentUrl: string;
  readonly credential: string;
}

export interface Observation {
  readonly node: NodeNumber;
  readonly life: number;
  readonly observed: NodeObservation;
}
