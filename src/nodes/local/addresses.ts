import { createServer } from 'node:net';
import type { NodeNumber } from '../../core/keys.ts';

/** The machine's own, which nodes share where it has no others. */
const SHARED = '127.0.0.1';

/** Third and last bytes of the addresses of nodes: 127.0.0.2 and on; none ends in 0 or 255. */
const LAST_BYTES = 254;
const ADDRESSES = 256 * LAST_BYTES - 1;

/** Whether each node can have a loopback address of its own: on Linux all of 127.0.0.0/8 is the machine's. */
export function hasAddresses(): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => resolve(false));
    server.listen({ port: 0, host: addressOf(1, true) }, () => server.close(() => resolve(true)));
  });
}

/** Nodes that are there at the same time have different ones, unless there are very many. */
export function addressOf(node: NodeNumber, isOwn: boolean): string {
  if (!isOwn) return SHARED;
  const index = ((node - 1) % ADDRESSES) + 1;
  return `127.0.${Math.floor(index / LAST_BYTES)}.${(index % LAST_BYTES) + 1}`;
}
