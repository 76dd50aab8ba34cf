import { resolve } from 'node:path';
import { InvalidArgumentError, Option } from 'commander';
import { parseNetwork } from '../../nodes/local/network/addresses.ts';
import { CommandError, EXIT } from '../errors.ts';
import { lowPriorityFlags, lowPriorityOptions } from './lowPriority.ts';

/** What a user may say about the nodes of this machine. What is left out is as the former service had it. */
export interface NodeWishes {
  readonly nodeLimits?: 'on' | 'off';
  readonly nodeIsolation?: 'mounts' | 'network';
  readonly nodeNetwork?: string;
  readonly nodeNat?: boolean;
  /** The file that maps images to unpacked roots. */
  readonly images?: string;
  /** The file of where nodes come from. */
  readonly providers?: string;
  /** Where those come from that no rule of it is about. */
  readonly provider?: string;
  /** From the notice until a low-priority node is taken back. */
  readonly preemptionGrace?: number;
  /** The file that says how many low-priority nodes there may be. */
  readonly lowPriorityCapacity?: string;
}

/** How nodes of this machine are made. */
export interface NodeOptions {
  /** Whether they are bounded by their VM size. */
  readonly limits: boolean;
  /** Whose network they have. */
  readonly network: 'machine' | 'own';
  /** Of networks of their own, where one is named: `10.1.0.0/16`. */
  readonly cidr?: string;
  /** Whether those have a way to all that this machine has one to. */
  readonly nat?: true;
  /** Read at each start; undefined: `images.yaml` of the data directory, if there is one. */
  readonly imagesFile?: string;
  /** Read at each start; undefined: `providers.yaml` of the data directory, if there is one. */
  readonly providersFile?: string;
  /** Left out: as that file says, or else this machine. */
  readonly provider?: string;
  /** From the notice until a low-priority node is taken back; left out: as on Azure. */
  readonly preemptionGraceMs?: number;
  /** Says how many low-priority nodes there may be, read at each start; left out: as many as are asked for. */
  readonly capacityFile?: string;
}

const DEFAULTS: NodeOptions = { limits: true, network: 'machine' };

export function nodeOptions(): readonly Option[] {
  return [
    new Option('--node-limits <on|off>', 'nodes have the cores, memory and processes of their VM size, where this machine has more (default: on)').choices(['on', 'off']),
    new Option('--node-isolation <mounts|network>', 'how far nodes are kept apart: network gives each one of its own, from which its tasks reach the service, blobs and nodes of a pool with inter-node communication, and nothing else (default: mounts)').choices(['mounts', 'network']),
    new Option('--node-network <network>', 'of addresses of nodes with networks of their own, like 10.1.0.0/16 (default: one that this machine has nothing of)').argParser(network),
    new Option('--node-nat', 'nodes with networks of their own reach all that this machine reaches as well, by slirp4netns'),
    new Option('--images <file>', 'images that are unpacked on this machine, for nodes of pools that ask for them (default: images.yaml in the data directory; docs/mounts-and-images.md)').argParser((path: string) => resolve(path)),
    new Option('--providers <file>', 'where nodes come from: engines, and which pools get theirs from which (default: providers.yaml in the data directory; docs/providers.md)').argParser((path: string) => resolve(path)),
    new Option('--provider <name>', 'where the nodes of all pools come from that no rule is about (default: local)'),
    ...lowPriorityOptions(),
  ];
}

function network(text: string): string {
  if (parseNetwork(text) === null) throw new InvalidArgumentError('It is no IPv4 network of 8 to 26 bits, like 10.1.0.0/16.');
  return text;
}

/**
 * Those that hold: what is asked for, else what was kept from before, else the defaults. Throws `CommandError` for a
 * network that nodes would not have.
 */
export function decideNodes({ nodeLimits, nodeIsolation, nodeNetwork, nodeNat, images, providers, provider: wished, ...wishes }: NodeWishes, former: NodeOptions = DEFAULTS): NodeOptions {
  const limits = nodeLimits === undefined ? former.limits : nodeLimits === 'on';
  const isOwn = nodeIsolation === undefined ? former.network === 'own' : nodeIsolation === 'network';
  if (!isOwn && nodeNetwork !== undefined) throw new CommandError(EXIT.usage, '--node-network goes with --node-isolation network');
  if (!isOwn && nodeNat === true) throw new CommandError(EXIT.usage, '--node-nat goes with --node-isolation network');
  const nat = nodeNat ?? former.nat ?? false;
  const cidr = nodeNetwork ?? former.cidr;
  const imagesFile = images ?? former.imagesFile;
  const [providersFile, provider] = [providers ?? former.providersFile, wished ?? former.provider];
  const engines = { ...(providersFile === undefined ? {} : { providersFile }), ...(provider === undefined ? {} : { provider }) };
  const { preemptionGrace: preemptionGraceMs = former.preemptionGraceMs, lowPriorityCapacity: capacityFile = former.capacityFile } = wishes;
  const lowPriority = { ...(preemptionGraceMs === undefined ? {} : { preemptionGraceMs }), ...(capacityFile === undefined ? {} : { capacityFile }) };
  return { limits, network: isOwn ? 'own' : 'machine', ...(isOwn && cidr !== undefined ? { cidr } : {}), ...(isOwn && nat ? { nat } : {}), ...(imagesFile === undefined ? {} : { imagesFile }), ...engines, ...lowPriority };
}

/** As the next process is told; only what is not as by default. */
export function nodeFlags({ limits, network: whose, cidr, nat, imagesFile, providersFile, provider, preemptionGraceMs, capacityFile }: NodeOptions): string[] {
  return [
    ...(limits ? [] : ['--node-limits', 'off']),
    ...(whose === 'own' ? ['--node-isolation', 'network'] : []),
    ...(nat === true ? ['--node-nat'] : []),
    ...(cidr === undefined ? [] : ['--node-network', cidr]),
    ...(imagesFile === undefined ? [] : ['--images', imagesFile]),
    ...(providersFile === undefined ? [] : ['--providers', providersFile]),
    ...(provider === undefined ? [] : ['--provider', provider]),
    ...lowPriorityFlags(preemptionGraceMs, capacityFile),
  ];
}

export function sameNodes(one: NodeOptions, other: NodeOptions): boolean {
  return nodeFlags(one).join(' ') === nodeFlags(other).join(' ');
}

/** As a record of this release or an older one, which has none, may hold it. */
export function isNodeOptions(value: unknown): value is NodeOptions | undefined {
  if (value === undefined) return true;
  if (typeof value !== 'object' || value === null) return false;
  const [limits, whose, cidr, nat, graceMs]: unknown[] = ['limits', 'network', 'cidr', 'nat', 'preemptionGraceMs'].map((name): unknown => Reflect.get(value, name));
  return typeof limits === 'boolean' && (whose === 'machine' || whose === 'own') && (nat === undefined || nat === true) && [cidr, ...['imagesFile', 'capacityFile', 'providersFile', 'provider'].map((name): unknown => Reflect.get(value, name))].every((text) => text === undefined || typeof text === 'string') && (graceMs === undefined || typeof graceMs === 'number');
}
