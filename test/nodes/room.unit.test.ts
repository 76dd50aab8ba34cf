import { expect, test } from 'vitest';
import { nodesThatFit } from '../../src/nodes/local/room.ts';

test.each([
  ['a large machine has as many nodes as fit into its memory', 24 * 1024 ** 3, 192],
  ['a small one has a few', 256 * 1024 ** 2, 8],
])('%s', (_machine, bytes, nodes) => {
  expect(nodesThatFit(bytes)).toBe(nodes);
});
