import { describe, expect, test } from 'vitest';
import { readQuotas } from '../../src/cli/commands/account.ts';

describe('quotas as an operator writes them', () => {
  test('are those that the service takes', () => {
    expect(readQuotas('dedicated=100, low=none,pools=default,jobs=0,family:standardDv3Family=10,family:standardFFamily=none')).toEqual({
      dedicatedCores: 100,
      lowPriorityCores: null,
      pools: 'default',
      activeJobs: 0,
      families: { standardDv3Family: 10, standardFFamily: null },
    });
    expect(readQuotas('low=5')).toEqual({ lowPriorityCores: 5 });
  });

  test.each([
    ['', 'there is no quota "" in ""'],
    ['cores=5', 'there is no quota "cores" in "cores=5": dedicated, low, pools, jobs and family:NAME can be set'],
    ['low', '"low" sets nothing'],
    ['low=-1', '"low=-1" sets nothing'],
    ['low=1,', 'there is no quota ""'],
    ['low=many', '"low=many" sets nothing: a quota is a whole number, none or default, as in dedicated=100'],
  ])('%j is refused', (list, message) => {
    expect(() => readQuotas(list)).toThrow(message);
  });
});
