import { expect, test } from 'vitest';
import { chooseBy } from '../../../src/nodes/byPool/choice.ts';

const UBUNTU = { kind: 'marketplace', publisher: 'canonical', offer: 'ubuntu', sku: '22_04-lts', version: 'latest' } as const;
function asked(change: object = {}) {
  return { poolId: 'render', vmSize: 'standard_d2s_v3', image: UBUNTU, ...change };
}

test('a pool has its nodes from the first rule all of whose conditions hold, else from the default', () => {
  const choose = chooseBy(
    [
      { provider: 'gpus', vmSizes: ['standard_nc*', 'standard_nd*'] },
      { provider: 'cluster', pools: ['mpi-*', 'cfd'], images: ['canonical:*'] },
      { provider: 'late', pools: ['*'] , vmSizes: ['standard_d2s_v?'] },
    ],
    'local',
  );
  expect(choose(asked({ vmSize: 'standard_nc6' }))).toBe('gpus');
  expect(choose(asked({ poolId: 'mpi-1', vmSize: 'standard_a1_v2' }))).toBe('cluster');
  expect(choose(asked({ poolId: 'mpi-1', vmSize: 'standard_a1_v2', image: null })), 'a pool without an image fits no pattern of images').toBe('local');
  expect(choose(asked())).toBe('late');
  expect(choose(asked({ vmSize: 'standard_d16s_v3' }))).toBe('local');
});

test('names are compared without case, and a slash is a letter as any other', () => {
  const own = { kind: 'own', id: '/subscriptions/1/resourceGroups/g/providers/Microsoft.Compute/images/Lab' } as const;
  expect(chooseBy([{ provider: 'lab', images: ['*/IMAGES/lab'] }], 'local')(asked({ image: own }))).toBe('lab');
  expect(chooseBy([{ provider: 'lab', pools: ['Render'] }], 'local')(asked())).toBe('lab');
});

test('braces, exclamation marks and parentheses mean themselves', () => {
  const choose = chooseBy([{ provider: 'odd', pools: ['!render', 'a{b,c}', '@(x)'] }], 'local');
  expect(['render', 'ab', 'x', '!render', 'a{b,c}', '@(x)'].map((poolId) => choose(asked({ poolId })))).toEqual(['local', 'local', 'local', 'odd', 'odd', 'odd']);
});
