import { expect, test } from 'vitest';
import { addressIn, freeNetwork, parseNetwork, type Network } from '../../src/nodes/local/network/addresses.ts';

function network(text: string): Network {
  const parsed = parseNetwork(text);
  if (parsed === null) throw new Error(`${text} is no network`);
  return parsed;
}

test.each([
  ['10.1.0.0/16', 1, '10.1.0.1'],
  ['10.1.2.3/16', 256, '10.1.1.0'],
  ['10.1.0.0/16', 65_534, '10.1.255.254'],
  ['10.1.0.0/16', 65_535, '10.1.0.1'],
  ['192.168.7.64/26', 62, '192.168.7.126'],
  ['192.168.7.64/26', 63, '192.168.7.65'],
])('in %s node %i has %s', (text, node, address) => {
  expect(addressIn(network(text), node)).toBe(address);
});

test.each([
  ['of what the machine has nothing', ['192.0.2.0/24'], '10.213.0.0/16'],
  ['not one that it has a part of', ['10.213.4.0/24'], '172.29.0.0/16'],
  ['not one that is a part of what it has', ['10.0.0.0/8', '172.16.0.0/12'], '192.168.208.0/20'],
])('nodes have a network %s', (_what, taken, chosen) => {
  expect(freeNetwork(taken.map(network))).toEqual(network(chosen));
});

test('nodes have no network where the machine has all of them', () => {
  expect(freeNetwork(['10.0.0.0/8', '172.16.0.0/12', '192.168.0.0/16'].map(network))).toBeUndefined();
});
