import { isLoopback } from '../../processes/machine.ts';

/** What agents on other machines have to know of the service before they can dial it. */
export interface RemoteService {
  /** `wss://host:port/linarite/agent`, reachable from where the nodes are. */
  readonly agentUrl: string;
  /** The certificate (PEM) of the authority that vouches for the service there: agents trust no other. */
  readonly authority: string;
  /**
   * Tells the nodes of one service, or of several on one database, from those of others at the same engine; 12
   * hexadecimal digits.
   */
  readonly cluster: string;
  /** Of a node whose agent is not heard: it ends its tasks after this long, and only then others get them. */
  readonly leaseMs: number;
}

export const REMOTE_LEASE_MS = 5 * 60_000;

/**
 * `wss:` of the address at which an operator says that nodes reach the service (`https://batch.lab.example:10800`).
 * Throws an Error for one that is none, or in the clear beyond this machine.
 */
export function agentUrlAt(address: string): string {
  const url = URL.canParse(address) ? new URL(address) : null;
  if (url === null || (url.protocol !== 'https:' && url.protocol !== 'http:') || url.pathname !== '/' || url.search !== '') throw new Error(`${address} is no address as https://HOST:PORT`);
  if (url.protocol === 'http:' && !isLoopback(url.hostname)) throw new Error(`${address} is in the clear: agents on other machines dial https:`);
  return `${url.origin.replace(/^http/, 'ws')}/linarite/agent`;
}
