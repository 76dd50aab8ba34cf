import { networkInterfaces } from 'node:os';
import { isLoopback } from '../processes/machine.ts';

/** In a configuration made on another machine: the agent finds the node's address itself. */
export const FOUND_ADDRESS = 'found';

/**
 * The address by which other nodes reach this machine: its first of IPv4 that is none of loopback. Where the service is
 * of this machine alone, or the machine has no other, 127.0.0.1.
 */
export function ownAddress(agentUrl: string, interfaces: ReturnType<typeof networkInterfaces> = networkInterfaces()): string {
  if (isLoopback(new URL(agentUrl).hostname)) return '127.0.0.1';
  const addresses = Object.values(interfaces).flatMap((found) => found ?? []);
  return addresses.find(({ family, internal }) => family === 'IPv4' && !internal)?.address ?? '127.0.0.1';
}
