import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { Capacity } from '../../src/core/pool/capacity.ts';
import { Candidates } from '../../src/core/placement/candidates.ts';
import { feasible, feasibleAhead, type Place } from '../../src/core/placement/feasible.ts';
import { LOOKS_AHEAD } from '../../src/core/tunables.ts';

interface TestNode extends Place {
  free: number;
  place: number;
}

const SLOTS = 4;
/** Waits on a node whose tasks take long, and on one whose tasks are short, at most. */
const [LONG_AHEAD, SHORT_AHEAD] = [8, 32] as const;

function nodeOf(index: number, given: Partial<TestNode>): TestNode {
  return {
    id: `node-${index}`,
    state: 'running',
    connected: true,
    scheduling: 'enabled',
    startTask: null,
    errors: [],
    notice: null,
    dedicated: true,
    heldBy: null,
    agent: null,
    running: new Set(),
    slots: SLOTS,
    free: 0,
    runningSlots: 0,
    offers: new Set(),
    taskMs: null,
    place: -1,
    ...given,
  };
}

function capacityOf(count: number, given: (index: number) => Partial<TestNode>): { readonly nodes: readonly TestNode[]; readonly capacity: Capacity<TestNode> } {
  const nodes = Array.from({ length: count }, (_, index) => nodeOf(index, given(index)));
  const capacity = new Capacity<TestNode>();
  for (const node of nodes) capacity.add(node);
  return { nodes, capacity };
}

/** Offers tasks of one slot ahead until there is no room: how many. */
function fillAhead(candidates: Candidates<TestNode>, capacity: Capacity<TestNode>): number {
  let offered = 0;
  for (let node = candidates.ahead({ slots: 1 }); node !== null; node = candidates.ahead({ slots: 1 })) {
    capacity.change(node, -1);
    offered += 1;
  }
  return offered;
}

/**
 * The plain way: all nodes looked at for each task, the one with the most free slots of those that nothing is against,
 * or with the least.
 */
function plainly(nodes: readonly TestNode[], filter: typeof feasible, slots: number, order: 'spread' | 'pack'): TestNode | undefined {
  return nodes.filter((node) => filter({ slots }, node) === null).toSorted((a, b) => (order === 'spread' ? b.free - a.free : a.free - b.free))[0];
}

test('the node found is one that would be found if each were looked at for each task', () => {
  const node = fc.record({ free: fc.integer({ min: -8, max: SLOTS }), taskMs: fc.constantFrom(null, 5, 20, 60_000), scheduling: fc.constantFrom('enabled', 'disabled') });
  const task = fc.integer({ min: 1, max: SLOTS });
  fc.assert(
    fc.property(fc.array(node, { maxLength: 12 }), fc.array(task, { maxLength: 60 }), fc.constantFrom('spread', 'pack'), (given, tasks, fillType) => {
      const { capacity, nodes } = capacityOf(given.length, (index) => given[index] ?? {});
      const candidates = new Candidates(capacity, fillType);
      const closed = new Set<number>();
      for (const slots of tasks) {
        if (closed.has(slots)) continue;
        const found = candidates.atOnce({ slots }, null) ?? candidates.ahead({ slots });
        const expected = plainly(nodes, feasible, slots, fillType) ?? plainly(nodes, feasibleAhead, slots, 'spread');
        expect(found?.free).toBe(expected?.free);
        if (found === null) closed.add(slots);
        else capacity.change(found, -slots);
      }
    }),
    { numRuns: 500 },
  );
});

describe('among 1,000 nodes', () => {
  test.each([
    ['spread', 4],
    ['pack', 1],
  ] as const)('%s: the first that comes is taken where nothing is against it', (fillType, free) => {
    const { capacity } = capacityOf(1_000, (index) => ({ free: 1 + (index % SLOTS) }));
    const candidates = new Candidates(capacity, fillType);
    expect(candidates.atOnce({ slots: 1 }, null)?.free).toBe(free);
    expect(candidates.looks).toBe(1);
  });

  test.each([
    ['spread', 1, 4],
    ['pack', 2, 2],
  ] as const)('%s: those that a filter refuses are passed over, and the next is taken', (fillType, slots, free) => {
    const isRefused = (index: number): boolean => index >= 990 && 1 + (index % SLOTS) === free;
    const { capacity, nodes } = capacityOf(1_000, (index) => ({ free: 1 + (index % SLOTS), scheduling: isRefused(index) ? 'disabled' : 'enabled' }));
    const candidates = new Candidates(capacity, fillType);
    expect(candidates.atOnce({ slots }, null)).toMatchObject({ free, scheduling: 'enabled' });
    const refused = nodes.filter(({ scheduling }) => scheduling === 'disabled').length;
    expect(refused).toBeGreaterThan(1);
    expect(candidates.looks).toBe(refused + 1);
  });

  test('the one that a task wants to be near to comes first, and is passed over if it is full', () => {
    const { capacity, nodes } = capacityOf(1_000, (index) => ({ free: index === 7 ? 1 : 2 }));
    const [near] = nodes.slice(7);
    if (near === undefined) throw new Error('there are 1,000 nodes');
    const candidates = new Candidates(capacity, 'spread');
    expect(candidates.atOnce({ slots: 1 }, near)).toBe(near);
    capacity.change(near, -1);
    const other = candidates.atOnce({ slots: 1 }, near);
    expect(other?.free).toBe(2);
    expect(candidates.looks).toBe(3);
  });

  test('those where enough waits are passed over once in a filling, however many tasks then wait elsewhere', () => {
    const { capacity } = capacityOf(1_000, (index) => (index < 50 ? { free: -LONG_AHEAD, taskMs: 60_000 } : { free: -LONG_AHEAD - 1, taskMs: 1 }));
    const candidates = new Candidates(capacity, 'spread');
    const offered = fillAhead(candidates, capacity);
    expect(offered).toBe(950 * (SHORT_AHEAD - LONG_AHEAD - 1));
    expect(candidates.looks).toBeLessThanOrEqual(offered + LOOKS_AHEAD);
  });

  test('where all have enough waiting, only few are looked at', () => {
    const { capacity } = capacityOf(1_000, () => ({ free: -LONG_AHEAD, taskMs: 60_000 }));
    const candidates = new Candidates(capacity, 'spread');
    expect(candidates.ahead({ slots: 1 })).toBeNull();
    expect(candidates.looks).toBe(LOOKS_AHEAD);
    const { capacity: quick } = capacityOf(1_000, () => ({ free: -SHORT_AHEAD, taskMs: 1 }));
    const none = new Candidates(quick, 'spread');
    expect(none.ahead({ slots: 1 })).toBeNull();
    expect(none.looks).toBe(0);
  });
});
