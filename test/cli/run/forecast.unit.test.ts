import { describe, expect, test } from 'vitest';
import type { PoolSeen } from '../../../src/cli/run/account/batchAccount.ts';
import { aheadOf, onNodesThatAreUp } from '../../../src/cli/run/forecast/ahead.ts';
import { comparisonOf, expected, forecast, makespan, sentenceOf, type Work } from '../../../src/cli/run/forecast/forecast.ts';
import { durationsOf, pastRunOf, type PastRun } from '../../../src/cli/run/forecast/history.ts';
import { readFlags, type RunFlags } from '../../../src/cli/run/plan/options.ts';

const POOL = { nodes: 2, lowPriorityNodes: 0, slots: 2, vmSize: 'standard_d2s_v3' };
const WORK: Work = { tasks: 8, nodesPerTask: 1, pool: POOL, region: 'westeurope' };

describe('a forecast', () => {
  test('of tasks that all take as long is what their rounds take, and what the nodes cost meanwhile', () => {
    const made = forecast(WORK, expected([60_000, 60_000]));
    expect(made).toEqual({
      basis: '--expect-duration; without the time that nodes need to start',
      tasks: 8,
      seconds: { low: 120, likely: 120, high: 120 },
      cost: { low: 0.008, likely: 0.008, high: 0.008 },
      region: 'westeurope',
    });
    expect(sentenceOf(made)).toBe('forecast: about 2 min (2 min to 2 min), 0.0080 USD (0.0080 to 0.0080) in westeurope; basis: --expect-duration; without the time that nodes need to start');
  });

  test('of tasks that differ has a range, the same each time', () => {
    const { seconds } = forecast({ ...WORK, tasks: 100 }, expected([10_000, 110_000]));
    expect(seconds.low).toBeLessThan(seconds.likely);
    expect(seconds.likely).toBeLessThan(seconds.high);
    // A hundred tasks of a minute on four slots, and what the last ones are late.
    expect(seconds.likely).toBeGreaterThan(1_400);
    expect(seconds.likely).toBeLessThan(1_700);
    expect(forecast({ ...WORK, tasks: 100 }, expected([10_000, 110_000])).seconds).toEqual(seconds);
  });

  test('counts low-priority nodes at their price, tasks on several nodes by these, and what a run takes beside', () => {
    const made = forecast({ ...WORK, nodesPerTask: 2, pool: { ...POOL, lowPriorityNodes: 2 } }, { ...expected([60_000, 60_000]), overheadMs: { low: 3_000, likely: 6_000, high: 9_000 } });
    expect([made.basis, made.seconds, made.cost?.likely]).toEqual(['--expect-duration', { low: 243, likely: 246, high: 249 }, Number(((0.288 * 246) / 3_600).toFixed(4))]);
  });

  test('says that a price is unknown, and never that it is nothing', () => {
    const made = forecast({ ...WORK, pool: { ...POOL, vmSize: 'standard_zz1' } }, expected([1_000, 1_000]));
    expect(made.cost).toBeNull();
    expect(sentenceOf(made)).toContain('at a price in westeurope that is unknown');
  });

  test('of a hundred thousand tasks is there in a moment', () => {
    const started = performance.now();
    expect(forecast({ ...WORK, tasks: 100_000 }, expected([1_000, 1_000])).seconds.likely).toBe(25_000);
    expect(performance.now() - started).toBeLessThan(5_000);
  });

  test('is compared with what came', () => {
    const made = forecast(WORK, expected([60_000, 60_000]));
    expect(comparisonOf(made, 150_000)).toBe('took 2 min 30 s, forecast 2 min, 25 % off, outside its range of 2 min to 2 min; its nodes cost about 0.0100 USD, forecast 0.0080');
    expect(comparisonOf({ ...made, cost: null }, 120_000)).toBe('took 2 min, forecast 2 min, 0 % off, within its range');
  });
});

test.each([
  [[5, 5, 5], 1, 15],
  [[5, 5, 5], 2, 10],
  [[9, 1, 1, 1], 2, 9],
  [[1, 1, 1, 9], 2, 10],
  [[1, 2, 3], 10, 3],
  [[], 3, 0],
])('tasks of %j in %d places take %d', (durations, places, end) => {
  expect(makespan(durations, places)).toBe(end);
});

describe('earlier runs', () => {
  const past = (change: Partial<PastRun>): PastRun => ({ at: '', command: 'c', program: 'p', vmSize: 's', tasks: 10, quantiles: [1, 2, 3, 4, 5], overheadMs: 100, ...change });

  test('of the same command come before those of the same program; others tell nothing', () => {
    const runs = [past({ command: 'other', quantiles: [7, 7, 7, 7, 7] }), past({ tasks: 30, quantiles: [0, 4, 7, 8, 9], overheadMs: 300 }), past({})];
    expect(durationsOf(runs, { command: 'c', program: 'p', vmSize: 's' })).toEqual({ basis: '40 tasks of 2 earlier runs of the same command', quantiles: [0, 3.5, 6, 7, 9], overheadMs: { low: 100, likely: 200, high: 300 } });
    expect(durationsOf(runs.slice(0, 1), { command: 'c', program: 'p', vmSize: 't' })).toMatchObject({ basis: '10 tasks of 1 earlier run of the same program, some on nodes of s', overheadMs: { low: 50, likely: 100, high: 150 } });
    expect(durationsOf(runs, { command: 'x', program: 'y', vmSize: 's' })).toBeNull();
  });

  test('tell how long the tasks took that ended well, and what came beside them', () => {
    const outcome = { succeeded: true, started: true, retries: 0, exitCode: 0 };
    const outcomes = [4_000, 1_000, 2_000, 3_000, 5_000].map((runMs, index) => ({ ...outcome, id: String(index), runMs }));
    const failed = { ...outcome, id: 'f', succeeded: false, runMs: 99_000 };
    const likeness = { command: 'c', program: 'p', vmSize: 's' };
    const told = { outcomes: [...outcomes, failed], elapsedMs: 10_000, places: 5, at: new Date(0) };
    expect(pastRunOf(likeness, told)).toEqual({ at: '1970-01-01T00:00:00.000Z', ...likeness, tasks: 5, quantiles: [1_000, 2_000, 3_000, 4_000, 5_000], overheadMs: 5_000 });
    expect(pastRunOf(likeness, { ...told, outcomes: [failed] })).toBeNull();
  });
});

const flags: RunFlags = { before: [], input: [], sweep: [], output: [], resourceFile: [], env: [], mergeOutput: [], app: [] };

describe('a pool that exists', () => {
  const SEEN = { state: 'active', vmSize: 'standard_d2s_v3', taskSlotsPerNode: 4, allocationState: 'steady', currentDedicatedNodes: 2, currentLowPriorityNodes: 1, targetDedicatedNodes: 9, targetLowPriorityNodes: 0 } as const;
  const ahead = (seen: PoolSeen | undefined) => aheadOf(readFlags(['x'], { ...flags, pool: 'p' }), undefined, { pool: () => Promise.resolve(seen) });

  test('counts with the nodes that it has; in the middle of a resize with those that it is to have', async () => {
    expect(await ahead(SEEN)).toEqual({ pool: { nodes: 2, lowPriorityNodes: 1, slots: 4, vmSize: 'standard_d2s_v3' }, exists: true });
    expect(await ahead({ ...SEEN, allocationState: 'resizing' })).toMatchObject({ pool: { nodes: 9, lowPriorityNodes: 0 } });
  });

  test.each<[PoolSeen | undefined, string]>([
    [undefined, 'there is no pool p'],
    [{ ...SEEN, state: 'deleting' }, 'there is no pool p'],
    [{ ...SEEN, currentDedicatedNodes: 0, currentLowPriorityNodes: 0 }, 'the pool p has no nodes now'],
    [{ ...SEEN, currentDedicatedNodes: 0, currentLowPriorityNodes: 0, enableAutoScale: true }, 'the pool p has no nodes now, and its formula says when it has'],
  ])('as %j says why nothing is forecast', async (seen, none) => {
    expect(await ahead(seen)).toEqual({ none });
  });

  test('needs no time to start: what earlier runs took beside their tasks does not count', () => {
    const known = { basis: 'b', quantiles: [60_000, 60_000, 60_000, 60_000, 60_000], overheadMs: { low: 5_000, likely: 9_000, high: 20_000 } } as const;
    expect(forecast(WORK, onNodesThatAreUp(known, POOL))).toMatchObject({ basis: 'b; on the 2 nodes that the pool has now, as if nothing else ran there', seconds: { low: 120, likely: 120, high: 120 } });
  });
});

describe('what is expected', () => {
  const read = (expectDuration: string, region?: string) => readFlags(['x'], { ...flags, expectDuration, ...(region === undefined ? {} : { region }) });

  test('is a time, or the shortest and the longest', () => {
    expect(read('90s').expectDuration?.quantiles).toEqual([90_000, 90_000, 90_000, 90_000, 90_000]);
    expect(read('20s..1min', 'East US')).toMatchObject({ region: 'East US', expectDuration: { quantiles: [20_000, 30_000, 40_000, 50_000, 60_000] } });
    expect(readFlags(['x'], flags).expectDuration).toBeUndefined();
  });

  test.each(['soon', '', '0s', '2min..1min', '1s..2s..3s', '-1s'])('is not %j', (text) => {
    expect(() => read(text)).toThrow(`--expect-duration ${text}: write a time`);
  });

  test('has prices of known regions', () => {
    expect(() => read('1s', 'mars')).toThrow('--region mars: prices are known of westeurope, eastus');
  });
});
