import { describe, expect, it } from 'vitest';
import { NO_FAULTS } from '../../src/simulation/faults.ts';
import { count, livedWell, PREPARED, seeds, SEEN_WITHIN_MS, SMALL } from './lives.ts';

describe('a simulated account', () => {
  it.each(seeds(5))('without faults runs every task to its end (seed %i)', async (number) => {
    const result = await livedWell({ seed: number, workload: { ...SMALL, dependencies: 0 }, faults: NO_FAULTS });
    expect(result.attempts).toBeGreaterThanOrEqual(600);
  });

  it.each(seeds(count))('holds its promises while nodes die, messages and commits are lost and owners are replaced (seed %i)', async (number) => {
    const result = await livedWell({ seed: number });
    expect(result.attempts).toBeGreaterThan(300);
    expect(result.ahead, 'commits sent while another one is under way').toBeGreaterThan(50);
  });

  it.each(seeds(count))('holds them while clients disable, terminate, delete, reactivate and resize (seed %i)', async (number) => {
    await livedWell({ seed: number, workload: { ...SMALL, actionEveryMs: 300 } });
  });

  it.each(seeds(count))('holds them where only a lease proves that a node is dead (seed %i)', async (number) => {
    await livedWell({ seed: number, workload: { ...SMALL, actionEveryMs: 500 }, leaseMs: 20_000 });
  });

  it.each(seeds(5))('without faults counts the time of nodes as the provider sees it, within a tick and the ways of messages (seed %i)', async (number) => {
    const { nodeMs: { counted, seen, nodes } } = await livedWell({ seed: number, workload: { ...SMALL, tasks: 200, forMs: 30_000, actionEveryMs: 500 }, faults: NO_FAULTS });
    expect(counted).toBeGreaterThan(0);
    expect(Math.abs(counted - seen)).toBeLessThanOrEqual(nodes * SEEN_WITHIN_MS);
  });

  it.each(seeds(5))('without faults prepares nodes for jobs that ask for it, and releases them (seed %i)', async (number) => {
    await livedWell({ seed: number, workload: PREPARED, faults: NO_FAULTS });
  });

  it.each(seeds(count))('starts no task on a node that is not prepared, and completes no job before its nodes are released, whatever goes wrong (seed %i)', async (number) => {
    await livedWell({ seed: number, workload: { ...PREPARED, actionEveryMs: 300 } });
  });

  it.each(seeds(Math.ceil(count / 4)))('nor where jobs end by themselves beside adds, or only a lease proves that a node is dead (seed %i)', async (number) => {
    await livedWell({ seed: number, workload: { ...PREPARED, forMs: 20_000, actionEveryMs: 300, besideEndings: 0.9 }, leaseMs: 20_000 });
  });
});
