import type { NodeSetup } from '../agent/frames.ts';
import type { PoolAdd } from '../wire/types.generated.ts';

/** The ways in from outside that a pool's specification asks for. */
export function endpointsOf({ networkConfiguration }: PoolAdd): Pick<NodeSetup, 'endpoints'> {
  const pools = networkConfiguration?.endpointConfiguration?.inboundNATPools ?? [];
  if (pools.length === 0) return {};
  return {
    endpoints: pools.map(({ name, protocol, backendPort, frontendPortRangeStart, frontendPortRangeEnd, networkSecurityGroupRules = [] }) => ({
      name,
      protocol,
      backendPort,
      firstPort: frontendPortRangeStart,
      lastPort: frontendPortRangeEnd,
      rules: networkSecurityGroupRules.map(({ priority, access, sourceAddressPrefix, sourcePortRanges = [] }) => ({ priority, isAllowed: access === 'allow', prefix: sourceAddressPrefix, ports: sourcePortRanges })),
    })),
  };
}
