import { describe, expect, test } from 'vitest';
import { testEnv } from './harness.ts';

const D2 = { size: 'standard_d2_v3', cores: 2, family: 'standardDv3Family' };
const F4 = { size: 'standard_f4', cores: 4, family: 'standardFFamily' };

function codes(pool: { readonly status: { readonly resizeErrors: readonly { readonly code: string }[] } }): string[] {
  return pool.status.resizeErrors.map(({ code }) => code);
}

describe('a quota of cores', () => {
  test.each([
    [8, 4, []],
    [7, 3, ['AccountCoreQuotaReached']],
    [1, 0, ['AccountCoreQuotaReached']],
    [0, 0, ['AccountCoreQuotaReached']],
    [null, 4, []],
  ])('of %s dedicated ones gives four nodes of two cores %d nodes', (dedicatedCores, nodes, errors) => {
    const env = testEnv();
    env.apply({ kind: 'quotas', quotas: { dedicatedCores } });
    const pool = env.pool({ nodes: 4, machine: D2 });
    env.settle();
    expect(pool.status).toMatchObject({ allocationState: 'steady', currentDedicated: nodes });
    expect(codes(pool)).toEqual(errors);
  });

  test('counts the nodes of all pools, of each kind apart', () => {
    const env = testEnv();
    env.apply({ kind: 'quotas', quotas: { dedicatedCores: 8, lowPriorityCores: 4 } });
    const first = env.pool({ id: 'first', nodes: 2, targetLowPriority: 1, machine: D2 });
    env.settle();
    const second = env.pool({ id: 'second', nodes: 2, targetLowPriority: 1, machine: F4 });
    env.settle();
    expect(first.status).toMatchObject({ currentDedicated: 2, currentLowPriority: 1, resizeErrors: [] });
    expect(second.status).toMatchObject({ currentDedicated: 1, currentLowPriority: 0 });
    expect(second.status.resizeErrors).toEqual([
      { code: 'AccountCoreQuotaReached', message: 'Desired number of dedicated nodes could not be allocated: the account has a quota of 8 dedicated cores' },
      { code: 'AccountLowPriorityCoreQuotaReached', message: 'Desired number of low priority nodes could not be allocated: the account has a quota of 4 low priority cores' },
    ]);
  });

  test('of a family holds for its dedicated nodes alone, and the tighter one is named', () => {
    const env = testEnv();
    env.apply({ kind: 'quotas', quotas: { dedicatedCores: 7, families: { standarddv3family: 2 } } });
    const pool = env.pool({ nodes: 2, targetLowPriority: 3, machine: D2 });
    const other = env.pool({ id: 'other', nodes: 2, machine: F4 });
    env.settle();
    expect([pool.status.currentDedicated, pool.status.currentLowPriority, codes(pool)]).toEqual([1, 3, ['AccountVMSeriesCoreQuotaReached']]);
    expect([other.status.currentDedicated, codes(other)]).toEqual([1, ['AccountCoreQuotaReached']]);
  });

  test('two pools asked for in one tick do not pass together', () => {
    const env = testEnv();
    env.apply({ kind: 'quotas', quotas: { dedicatedCores: 6 } });
    const pools = ['a', 'b'].map((id) => env.pool({ id, nodes: 2, machine: D2 }));
    env.settle();
    expect(pools.map(({ status }) => status.currentDedicated)).toEqual([2, 1]);
  });

  test('that is raised holds for the next resize, one that is lowered takes no node away; a load keeps it', () => {
    const env = testEnv();
    env.apply({ kind: 'quotas', quotas: { dedicatedCores: 2 } });
    const pool = env.pool({ nodes: 2, machine: D2 });
    env.settle();
    expect([pool.status.currentDedicated, codes(pool)]).toEqual([1, ['AccountCoreQuotaReached']]);
    env.apply({ kind: 'quotas', quotas: { dedicatedCores: 4 } });
    pool.resize(2);
    env.settle();
    expect([pool.status.currentDedicated, codes(pool)]).toEqual([2, []]);
    env.quotas = { dedicatedCores: 1 };
    env.restart();
    pool.resize(3);
    env.settle();
    expect([pool.status.currentDedicated, codes(pool)]).toEqual([2, ['AccountCoreQuotaReached']]);
  });

  test('counts a node that was lost and comes again once', () => {
    const env = testEnv();
    env.apply({ kind: 'quotas', quotas: { dedicatedCores: 4 } });
    const pool = env.pool({ nodes: 2, machine: D2 });
    env.settle();
    env.apply({ kind: 'node', node: pool.nodes[0]?.node ?? 0, life: 1, observed: { kind: 'ended', reason: 'killed' } });
    pool.resize(3);
    env.settle();
    expect([pool.status.currentDedicated, codes(pool)]).toEqual([2, ['AccountCoreQuotaReached']]);
  });
});
