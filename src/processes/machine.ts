import { isIP } from 'node:net';
import { networkInterfaces } from 'node:os';

/** Whether a host is this machine by name or loopback address: 127.0.0.0/8, ::1 (as URLs have it, too), localhost. */
export function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || host === '[::1]' || (isIP(host) === 4 && host.startsWith('127.'));
}

/** Whether an address (IPv4, IPv6, or IPv4 in IPv6) is one of this machine: what goes there never leaves it. */
export function isOfThisMachine(address: string): boolean {
  const plain = address.toLowerCase().replace(/^::ffff:(?=\d+\.)/, '');
  if (plain === '::1' || plain.startsWith('127.')) return true;
  return Object.values(networkInterfaces()).some((addresses) => addresses?.some((own) => own.address === plain) ?? false);
}
