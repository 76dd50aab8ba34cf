import { LEAVE_DEADLINE_MS } from '../../agent/options.ts';
import { type Isolation, isIsolation, ISOLATIONS } from '../../agent/place/isolation.ts';
import type { ImageRoot } from '../../nodes/local/images.ts';
import { createLocalProvider } from '../../nodes/local/provider.ts';
import type { ClosableProvider } from '../../nodes/provider.ts';
import { machineMemoryBytes, nodesThatFit } from '../../nodes/local/room.ts';
import { LIMITS } from '../../wire/limits.ts';
import { CommandError, EXIT } from '../errors.ts';
import { agentProgram } from './agentProgram.ts';
import type { DataDirectory } from './data/dataDirectory.ts';
import { readCapacityFile } from './lowPriority.ts';
import { decideNodes, type NodeOptions } from './nodeOptions.ts';
import { provideKeys } from './data/keys.ts';
import type { ServiceRecord } from './data/record.ts';
import { makeProviders, remoteService, serviceAddress } from './providers/make.ts';
import { providersFor } from './providers/read.ts';

/** How long an agent has to end its tasks when the service goes down: they get some of it to end by themselves. */
export const LEAVE_GRACE_MS = LEAVE_DEADLINE_MS + 1_000;

/** Which nodes go when capacity falls, the same each time. */
const CAPACITY_SEED = 1;

/**
 * Nodes as processes of this machine, below the nodes' directory of a data directory. Memory that the data takes is not
 * counted as room for nodes.
 */
export function localNodes({ nodes, memory, sharesNodes }: Pick<DataDirectory, 'nodes' | 'memory' | 'sharesNodes'>, { limits, network, cidr, nat, images, preemptionGraceMs: graceMs = LIMITS.preemptionGraceMs, capacityFile, blobsUrl, publicAddress, say }: LocalNodesOptions): ClosableProvider {
  const lowPriority = capacityFile === undefined ? {} : { lowPriority: { capacity: readCapacityFile(capacityFile), graceMs, seed: CAPACITY_SEED } };
  return createLocalProvider({ dataRoot: nodes, isShared: sharesNodes, maxNodes: nodesThatFit(machineMemoryBytes() - (memory?.bytes ?? 0)), limitsBySize: limits, ...lowPriority, ...(network === 'own' ? { networks: { blobsUrl, nat: nat === true, ...(cidr === undefined ? {} : { cidr }) } } : {}), ...(images === undefined ? {} : { images }), ...mostIsolation(), ...(publicAddress === undefined ? {} : { publicAddress }), ...(say === undefined ? {} : { say }), agentCommand: agentProgram() });
}

export interface LocalNodesOptions extends NodeOptions {
  /** Those that are unpacked here; undefined: none. */
  readonly images?: readonly ImageRoot[];
  /** Where blobs are, if they are this machine's. */
  readonly blobsUrl: () => Promise<string | null>;
  /** Where everybody reaches the service; left out: on this machine alone. */
  readonly publicAddress?: string;
  /** Told what could not be cleared away of a node. */
  readonly say?: (message: string) => void;
}

/**
 * LINARITE_ISOLATION: nodes are places of their own no further than this (`overlays`, `binds`, `none`). Throws
 * `CommandError` for another word.
 */
function mostIsolation(): { readonly isolation?: Isolation } {
  const word = process.env['LINARITE_ISOLATION'] ?? '';
  if (word === '') return {};
  if (!isIsolation(word)) throw new CommandError(EXIT.usage, `LINARITE_ISOLATION is ${word}: it may be ${ISOLATIONS.join(', ')}`);
  return { isolation: word };
}

/**
 * Ends agents that outlived a killed service, with all they started; what lies on their nodes stays. Returns how many
 * there were.
 */
export async function endAgents(directory: DataDirectory, record: Pick<ServiceRecord, 'options'> | undefined): Promise<number> {
  // Another process goes on with them; where none does they end by themselves.
  if (directory.sharesNodes) return 0;
  const local = localNodes(directory, { ...decideNodes({}), blobsUrl: () => Promise.resolve(null) });
  const provider = await enginesOf(directory, record, local);
  const alive = (await provider.list('all')).filter(({ observed }) => observed.kind === 'running');
  await Promise.all(alive.map(({ node, life }) => provider.halt(node, life, LEAVE_GRACE_MS)));
  await provider.close();
  return alive.length;
}

/** Those that a service of the record had its nodes from. */
async function enginesOf(directory: DataDirectory, record: Pick<ServiceRecord, 'options'> | undefined, local: ClosableProvider): Promise<ClosableProvider> {
  if (record === undefined) return local;
  const { host, port, nodes } = record.options;
  const providers = await providersFor(directory, decideNodes({}, nodes));
  if (providers === null) return local;
  const { nodeSecret } = provideKeys(directory.keys, true);
  return makeProviders(providers, { directory, service: remoteService(serviceAddress(providers, host, port), directory, nodeSecret), local, say: () => undefined });
}
