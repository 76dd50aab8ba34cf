import { describe, expect, test } from 'vitest';
import { nodesThatFit, paced } from '../../src/nodes/local/room.ts';

describe('agents that boot', () => {
  const bucket = () => {
    let now = 0;
    const pauses: number[] = [];
    const turn = paced({ burst: 2, everyMs: 100, now: () => now, pause: (ms) => Promise.resolve(pauses.push(ms)) });
    return { turn, pauses, pass: (ms: number) => (now += ms) };
  };

  test('start at once as long as they are few, then one after the other', async () => {
    const { turn, pauses } = bucket();
    for (let agent = 0; agent < 5; agent++) await turn();
    expect(pauses).toEqual([100, 200, 300]);
  });

  test('start at once again after a rest', async () => {
    const { turn, pauses, pass } = bucket();
    for (let agent = 0; agent < 3; agent++) await turn();
    pass(150);
    await turn();
    pass(10_000);
    for (let agent = 0; agent < 2; agent++) await turn();
    expect(pauses).toEqual([100, 50]);
  });
});

test.each([
  ['a large machine has as many nodes as fit into its memory', 24 * 1024 ** 3, 192],
  ['a small one has a few', 256 * 1024 ** 2, 8],
])('%s', (_machine, bytes, nodes) => {
  expect(nodesThatFit(bytes)).toBe(nodes);
});
