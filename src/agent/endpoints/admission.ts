import { BlockList, isIP, isIPv4 } from 'node:net';
import type { EndpointRule } from '../frames.ts';

/** Prefixes that stand for whoever comes from outside of the node's network, which all do that come by an endpoint. */
const ANYBODY: ReadonlySet<string> = new Set(['*', 'internet']);

/** Where a connection comes from. */
export interface Source {
  readonly address: string;
  readonly port: number;
}

/**
 * Whether an endpoint takes what comes from there: the first rule in the order of priorities that matches decides;
 * where there are rules and none matches, it does not (documentation, "Network security groups": the last rule of each
 * denies all). Without rules it takes all (OpenAPI, InboundNatPool). Other tags than Internet are networks of Azure,
 * from which nobody comes.
 */
export function admissionBy(rules: readonly EndpointRule[]): (source: Source) => boolean {
  const tests = [...rules].sort((one, other) => one.priority - other.priority).map((rule) => ({ matches: matcherOf(rule), isAllowed: rule.isAllowed }));
  return (source) => (tests.length === 0 ? true : (tests.find(({ matches }) => matches(source))?.isAllowed ?? false));
}

function matcherOf({ prefix, ports }: EndpointRule): (source: Source) => boolean {
  const isFrom = addressesOf(prefix);
  const ranges = ports.map(portsOf);
  return ({ address, port }) => isFrom(address) && (ranges.length === 0 || ranges.some(([first, last]) => port >= first && port <= last));
}

function addressesOf(prefix: string): (address: string) => boolean {
  if (ANYBODY.has(prefix.toLowerCase())) return () => true;
  const [address = '', bits] = prefix.split('/');
  if (isIP(address) === 0) return () => false;
  const list = new BlockList();
  const family = familyOf(address);
  if (bits === undefined) list.addAddress(address, family);
  else list.addSubnet(address, Number(bits), family);
  return (from) => list.check(from, familyOf(from));
}

function familyOf(address: string): 'ipv4' | 'ipv6' {
  return isIPv4(address) ? 'ipv4' : 'ipv6';
}

/** `*`, one port, or a range. */
function portsOf(text: string): readonly [first: number, last: number] {
  if (text === '*') return [0, 65_535];
  const [first = '', last = first] = text.split('-');
  return [Number(first), Number(last)];
}
