import { describe, expect, it } from 'vitest';
import { NO_FAULTS } from '../../src/simulation/faults.ts';
import { count, CROWDED, livedWell, PREEMPTED, seeds, TOGETHER } from './lives.ts';

describe('a simulated account', () => {
  it.each(seeds(5))('without faults gives tasks that need several nodes all or none (seed %i)', async (number) => {
    const result = await livedWell({ seed: number, workload: TOGETHER, faults: NO_FAULTS });
    expect(result.together).toBeGreaterThan(20);
  });

  it.each(seeds(count))('gives them all or none, and runs no instance twice, whatever goes wrong (seed %i)', async (number) => {
    await livedWell({ seed: number, workload: { ...TOGETHER, actionEveryMs: number % 2 === 0 ? 300 : null, preemption: number % 3 === 0 ? 0.5 : 0 }, leaseMs: number % 4 === 0 ? 20_000 : null });
  });

  it.each(seeds(10))('starts a task that needs three nodes when what ran when it came has ended, though others keep coming (seed %i)', async (number) => {
    const result = await livedWell({ seed: number, workload: CROWDED, faults: NO_FAULTS });
    expect(result.together).toBeGreaterThan(5);
  });

  it.each(seeds(5))('without faults ends tasks only to make room that is needed, and runs them again (seed %i)', async (number) => {
    const result = await livedWell({ seed: number, workload: PREEMPTED, faults: NO_FAULTS });
    expect(result.preemptions).toBeGreaterThan(3);
  });

  it.each(seeds(count))('makes room where that is needed and not else, whatever goes wrong (seed %i)', async (number) => {
    await livedWell({ seed: number, workload: { ...PREEMPTED, actionEveryMs: number % 2 === 0 ? 300 : null } });
  });
});
