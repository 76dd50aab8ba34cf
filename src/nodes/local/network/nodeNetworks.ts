import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, openSync } from 'node:fs';
import { isIP } from 'node:net';
import { NETWORK_VARIABLE } from '../../../agent/network/network.ts';
import { missingForOutside, tryOutside } from '../../../agent/network/outside.ts';
import { portOf } from '../../../agent/network/relay.ts';
import type { NetworkOptions } from '../../../agent/options.ts';
import type { PoolNumber } from '../../../core/keys.ts';
import type { NodeRequest } from '../../provider.ts';
import { addressIn, freeNetwork, type Network, parseNetwork } from './addresses.ts';
import { type Endpoint, missingForNamespaces, wordsInNamespace } from './namespace.ts';
import { createSwitches } from './switches.ts';

export interface NetworksOptions {
  /** `10.1.0.0/16`: of addresses of nodes; left out: one that the machine has nothing of. */
  readonly cidr?: string;
  /** Whether they have a way to all that this machine has one to. */
  readonly nat?: boolean;
  /** Where blobs are; null: not on this machine. */
  readonly blobsUrl: () => Promise<string | null>;
}

/** What an agent is started with so that its node has a network of its own. */
export interface OwnNetwork {
  /** Puts what makes the network around the agent's words. */
  words(words: readonly string[]): readonly [string, ...string[]];
  /** A descriptor of the switch that it is linked to, which is to be the agent's `SWITCH_DESCRIPTOR`; null: of none. */
  readonly switch: number | null;
  /** Lets the switch go here: the agent has it by now, or there is none. */
  close(): void;
}

/** Makes networks of nodes. */
export interface NodeNetworks {
  /** Makes one with a link, and lets it go. Rejects with what stands against it. */
  tryOut(): Promise<void>;
  optionsOf(request: NodeRequest): Promise<NetworkOptions>;
  /** The pool whose switch it is linked to; null: none's. */
  linkedTo(request: NodeRequest): PoolNumber | null;
  /** `agents`: pids of living agents that are linked to the same switch. */
  open(request: NodeRequest, agents: readonly number[]): Promise<OwnNetwork>;
  /** No node here is linked to the pool's switch any more. */
  forget(pool: PoolNumber): void;
  close(): void;
}

const TRY_MS = 30_000;
/** Numbers of pools begin at 1. */
const NO_POOL = 0;

export function createNodeNetworks({ cidr, nat = false, blobsUrl }: NetworksOptions): NodeNetworks {
  const switches = createSwitches();
  let network: Network | undefined;
  const networkOf = (): Network => {
    network ??= cidr === undefined ? freeNetwork() : (parseNetwork(cidr) ?? undefined);
    if (network === undefined) throw new Error(cidr === undefined ? 'this machine has something of each private network that nodes could have: name another by --node-network' : `${cidr} is no network`);
    return network;
  };

  return {
    tryOut: async () => {
      const missing = missingForNamespaces() ?? (nat ? missingForOutside() : null);
      if (missing !== null) throw new Error(missing);
      const { bits, base } = networkOf();
      const descriptor = await switches.of(NO_POOL, []);
      const at: Endpoint = { address: '127.0.0.1', port: 1 };
      const look = `n=\${${NETWORK_VARIABLE}#namespace=}; exec nsenter --net=/proc/self/fd/\${n%%,*} ip link show eth0`;
      try {
        await succeed(wordsInNamespace({ address: addressIn({ bits, base }, 1), bits, link: 'trial', service: at, blobs: null }, ['/bin/sh', '-c', look]), descriptor);
      } finally {
        closeSync(descriptor);
        switches.forget(NO_POOL);
      }
      if (nat) await tryNat(wordsInNamespace({ address: addressIn({ bits, base }, 1), bits, link: null, service: at, blobs: null }, ['/bin/sh', '-c', `echo "$${NETWORK_VARIABLE}"; read _`]));
    },

    optionsOf: async ({ node }) => {
      const blobs = await blobsUrl();
      return { address: addressIn(networkOf(), node), bits: networkOf().bits, ...(blobs === null ? {} : { blobsUrl: blobs }), ...(nat ? { nat: true } : {}) };
    },

    linkedTo,

    open: async (request, agents) => {
      const { node, life, agentUrl } = request;
      const network = networkOf();
      const blobs = await blobsUrl();
      const pool = linkedTo(request);
      const descriptor = pool === null ? null : await switches.of(pool, agents);
      const plan = {
        address: addressIn(network, node),
        bits: network.bits,
        link: descriptor === null ? null : `${node}.${life}`,
        service: endpointOf(agentUrl),
        blobs: blobs === null ? null : endpointOf(blobs),
      };
      return {
        words: (words) => wordsInNamespace(plan, words),
        switch: descriptor,
        close: () => descriptor !== null && closeSync(descriptor),
      };
    },

    forget: switches.forget,
    close: switches.close,
  };
}

function linkedTo({ pool, interNode }: NodeRequest): PoolNumber | null {
  return interNode ? pool : null;
}

function endpointOf(url: string): Endpoint {
  const parsed = new URL(url);
  const { hostname } = parsed;
  const address = hostname === 'localhost' ? '127.0.0.1' : hostname;
  if (isIP(address) !== 4) throw new Error(`nodes with networks of their own reach the service by an IPv4 address, which ${hostname} is not`);
  return { address, port: portOf(parsed) };
}

/** The words are those of a program that says by which descriptors it has its namespace, and stays. */
async function tryNat([program, ...args]: readonly [string, ...string[]]): Promise<void> {
  const holder = spawn(program, args, { cwd: '/', timeout: TRY_MS, stdio: ['pipe', 'pipe', 'ignore'] });
  const ended = once(holder, 'close');
  try {
    const [said] = (await Promise.race([once(holder.stdout.setEncoding('utf8'), 'data'), ended.then(() => [''])])) as [string];
    const namespace = openSync(`/proc/${holder.pid}/fd/${/namespace=(\d+)/.exec(said)?.[1] ?? ''}`, 'r');
    await tryOutside(namespace).finally(() => closeSync(namespace));
  } finally {
    holder.stdin.end();
    await ended;
  }
}

async function succeed([program, ...args]: readonly [string, ...string[]], descriptor: number): Promise<void> {
  const tried = spawn(program, args, { cwd: '/', timeout: TRY_MS, stdio: ['ignore', 'ignore', 'pipe', 'ignore', descriptor] });
  let said = '';
  tried.stderr?.setEncoding('utf8').on('data', (text: string) => {
    said += text;
  });
  const [code] = (await once(tried, 'close')) as [number | null];
  if (code !== 0) throw new Error(said.trim().split('\n')[0] ?? `it ended with code ${code}`);
}
