import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { capacityAt, readCapacity } from '../../src/nodes/local/capacity.ts';
import { createCapacityKeeper, type LowPriorityNode } from '../../src/nodes/local/capacityKeeper.ts';

describe('a capacity over time', () => {
  test('is read from CSV, and holds from each offset on', () => {
    const capacity = readCapacity('# spare machines\noffset,nodes\n0s,4\n\n90s , 1\n5min,0\n');
    expect(capacity).toEqual({ unit: 'nodes', steps: [{ atMs: 0, most: 4 }, { atMs: 90_000, most: 1 }, { atMs: 300_000, most: 0 }], periodMs: null });
    expect([0, 89_999, 90_000, 10 ** 9].map((at) => capacityAt(capacity, at))).toEqual([{ most: 4, changesInMs: 90_000 }, { most: 4, changesInMs: 1 }, { most: 1, changesInMs: 210_000 }, { most: 0, changesInMs: null }]);
  });

  test('begins anew after its period', () => {
    const capacity = readCapacity('offset,cores\nperiod,10s\n0s,8\n4s,2\n');
    expect([0, 4_000, 9_999, 10_000, 24_500].map((at) => capacityAt(capacity, at))).toEqual([
      { most: 8, changesInMs: 4_000 },
      { most: 2, changesInMs: 6_000 },
      { most: 2, changesInMs: 1 },
      { most: 8, changesInMs: 4_000 },
      { most: 2, changesInMs: 5_500 },
    ]);
  });

  test.each([
    ['', /line 1: the first line must be/],
    ['time,nodes\n0s,1', /line 1: the first line/],
    ['offset,gpus\n0s,1', /line 1: the first line/],
    ['offset,nodes', /the first offset must be 0s/],
    ['offset,nodes\n1s,1', /the first offset must be 0s/],
    ['offset,nodes\n0s,1\n5,2', /line 3: 5 is no time/],
    ['offset,nodes\n0s,1\n5s,-2', /line 3: -2 is no number of nodes/],
    ['offset,nodes\n0s,1\n5s,2,3', /line 3: there must be two values/],
    ['offset,nodes\n0s,1\n5s,2\n5s,3', /line 4: offsets must rise/],
    ['offset,nodes\n0s,1\n5s,2\nperiod,5s', /the period must be longer/],
  ])('is not read from %j', (text, error) => {
    expect(() => readCapacity(text)).toThrow(error);
  });
});

describe('whoever keeps low-priority nodes within it', () => {
  beforeEach(() => {
    vi.useFakeTimers();
  });
  afterEach(() => {
    vi.useRealTimers();
  });

  function keeperOf(text: string, cores: readonly number[], seed = 1) {
    let nodes: LowPriorityNode[] = cores.map((each, index) => ({ node: index + 1, life: 1, cores: each }));
    const noticed: number[] = [];
    const taken: number[] = [];
    const keeper = createCapacityKeeper({
      capacity: readCapacity(text),
      graceMs: 2_000,
      seed,
      present: () => nodes,
      coming: () => [],
      notify: ({ node }) => void noticed.push(node),
      takeBack: ({ node }) => void taken.push(node),
    });
    return { keeper, noticed, taken, goes: (node: number) => void (nodes = nodes.filter((other) => other.node !== node)), comes: (node: LowPriorityNode) => void nodes.push(node) };
  }

  test('refuses one for which there is no capacity, until there is', () => {
    const { keeper } = keeperOf('offset,nodes\n0s,2\n10s,3', [4, 4]);
    expect(keeper.refuses(4)).toBe('There is capacity for 2 low-priority nodes now, of which 2 are taken.');
    vi.advanceTimersByTime(10_000);
    expect(keeper.refuses(4)).toBeNull();
  });

  test('counts cores where the capacity is one of cores', () => {
    const { keeper } = keeperOf('offset,cores\n0s,10', [4, 4]);
    expect([keeper.refuses(2), keeper.refuses(3)]).toEqual([null, 'There is capacity for 10 low-priority cores now, of which 8 are taken.']);
  });

  test('gives as many a notice as are too many when it falls, the same ones by the same seed', () => {
    const fallen = (seed: number): readonly number[] => {
      const { noticed } = keeperOf('offset,nodes\n0s,8\n10s,3', Array.from({ length: 8 }, () => 2), seed);
      expect(noticed).toEqual([]);
      vi.advanceTimersByTime(10_000);
      return noticed;
    };
    expect(fallen(3)).toHaveLength(5);
    expect(fallen(3)).toEqual(fallen(3));
    expect(new Set([1, 2, 3, 4].map((seed) => fallen(seed).join())).size).toBeGreaterThan(1);
  });

  test('takes one away itself whose owner does not release it in time', () => {
    const { noticed, taken, goes } = keeperOf('offset,nodes\n0s,2\n10s,0', [1, 1]);
    vi.advanceTimersByTime(10_000);
    expect(noticed.toSorted()).toEqual([1, 2]);
    goes(1);
    vi.advanceTimersByTime(2_000);
    expect(taken).toEqual([]);
    vi.advanceTimersByTime(5_000);
    expect(taken).toEqual([2]);
  });

  test('looks at the next life of a node anew', () => {
    const { keeper, noticed, goes, comes } = keeperOf('offset,nodes\n0s,1\n10s,0', [1]);
    vi.advanceTimersByTime(10_000);
    goes(1);
    keeper.look();
    comes({ node: 1, life: 2, cores: 1 });
    keeper.look();
    expect(noticed).toEqual([1, 1]);
  });
});
