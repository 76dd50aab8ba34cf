import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { LISTENERS, type Listener, METADATA } from '../../../agent/network/network.ts';
import { PERL } from '../../../agent/script.ts';
import { ENTER_NAMESPACE, MAKE_SWITCH } from './programs.ts';

/**
 * A node's network namespace, and the sockets that listen in it, made by the process that becomes its agent: perl makes
 * them, leaves the namespace and execs the agent, which has them by their descriptors. So nothing of a node's network
 * has a name on the machine: it ends with the last process that lives in it or has it open, however that ends.
 *
 * Nodes whose pool lets them communicate have a link to the pool's switch (`switches.ts`) as well. Its hardware address
 * follows from the node's address: others would look for the node's next life at that of the one before.
 */

/** include/uapi/asm-generic/unistd.h, arch/x86/entry/syscalls/syscall_64.tbl; perl has no names for them. */
const CALLS: Partial<Record<NodeJS.Architecture, { readonly unshare: number; readonly setns: number }>> = {
  x64: { unshare: 272, setns: 308 },
  arm64: { unshare: 97, setns: 268 },
};

const IP_PROGRAMS = ['/usr/sbin/ip', '/sbin/ip', '/usr/bin/ip', '/bin/ip'];

/** An address that is listened at, in dots, and a port. */
export interface Endpoint {
  readonly address: string;
  readonly port: number;
}

export interface NamespaceOptions {
  readonly address: string;
  /** Bits of its network. */
  readonly bits: number;
  /** A name of this life of the node, of any length, for its end of the link; null: it has none. */
  readonly link: string | null;
  readonly service: Endpoint;
  /** null: blobs lie elsewhere. */
  readonly blobs: Endpoint | null;
}

/** What is missing on this machine, a sentence without its full stop; null: nothing is known to be. */
export function missingForNamespaces(): string | null {
  if (process.platform !== 'linux' || process.geteuid?.() !== 0) return 'it takes root on Linux';
  if (CALLS[process.arch] === undefined) return `no numbers of system calls are known for ${process.arch}`;
  if (!existsSync(PERL)) return `there is no ${PERL}`;
  if (!existsSync('/usr/bin/nsenter')) return 'there is no /usr/bin/nsenter, which Debian has in its package util-linux';
  if (!IP_PROGRAMS.some((path) => existsSync(path))) return 'there is no ip(8), which Debian has in its package iproute2';
  return null;
}

/** Longest name of a link (include/uapi/linux/if.h, IFNAMSIZ), without the end of the string. */
const LINK_NAME = 15;

/** The words that start an agent with a network of its node's own. */
export function wordsInNamespace({ address, bits, link, service, blobs }: NamespaceOptions, words: readonly string[]): readonly [string, ...string[]] {
  const at: Readonly<Record<Listener, Endpoint | null>> = { service, blobs, metadata: METADATA };
  const listen = LISTENERS.flatMap((name) => (at[name] === null ? [] : [`${name}=${at[name].address}:${at[name].port}`])).join(',');
  const port = link === null ? '' : `n${createHash('sha256').update(link).digest('hex')}`.slice(0, LINK_NAME);
  return [PERL, '-e', ENTER_NAMESPACE, ...callWords(), port, address, String(bits), listen, ...words];
}

/** The words that make a switch. */
export function wordsForSwitch(): readonly [string, ...string[]] {
  return [PERL, '-e', MAKE_SWITCH, ...callWords()];
}

function callWords(): readonly string[] {
  const calls = CALLS[process.arch];
  const ip = IP_PROGRAMS.find((path) => existsSync(path));
  if (calls === undefined || ip === undefined) throw new Error(`no network namespaces here: ${missingForNamespaces() ?? ''}`);
  return [String(calls.unshare), String(calls.setns), ip];
}
