import { createServer } from 'node:net';
import { isLoopback } from '../../../processes/machine.ts';
import { usesWellKnownKeys } from '../data/keys.ts';
import type { ServiceOptions } from '../data/record.ts';

/**
 * What this machine cannot guarantee beyond what the provider of nodes finds, a sentence each; `linarite status` prints
 * them.
 */
export async function machineLimits(options: Pick<ServiceOptions, 'host' | 'wellKnownKey'>): Promise<string[]> {
  const limits = keyLimits(options);
  if (process.platform !== 'linux') limits.push(`${process.platform}: no users, control groups or extra addresses for tasks`);
  if (!(await canListen('127.0.0.2'))) limits.push('no second loopback address: all nodes share the address 127.0.0.1');
  return limits;
}

/** What `--well-known-key` gives away where the well-known keys would not have been used by themselves. */
export function keyLimits({ host, wellKnownKey }: Pick<ServiceOptions, 'host' | 'wellKnownKey'>, isRoot = process.getuid?.() === 0): string[] {
  if (!wellKnownKey || usesWellKnownKeys({ host, insist: false }, isRoot)) return [];
  const who = isLoopback(host) ? 'every user of this machine' : `whoever reaches ${host}`;
  return [`no protection by keys, as --well-known-key asks: ${who} can use the service${isRoot ? ', and become root by a task with administrator rights' : ''}`];
}

function canListen(host: string): Promise<boolean> {
  return new Promise((resolve) => {
    const probe = createServer();
    probe.once('error', () => resolve(false));
    probe.listen({ host, port: 0 }, () => probe.close(() => resolve(true)));
  });
}
