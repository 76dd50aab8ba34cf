import { networkInterfaces } from 'node:os';

/** Whether an address (IPv4, IPv6, or IPv4 in IPv6) is one of this machine: what goes there never leaves it. */
export function isOfThisMachine(address: string): boolean {
  const plain = address.toLowerCase().replace(/^::ffff:(?=\d+\.)/, '');
  if (plain === '::1' || plain.startsWith('127.')) return true;
  return Object.values(networkInterfaces()).some((addresses) => addresses?.some((own) => own.address === plain) ?? false);
}
