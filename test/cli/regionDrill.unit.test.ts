import { describe, expect, test } from 'vitest';
import { judge, planDrill, verdictLines, type DrillFacts } from '../../src/cli/regionDrill/plan.ts';

const FACTS: DrillFacts = {
  tasks: 4,
  begun: [['1', 'east'], ['2', 'west'], ['3', 'east'], ['4', 'west'], ['3', 'west']].map(([task = '', service = '']) => ({ task, at: 0, service })),
  results: new Map(['1', '2', '3', '4'].map((id) => [id, { copies: 1, isRight: true }])),
  from: { east: 1, west: 3 },
  lost: 'east',
  workTenths: [10, 10, 12, 10],
  lostAt: 1_000,
  noticedAt: 4_000,
  endedAt: 9_000,
  failure: null,
};

describe('a drill', () => {
  test('is the same for the same seed, and another for others', () => {
    expect(planDrill(7, 16)).toEqual(planDrill(7, 16));
    const plans = Array.from({ length: 40 }, (_, seed) => planDrill(seed, 16));
    expect(new Set(plans.map(({ lost }) => lost))).toEqual(new Set([0, 1]));
    for (const { afterResults, workTenths } of plans) expect([afterResults >= 1 && afterResults <= 8, workTenths.length, workTenths.every((tenths) => tenths >= 3 && tenths <= 12)]).toEqual([true, 16, true]);
  });

  test('has passed when each task has one result although one service was lost; what ran again is counted', () => {
    const verdict = judge(FACTS);
    expect(verdict).toEqual({ passed: true, tasks: 4, results: 4, from: { east: 1, west: 3 }, runTwice: 1, workAgainSeconds: 1.2, noticedAfterSeconds: 3, goneOnSeconds: 5, faults: [] });
    expect(verdictLines(verdict).at(-1)).toBe('passed: one service was lost, and each task has one result');
  });

  test.each([
    [{ lostAt: null, noticedAt: null }, 'no service was lost: the run was over before'],
    [{ failure: 'none of east, west answers' }, 'the run failed: none of east, west answers'],
    [{ results: new Map([['1', { copies: 2, isRight: false }]]) }, '3 results are missing'],
    [{ results: new Map([...FACTS.results, ['2', { copies: 2, isRight: false }]]) }, '1 results are there twice: 2'],
    [{ results: new Map([...FACTS.results, ['2', { copies: 1, isRight: false }]]) }, '1 results are wrong: 2'],
  ])('has failed with %j: %s', (more, fault) => {
    const verdict = judge({ ...FACTS, ...more });
    expect([verdict.passed, verdict.faults]).toEqual([false, expect.arrayContaining([fault])]);
    expect(verdictLines(verdict)).toEqual(expect.arrayContaining([fault, 'failed']));
  });
});
