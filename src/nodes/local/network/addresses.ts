import { readFileSync } from 'node:fs';
import { networkInterfaces } from 'node:os';
import type { NodeNumber } from '../../../core/keys.ts';

/** An IPv4 network. */
export interface Network {
  /** Its first address, as a number. */
  readonly base: number;
  readonly bits: number;
}

/** Where the machine leaves the choice, the first of these of which it has nothing (RFC 1918). */
const CHOICES = ['10.213.0.0/16', '172.29.0.0/16', '10.87.0.0/16', '172.21.0.0/16', '192.168.208.0/20'];
/** A network has to have room for some nodes, and is not all there is. */
const [FEWEST_BITS, MOST_BITS] = [8, 26];

/** null: it is no such network. Its address may be any of it. */
export function parseNetwork(text: string): Network | null {
  const [, address = '', length = ''] = /^(\d+\.\d+\.\d+\.\d+)\/(\d+)$/.exec(text) ?? [];
  const [number, bits] = [numberOf(address), Number(length)];
  if (number === null || length === '' || bits < FEWEST_BITS || bits > MOST_BITS) return null;
  return { base: number - (number % sizeOf({ bits })), bits };
}

/** The first of ours that overlaps none of the machine's; undefined: there is no such. */
export function freeNetwork(taken: readonly Network[] = machineNetworks()): Network | undefined {
  return CHOICES.map(parseNetwork).filter((network) => network !== null).find((network) => !taken.some((other) => overlap(network, other)));
}

/** Nodes that are there at the same time have different ones, unless there are very many. */
export function addressIn(network: Network, node: NodeNumber): string {
  return addressText(network.base + 1 + ((node - 1) % (sizeOf(network) - 2)));
}

function sizeOf({ bits }: Pick<Network, 'bits'>): number {
  return 2 ** (32 - bits);
}

function overlap(one: Network, other: Network): boolean {
  return one.base < other.base + sizeOf(other) && other.base < one.base + sizeOf(one);
}

/** Those of its interfaces, and those that it has routes to. */
function machineNetworks(): readonly Network[] {
  const own = Object.values(networkInterfaces()).flat().flatMap((found) => (found?.family === 'IPv4' && found.cidr !== null ? wholeNetwork(found.cidr) : []));
  return [...own, ...routedNetworks()];
}

function wholeNetwork(cidr: string): readonly Network[] {
  const [address = '', length = '32'] = cidr.split('/');
  const number = numberOf(address);
  const bits = Number(length);
  return number === null ? [] : [{ base: number - (number % sizeOf({ bits })), bits }];
}

/**
 * proc_net(5), `/proc/net/route`: destination and mask are the second and the eighth column, in hexadecimal, in the
 * order of the machine's bytes. The way to everywhere is left out.
 */
function routedNetworks(): readonly Network[] {
  let text = '';
  try {
    text = readFileSync('/proc/net/route', 'latin1');
  } catch {
    return [];
  }
  return text.split('\n').slice(1).flatMap((line) => {
    const [, destination = '', , , , , , mask = ''] = line.split('\t');
    if (!/^[\dA-F]{8}$/i.test(destination) || !/^[\dA-F]{8}$/i.test(mask) || Number.parseInt(mask, 16) === 0) return [];
    return [{ base: fromHex(destination), bits: fromHex(mask).toString(2).replaceAll('0', '').length }];
  });
}

function fromHex(text: string): number {
  return Buffer.from(text, 'hex').readUInt32LE(0);
}

/** null: it is no IPv4 address. */
function numberOf(address: string): number | null {
  const parts = address.split('.').map(Number);
  if (parts.length !== 4 || parts.some((part) => !Number.isInteger(part) || part < 0 || part > 255)) return null;
  return parts.reduce((number, part) => number * 256 + part, 0);
}

function addressText(number: number): string {
  return [24, 16, 8, 0].map((shift) => Math.floor(number / 2 ** shift) % 256).join('.');
}
