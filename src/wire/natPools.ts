import { checkDistinct, invalidProperty } from './errors.ts';
import { LIMITS } from './limits.ts';
import type * as Wire from './types.generated.ts';

/** Ports of nodes that a pool makes reachable, and from where. */

export function checkNatPool({ backendPort, frontendPortRangeStart: first, frontendPortRangeEnd: last }: Wire.InboundNatPool): void {
  if (backendPort === 29_876 || backendPort === 29_877) throw invalidProperty('backendPort', backendPort, 'Batch keeps ports 29876 and 29877 for itself.');
  if (last - first + 1 < LIMITS.natPoolPorts) {
    throw invalidProperty('frontendPortRangeEnd', last, `The range of frontend ports must have at least ${LIMITS.natPoolPorts} ports.`);
  }
  if (first <= 55_000 && last >= 50_000) throw invalidProperty('frontendPortRangeStart', first, 'Batch keeps ports 50000 to 55000 for itself.');
}

/** NSG tags that stand in default rules (documentation, "Network security groups"). */
const SOURCE_TAGS: ReadonlySet<string> = new Set(['*', 'internet', 'virtualnetwork', 'azureloadbalancer']);
export const NAT_POOL_NAME = /^[\da-z](?:[\w.-]*\w)?$/i;
export const NAT_POOL_NAME_REASON = 'A name holds letters, digits, underscores, periods and hyphens; it begins with a letter or a digit, and ends with one of them or an underscore.';

export function checkSource({ sourceAddressPrefix: prefix, sourcePortRanges = [] }: Wire.NetworkSecurityGroupRule): void {
  if (!SOURCE_TAGS.has(prefix.toLowerCase()) && !isAddressPrefix(prefix)) {
    throw invalidProperty('sourceAddressPrefix', prefix, 'It is an IP address, a network (192.168.1.0/24), one of the tags Internet, VirtualNetwork and AzureLoadBalancer, or *.');
  }
  let end = -1;
  const ranges = sourcePortRanges.map((text) => ({ text, range: portRange(text) })).sort((one, other) => (one.range?.[0] ?? 0) - (other.range?.[0] ?? 0));
  for (const { text, range } of ranges) {
    if (range === null) throw invalidProperty('sourcePortRanges', text, 'It is *, a port from 0 to 65535, or a range of ports (100-200).');
    if (range[0] <= end) throw invalidProperty('sourcePortRanges', text, 'Ports of a rule must not overlap.');
    [, end] = range;
  }
}

/** null: it is none. */
function portRange(text: string): readonly [first: number, last: number] | null {
  if (text === '*') return [0, MOST_PORT];
  const [, first = '', last = first] = /^(\d{1,5})(?:-(\d{1,5}))?$/.exec(text) ?? [];
  return first === '' || Number(last) > MOST_PORT || Number(first) > Number(last) ? null : [Number(first), Number(last)];
}

const MOST_PORT = 65_535;

/** An address of IPv4 or IPv6, or one with the bits of its network. */
function isAddressPrefix(text: string): boolean {
  const [, address = '', bits] = /^([^/]*)(?:\/(\d{1,3}))?$/.exec(text) ?? [];
  const isFour = /^(?:(?:25[0-5]|2[0-4]\d|1?\d?\d)(?:\.|$)){4}$/.test(address) && !address.endsWith('.');
  const isSix = !isFour && address.includes(':') && URL.canParse(`http://[${address}]/`);
  return (isFour || isSix) && Number(bits ?? 0) <= (isFour ? 32 : 128);
}

export function checkNatPools(pools: readonly Wire.InboundNatPool[]): void {
  checkDistinct('name', pools.map(({ name }) => name));
  checkDistinct('backendPort', pools.map(({ backendPort, protocol }) => `${backendPort}/${protocol}`));
  const sorted = [...pools].sort((a, b) => a.frontendPortRangeStart - b.frontendPortRangeStart);
  for (const [index, pool] of sorted.entries()) {
    const before = sorted[index - 1];
    if (before !== undefined && before.frontendPortRangeEnd >= pool.frontendPortRangeStart) {
      throw invalidProperty('frontendPortRangeStart', pool.frontendPortRangeStart, 'Ranges of frontend ports must not overlap.');
    }
  }
}
