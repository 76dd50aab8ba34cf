import { expect, test } from 'vitest';
import { sizeLimits } from '../../src/nodes/local/sizeLimits.ts';

const GIB = 1024 ** 3;
const machine = { cores: 4, memoryBytes: 16 * GIB, diskBytes: 100 * GIB, keepsFilesInMemory: false };

test.each([
  ['less than the machine', 'Standard_A1_v2', machine, { cores: 1, memoryBytes: 2 * GIB, diskBytes: 10 * GIB, processes: 16_384 }],
  ['as many cores as the machine', 'standard_f4', machine, { memoryBytes: 8 * GIB, diskBytes: 64 * GIB, processes: 65_536 }],
  ['as much as the machine', 'standard_d4s_v3', { ...machine, diskBytes: 32 * GIB }, { processes: 131_072 }],
  ['more than the machine', 'standard_d64s_v3', machine, { processes: 2_097_152 }],
  ['less than the machine, whose files lie in memory', 'standard_a1_v2', { ...machine, keepsFilesInMemory: true }, { cores: 1, diskBytes: 10 * GIB, processes: 16_384 }],
  ['a name that says nothing', 'mainframe', machine, {}],
])('a node of a size with %s is bounded by what of it is less (%s)', (_what, size, has, limits) => {
  expect(sizeLimits(size, has)).toEqual(limits);
});
