import { createHmac } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { chooseBy } from '../../../nodes/byPool/choice.ts';
import { providersByPool } from '../../../nodes/byPool/providers.ts';
import type { ClosableProvider } from '../../../nodes/provider.ts';
import { agentUrlAt, REMOTE_LEASE_MS, type RemoteService } from '../../../nodes/remote/service.ts';
import type { DataDirectory } from '../data/dataDirectory.ts';
import type { Providers } from './file.ts';
import type { ProviderContext } from './kinds.ts';

/** As nodes of other machines know the service: where an operator says that they reach it, else where it listens. */
export function serviceAddress({ service }: Pick<Providers, 'service'>, host: string, port: number): string {
  if (service !== null) return service;
  const name = host === '0.0.0.0' || host === '::' ? hostname() : host;
  return `https://${name.includes(':') ? `[${name}]` : name}:${port}`;
}

/** `nodeSecret`: as all processes of a database have it, so that they know each other's nodes. */
export function remoteService(address: string, { certificates }: Pick<DataDirectory, 'certificates'>, nodeSecret: Uint8Array): RemoteService {
  return {
    agentUrl: agentUrlAt(address),
    authority: readFileSync(join(certificates, 'ca.pem'), 'utf8'),
    cluster: createHmac('sha256', nodeSecret).update('cluster').digest('hex').slice(0, 12),
    leaseMs: REMOTE_LEASE_MS,
  };
}

/** One provider over all of them. What was made is closed again where one of them cannot be. */
export async function makeProviders({ makers, rules, byDefault }: Providers, context: Omit<ProviderContext, 'name'>): Promise<ClosableProvider> {
  const made = new Map<string, ClosableProvider>();
  try {
    for (const [name, make] of makers) made.set(name, await make({ ...context, name }));
  } catch (error) {
    await Promise.all([...made.values()].map((provider) => provider.close()));
    throw error;
  }
  return providersByPool(made, chooseBy(rules, byDefault));
}
