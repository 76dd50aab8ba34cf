import { BlockList, isIP } from 'node:net';

/**
 * Networks that no webhook reaches: this machine, private ones, link-local ones (with the metadata services of clouds),
 * those of documentation and tests, multicast, and forms of IPv6 that stand for an address of IPv4. By IANA's
 * registries of special-purpose addresses (RFC 6890).
 */
const SPECIAL: readonly (readonly [net: string, prefix: number])[] = [
  ['0.0.0.0', 8],
  ['10.0.0.0', 8],
  ['100.64.0.0', 10],
  ['127.0.0.0', 8],
  ['169.254.0.0', 16],
  ['172.16.0.0', 12],
  ['192.0.0.0', 24],
  ['192.0.2.0', 24],
  ['192.88.99.0', 24],
  ['192.168.0.0', 16],
  ['198.18.0.0', 15],
  ['198.51.100.0', 24],
  ['203.0.113.0', 24],
  ['224.0.0.0', 4],
  ['240.0.0.0', 4],
  ['::', 96],
  ['::ffff:0:0', 96],
  ['64:ff9b::', 96],
  ['64:ff9b:1::', 48],
  ['100::', 64],
  ['2001::', 23],
  ['2001:db8::', 32],
  ['2002::', 16],
  ['3fff::', 20],
  ['5f00::', 16],
  ['fc00::', 7],
  ['fe80::', 10],
  ['fec0::', 10],
  ['ff00::', 8],
];

const V4 = new BlockList();
const V6 = new BlockList();
for (const [net, prefix] of SPECIAL) {
  // Node.js holds an address of IPv4 for one of these lists in its mapped form, too: so each family has its own.
  if (isIP(net) === 4) V4.addSubnet(net, prefix, 'ipv4');
  else V6.addSubnet(net, prefix, 'ipv6');
}

/** Whether an address belongs to everybody's internet. */
export function isPublic(address: string): boolean {
  const plain = address.replace(/%.*$/, '');
  switch (isIP(plain)) {
    case 4:
      return !V4.check(plain, 'ipv4');
    case 6:
      return !V6.check(plain, 'ipv6');
    default:
      return false;
  }
}
