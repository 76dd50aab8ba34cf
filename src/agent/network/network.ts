import { messageOf } from '../failures.ts';
import { say } from '../log.ts';
import type { AgentOptions } from '../options.ts';
import { openRelay } from './relay.ts';

/**
 * A node with a network of its own: its slot shells live in a network namespace, its agent does not. The agent was
 * started with the namespace and sockets that listen in it (`nodes/local/network`): whoever connects there is on this
 * node, whatever else it may claim.
 */
export interface NodeNetwork {
  /** Descriptor of the namespace. */
  readonly namespace: number;
  /** Of the socket that listens at `METADATA`; null: there is none. */
  readonly metadata: number | null;
}

/** Where programs of Azure's virtual machines ask for what concerns these. */
export const METADATA = { address: '169.254.169.254', port: 80 } as const;

/** Beside the agent's options: what cannot stand in a file. `name=descriptor`, by commas. */
export const NETWORK_VARIABLE = 'LINARITE_NETWORK';

/** What listens in the namespace, and leads to this machine's. */
const RELAYED = ['service', 'blobs'] as const;
/** All that listens there. */
export const LISTENERS = [...RELAYED, 'metadata'] as const;
export type Listener = (typeof LISTENERS)[number];

/**
 * Takes over what this process was started with, and begins to relay. null: the node's network is its machine's.
 * `readOptions`: the service may have other addresses since.
 */
export function openNetwork(options: AgentOptions, readOptions: () => AgentOptions): NodeNetwork | null {
  if (options.network === undefined) return null;
  const descriptors = new Map((process.env[NETWORK_VARIABLE] ?? '').split(',').map((pair) => [pair.slice(0, pair.indexOf('=')), Number(pair.slice(pair.indexOf('=') + 1))]));
  const namespace = descriptors.get('namespace');
  if (namespace === undefined) throw new Error(`the node is to have a network of its own, and ${NETWORK_VARIABLE} names none`);
  for (const name of RELAYED) {
    const descriptor = descriptors.get(name);
    if (descriptor !== undefined) openRelay(descriptor, () => targetOf(name, readOptions()), (error) => say(`the node's relay to ${name} has ended: ${messageOf(error)}`));
  }
  return { namespace, metadata: descriptors.get('metadata') ?? null };
}

/** null: there is none any more. */
function targetOf(name: (typeof RELAYED)[number], { agentUrl, network }: AgentOptions): URL | null {
  const url = name === 'service' ? agentUrl : network?.blobsUrl;
  return url === undefined ? null : new URL(url);
}

/** The address by which programs of other nodes reach those of this one. */
export function nodeAddress({ network, ipAddress }: AgentOptions): string {
  return network?.address ?? ipAddress;
}

const ENTER = '/usr/bin/nsenter';

/** The program in the node's network; the namespace has to be its descriptor `descriptor`, which is closed in it. */
export function wordsInNetwork(descriptor: number, words: readonly string[]): readonly [string, ...string[]] {
  return [ENTER, `--net=/proc/self/fd/${descriptor}`, '/bin/sh', '-c', `exec ${descriptor}<&-; exec "$@"`, 'sh', ...words];
}

/** As `wordsInNetwork`, for a program that closes the descriptor itself, run as that user. */
export function wordsInNetworkAs({ uid, gid }: { readonly uid: number; readonly gid: number }, descriptor: number, words: readonly string[]): readonly [string, ...string[]] {
  return [ENTER, `--net=/proc/self/fd/${descriptor}`, `--setuid=${uid}`, `--setgid=${gid}`, ...words];
}
