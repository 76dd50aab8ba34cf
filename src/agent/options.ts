import { readFileSync, statSync } from 'node:fs';
import { type Engine, isEngine } from './containers/engine.ts';
import { FOUND_ADDRESS, ownAddress } from './ownAddress.ts';
import { type Isolation, isIsolation } from './place/isolation.ts';

/**
 * The agent's configuration, read before it dials out. The provider writes it into a file that only the agent may read.
 * Nothing of it stands in arguments.
 */
export interface AgentOptions {
  readonly nodeId: string;
  /** Which acquisition of the node this agent serves: one process is one life. */
  readonly life: number;
  /** `ws://host:port/linarite/agent` (or `wss:`). */
  readonly agentUrl: string;
  /**
   * The one authority (PEM) that may vouch for the service, where it is dialled by `wss:`; left out: those that Node.js
   * trusts.
   */
  readonly authority?: string;
  readonly credential: string;
  /**
   * The directory that tasks and the files API see, by its path on the machine: marks and control groups are named by
   * it.
   */
  readonly rootDirectory: string;
  /** Journal, configuration, slot scripts: beside the root, never below it. */
  readonly stateDirectory: string;
  /** In the file it may be `FOUND_ADDRESS`. */
  readonly ipAddress: string;
  /** Where everybody reaches the service of this machine, and so the node's endpoints; left out: 127.0.0.1. */
  readonly publicAddress?: string;
  /** First of the `uidsPerNode` numeric user ids of this node's tasks (see users.ts); null: tasks run as the caller. */
  readonly uidBase: number | null;
  /**
   * Set where the agent was started in mount and UTS namespaces of its own (see place/isolation.ts): tasks then see the
   * root at `/mnt/batch/tasks`.
   */
  readonly isolation?: Exclude<Isolation, 'none'>;
  /** Set where it was started with a network of its own (see network/network.ts); left out: it has its machine's. */
  readonly network?: NetworkOptions;
  /** Left out: nothing is known of it. */
  readonly instance?: InstanceOptions;
  /** The image of its pool, unpacked, which its tasks see as their system; left out: they see the machine's. */
  readonly imageRoot?: string;
  /** The node may be taken back: its programs can ask when (metadata/). Left out: it may not. */
  readonly lowPriority?: true;
  /** What runs containers here; left out: nothing does, or its pool asks for none. */
  readonly engine?: Engine;
  /** Milliseconds without a byte after which a transfer is given up and tried again. */
  readonly transferIdleMs?: number;
  /** Milliseconds from a transfer's first transient failure during which it is tried again. */
  readonly transferRetryMs?: number;
  /**
   * false: no control groups even where there are some; processes are found by their group and by the attempt's id in
   * their environment.
   */
  readonly cgroups?: boolean;
  /** Where device files of GPUs lie; default: `/dev`. */
  readonly devicesDirectory?: string;
  /** Where the nodes of this machine have their directories; left out: it has no other. */
  readonly nodesDirectory?: string;
  /** What the tasks of the node may have together; left out: all that the machine has. */
  readonly limits?: NodeLimits;
  /** Processes and threads of one attempt at a time; default: see processBounds.ts. */
  readonly mostProcesses?: number;
}

/** What programs of the node may ask of its machine. */
export interface InstanceOptions {
  /** As the vendor writes it. */
  readonly vmSize: string;
  /** null: the pool names none of the marketplace. */
  readonly image: { readonly publisher: string; readonly offer: string; readonly sku: string; readonly version: string } | null;
}

export interface NetworkOptions {
  /** Of the node there; `ipAddress` is one of its machine's. */
  readonly address: string;
  /** Of its network. */
  readonly bits: number;
  /** Where blobs are, if they are this machine's. */
  readonly blobsUrl?: string;
  /** It has a way to everything else as well. */
  readonly nat?: true;
}

/** What a node has by its VM size, where its machine has more; left out: all of the machine's. */
export interface NodeLimits {
  readonly cores?: number;
  readonly memoryBytes?: number;
  /** Files in its directories: watched, and not enforced. */
  readonly diskBytes?: number;
  /** Processes and threads at a time. */
  readonly processes?: number;
}

/**
 * The time from a SIGTERM to the agent, which it hands on to its tasks, to their SIGKILL. The sender has to wait longer
 * than that before it kills the agent.
 */
export const LEAVE_DEADLINE_MS = 1_000;

export const DEFAULT_TRANSFER_IDLE_MS = 20_000;
export const DEFAULT_TRANSFER_RETRY_MS = 60_000;

/**
 * Reads the options from the file named by LINARITE_AGENT_CONFIG (mode 0600), or else from standard input.
 * Throws an Error that names what is wrong, never the credential.
 */
export function readOptions(file: string | undefined): AgentOptions {
  if (file !== undefined && (statSync(file).mode & 0o077) !== 0) throw new Error(`${file} may be read by others: its mode must be 0600`);
  const text = readFileSync(file ?? 0, 'utf8');
  const read: unknown = JSON.parse(text);
  if (!isOptions(read)) throw new Error(`the agent's configuration${file === undefined ? '' : ` in ${file}`} lacks a member or has one of the wrong type`);
  return read.ipAddress === FOUND_ADDRESS ? { ...read, ipAddress: ownAddress(read.agentUrl) } : read;
}

function isOptions(value: unknown): value is AgentOptions {
  if (typeof value !== 'object' || value === null) return false;
  const has = (name: string, type: string): boolean => typeof Reflect.get(value, name) === type;
  const [uidBase, isolation, engine, limits, network, instance]: unknown[] = ['uidBase', 'isolation', 'engine', 'limits', 'network', 'instance'].map((name): unknown => Reflect.get(value, name));
  const optional = (name: string, type: string): boolean => Reflect.get(value, name) === undefined || has(name, type);
  return (
    ['nodeId', 'agentUrl', 'credential', 'rootDirectory', 'stateDirectory', 'ipAddress'].every((name) => has(name, 'string')) &&
    has('life', 'number') &&
    (uidBase === null || typeof uidBase === 'number') &&
    (isolation === undefined || (isIsolation(isolation) && isolation !== 'none')) &&
    (engine === undefined || isEngine(engine)) &&
    optional('authority', 'string') &&
    optional('lowPriority', 'boolean') &&
    optional('transferIdleMs', 'number') &&
    optional('transferRetryMs', 'number') &&
    optional('cgroups', 'boolean') &&
    optional('devicesDirectory', 'string') &&
    optional('nodesDirectory', 'string') &&
    optional('publicAddress', 'string') &&
    optional('imageRoot', 'string') &&
    (limits === undefined || isLimits(limits)) &&
    (network === undefined || isNetwork(network)) &&
    (instance === undefined || isInstance(instance)) &&
    optional('mostProcesses', 'number')
  );
}

function isInstance(value: unknown): value is InstanceOptions {
  return typeof value === 'object' && value !== null && typeof Reflect.get(value, 'vmSize') === 'string' && typeof Reflect.get(value, 'image') === 'object';
}

function isNetwork(value: unknown): value is NetworkOptions {
  return typeof value === 'object' && value !== null && typeof Reflect.get(value, 'address') === 'string' && typeof Reflect.get(value, 'bits') === 'number' && ['undefined', 'string'].includes(typeof Reflect.get(value, 'blobsUrl')) && [undefined, true].includes(Reflect.get(value, 'nat'));
}

function isLimits(value: unknown): value is NodeLimits {
  return typeof value === 'object' && value !== null && Object.values(value).every((one) => typeof one === 'number' && one > 0);
}
