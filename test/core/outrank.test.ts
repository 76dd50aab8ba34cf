import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { Capacity } from '../../src/core/pool/capacity.ts';
import { type Outrankable, Outranking } from '../../src/core/placement/outrank.ts';
import { aheadSlots } from '../../src/core/tunables.ts';

interface Offer {
  readonly slots: number;
  readonly priority: number;
  revoking: 'outranked' | null;
  readonly ending: null;
}
interface TestNode extends Pick<Outrankable, 'state' | 'scheduling' | 'heldBy' | 'agent' | 'running' | 'notice'> {
  readonly id: string;
  readonly dedicated: boolean;
  readonly slots: number;
  readonly runningSlots: number;
  readonly taskMs: null;
  readonly offers: Set<Offer>;
  free: number;
  place: number;
}
interface TestPool {
  readonly capacity: Capacity<TestNode>;
  readonly offered: Map<number, number>;
}

function addTo(map: Map<number, number>, key: number, by: number): void {
  const sum = (map.get(key) ?? 0) + by;
  if (sum === 0) map.delete(key);
  else map.set(key, sum);
}

function give(pool: TestPool, node: TestNode, priority: number, slots: number): void {
  node.offers.add({ slots, priority, revoking: null, ending: null });
  pool.capacity.change(node, -slots);
  addTo(pool.offered, priority, slots);
}

/** Nodes full of running tasks, with offers that wait there: of each its slots and priority. */
function poolOf(nodes: readonly (readonly (readonly [slots: number, priority: number])[])[]): TestPool {
  const pool: TestPool = { capacity: new Capacity<TestNode>(), offered: new Map() };
  for (const offers of nodes) {
    const node: TestNode = { id: 'node', dedicated: true, state: 'running', scheduling: 'enabled', heldBy: null, agent: null, notice: null, running: new Set(), slots: 4, runningSlots: 4, taskMs: null, offers: new Set(), free: 0, place: -1 };
    pool.capacity.add(node);
    for (const [slots, priority] of offers) give(pool, node, priority, slots);
  }
  return pool;
}

function revocable(node: TestNode, priority: number): Offer[] {
  let room = node.slots - node.runningSlots;
  return [...node.offers].filter((offer) => {
    room -= offer.slots;
    return room < 0 && offer.priority < priority && offer.revoking === null;
  });
}

function outrank(pool: TestPool, node: TestNode, priority: number): void {
  for (const offer of revocable(node, priority)) {
    offer.revoking = 'outranked';
    addTo(pool.offered, offer.priority, -offer.slots);
  }
}

/** Once all below the task is taken back, and what is being taken back is gone. */
function qualifies(node: TestNode, priority: number, slots: number): boolean {
  const going = [...node.offers].filter(({ revoking }) => revoking !== null);
  const cleared = [...revocable(node, priority), ...going].reduce((sum, offer) => sum + offer.slots, node.free);
  return slots <= node.slots && cleared > node.free && slots - cleared <= aheadSlots(node.slots, node.taskMs);
}

describe('which node a task of higher priority goes to', () => {
  const offer = fc.tuple(fc.integer({ min: 1, max: 4 }), fc.integer({ min: 0, max: 3 }));
  const nodes = fc.array(fc.array(offer, { maxLength: 5 }), { maxLength: 12 });
  const task = fc.record({ slots: fc.integer({ min: 1, max: 5 }), priority: fc.integer({ min: 0, max: 4 }), roomy: fc.boolean() });

  test('is one that qualifies, if any does, as if each were looked at for each task', () => {
    fc.assert(
      fc.property(nodes, fc.array(task, { maxLength: 40 }), (given, tasks) => {
        const pool = poolOf(given);
        const outranking = new Outranking<TestNode>(pool);
        let hasOutranked = false;
        for (const { slots, priority, roomy } of tasks.toSorted((a, b) => b.priority - a.priority)) {
          const roomiest = pool.capacity.roomiest();
          // Placement gives some tasks to the node with the least waiting, without asking here.
          if (roomy && roomiest !== null) {
            outrank(pool, roomiest, priority);
            give(pool, roomiest, priority, slots);
            continue;
          }
          const isAsked = hasOutranked || [...pool.offered.keys()].some((offered) => offered < priority);
          const isAny = isAsked && [...pool.capacity.overcommitted()].some((node) => qualifies(node, priority, slots));
          const found = outranking.next(priority, { slots });
          expect(found !== null).toBe(isAny);
          if (found === null) continue;
          expect(qualifies(found, priority, slots)).toBe(true);
          hasOutranked = true;
          outrank(pool, found, priority);
          give(pool, found, priority, slots);
        }
      }),
      { numRuns: 500 },
    );
  });

  test('is another one each time, those with most waiting first, until none has room', () => {
    const pool = poolOf([[[4, 0]], [[4, 0], [4, 0]]]);
    const [, fuller] = [...pool.capacity.overcommitted()].toReversed();
    const outranking = new Outranking<TestNode>(pool);
    const found: (TestNode | null)[] = [];
    for (let node = outranking.next(5, { slots: 4 }); found.length < 9; node = outranking.next(5, { slots: 4 })) {
      found.push(node);
      if (node === null) break;
      outrank(pool, node, 5);
      give(pool, node, 5, 4);
    }
    expect(found.map((node) => (node === null ? null : node === fuller))).toEqual([true, false, true, false, null]);
  });

  test.each([1_000, 4_000])('is found with a number of looks that grows with the nodes and the tasks that find one, not with their product: %i nodes', (count) => {
    const pool = poolOf(Array.from({ length: count }, () => [[4, 0], [4, 0]] as const));
    const outranking = new Outranking<TestNode>(pool);
    let outranked = 0;
    for (const slots of [3, 4]) {
      for (let node = outranking.next(5, { slots }); node !== null; node = outranking.next(5, { slots })) {
        outrank(pool, node, 5);
        give(pool, node, 5, slots);
        outranked += 1;
      }
    }
    expect(outranked).toBe(2 * count);
    expect(outranking.looks).toBeLessThanOrEqual(outranked + 2 * count);
  });
});
