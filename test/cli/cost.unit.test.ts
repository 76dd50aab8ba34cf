import { describe, expect, test } from 'vitest';
import { describe as told, instantOf, type Cost } from '../../src/cli/commands/cost.ts';

const COST: Cost = {
  until: '2026-11-30T00:00:00Z',
  currency: 'USD',
  region: 'westeurope',
  prices: [
    { size: 'standard_d2s_v3', cores: 2, plain: 0.12, dedicated: 0.12, low: 0.024 },
    { size: 'standard_z1', cores: null, plain: null, dedicated: null, low: null },
  ],
  lines: [
    { pool: 'mypool', size: 'standard_d2s_v3', kind: 'low', nodeSeconds: 10_800, idleShare: 0.403, lostSeconds: 90, hourlyPrice: 0.024, cost: 0.072 },
    { pool: 'p', size: 'standard_z1', kind: 'dedicated', nodeSeconds: 30, idleShare: 1, lostSeconds: 0, hourlyPrice: null, cost: null },
  ],
  total: { nodeSeconds: 10_830, idleShare: 0.4, lostSeconds: 90, cost: 0.072, unknownPrices: ['standard_z1 dedicated'] },
};

describe('linarite cost', () => {
  test('tells of pools, their sum, what is not known, and prices in three columns', () => {
    expect(told(COST)).toEqual([
      'all pools, until 2026-11-30T00:00:00Z',
      'pool    size             kind       node time  idle   lost work   USD',
      'mypool  standard_d2s_v3  low        3 h        40 %   1 min 30 s  0.0720',
      'p       standard_z1      dedicated  30 s       100 %  0 ms        unknown',
      'total                               3 h 1 min  40 %   1 min 30 s  0.0720 and what is unknown',
      'no price is known of standard_z1 dedicated: linarite up --sizes FILE gives one (docs/cost.md)',
      '',
      'USD an hour in westeurope',
      'size             cores    plain VM  dedicated  low-priority',
      'standard_d2s_v3  2        0.12      0.12       0.024',
      'standard_z1      unknown  unknown   unknown    unknown',
    ]);
  });

  test('tells of a task without idle time, and of nothing', () => {
    const lines = told({ ...COST, job: 'j', task: 't', lines: [], total: { nodeSeconds: 0, lostSeconds: 0, cost: 0, unknownPrices: [] } });
    expect(lines.slice(0, 2)).toEqual(['task t of job j, until 2026-11-30T00:00:00Z', 'nothing has been used']);
  });

  test.each([
    ['7d', 1_000 * 86_400_000 - 7 * 86_400_000],
    ['30min', 1_000 * 86_400_000 - 1_800_000],
    ['2026-01-31', Date.UTC(2026, 0, 31)],
    ['2026-01-31T12:00:00Z', Date.UTC(2026, 0, 31, 12)],
  ])('%s is a time', (text, at) => {
    expect(instantOf(text, 1_000 * 86_400_000)).toBe(at);
  });

  test.each(['', 'yesterday', '2026-13-99', '5'])('%j is none', (text) => {
    expect(() => instantOf(text, 0)).toThrow('is no time');
  });
});
