import type { ClosableProvider, NodeRequest } from '../nodes/provider.ts';
import { findVmSize } from '../wire/sizes/find.ts';

/** What the subscription grants: null, or why it has no room for a node of so many cores. */
export type GrantCores = (node: Pick<NodeRequest, 'account' | 'node'> & { readonly cores: number }) => Promise<{ readonly region: string; readonly inUse: number } | null>;

/**
 * A provider that gives accounts in user subscription mode no more cores than their subscription has, whichever of them
 * asks: it is the subscription that refuses, not the account's own quota (limits 7.1). A pool sees AllocationFailed
 * with the reason.
 */
export function withSubscriptionCores<Provider extends Pick<ClosableProvider, 'acquire'>>(provider: Provider, most: number, grant: GrantCores): Provider {
  const { acquire } = provider;
  return {
    ...provider,
    acquire: async (request) => {
      const cores = findVmSize(request.vmSize)?.cores ?? 1;
      const refused = await grant({ account: request.account, node: request.node, cores });
      if (refused !== null) throw new Error(`The subscription has a quota of ${most} cores in ${refused.region} for accounts in user subscription mode: ${refused.inUse} are in use, and the node has ${cores}.`);
      await acquire.call(provider, request);
    },
  };
}
