import { describe, expect, it } from 'vitest';
import { MANY_FAULTS, NO_FAULTS } from '../../src/simulation/faults.ts';
import type { TickCommit } from '../../src/store/ownerStore.ts';
import { AGED, altered, AUTO_POOLS, count, DEPENDENT, livedWell, MANY_DELETES, PREPARED, SCHEDULED, seeds, SMALL, TAKEN_BACK, TOGETHER } from './lives.ts';

describe('a simulated account', () => {
  it.each(seeds(3))('without faults ends tasks on nodes that are to have none, and schedules none there (seed %i)', async (number) => {
    const ends: string[] = [];
    const onCommit = ({ decisions }: TickCommit): void => void ends.push(...decisions.tasks.map(({ cause }) => cause));
    await livedWell({ seed: number, workload: { ...SMALL, longer: 15, actionEveryMs: 200, nodeOperations: 0.8 }, faults: NO_FAULTS, onCommit });
    expect(ends).toContain('nodeOperation');
  });

  it.each(seeds(count))('nor does it lose any, whatever goes wrong (seed %i)', async (number) => {
    const mixed = number % 2 === 0 ? { ...TOGETHER, gangs: 0.15 } : { ...PREPARED, preemption: 0.3 };
    await livedWell({ seed: number, workload: { ...mixed, longer: 10, actionEveryMs: 200, nodeOperations: 0.5 }, leaseMs: number % 5 === 0 ? 20_000 : null });
  });

  it.each(seeds(count))('nor where nodes take minutes to start, fail their start task, and are deallocated and started while pools are resized (seed %i)', async (number) => {
    const isCalm = number % 3 === 0;
    const faults = { ...(isCalm ? NO_FAULTS : MANY_FAULTS), slowBoots: 0.3, startTaskFails: 0.3 };
    const states = new Set<string>();
    const onCommit = ({ decisions }: TickCommit): void => {
      for (const { state } of decisions.nodes) states.add(state);
    };
    await livedWell({ seed: number, workload: { ...SMALL, tasks: 200, startTasks: 0.8, actionEveryMs: 200, nodeOperations: 0.4, autoScale: number % 2 === 0 ? 0.3 : 0 }, faults, onCommit, leaseMs: number % 5 === 0 ? 20_000 : null });
    if (isCalm) expect([...states]).toEqual(expect.arrayContaining(['deallocated', 'leavingpool']));
  });

  it.each(seeds(count))('has the nodes that the formulas of its pools ask for, or says why not, whatever goes wrong (seed %i)', async (number) => {
    let runs = 0;
    const onCommit = ({ decisions, now }: TickCommit): void => {
      for (const { autoScale } of decisions.pools) if (autoScale?.evaluatedAt === now) runs += 1;
    };
    await livedWell({ seed: number, workload: { ...SMALL, tasks: 300, autoScale: 1, actionEveryMs: 300 }, onCommit });
    expect(runs).toBeGreaterThan(0);
  });

  it.each(seeds(5))('without other faults runs tasks elsewhere whose nodes are taken back (seed %i)', async (number) => {
    const causes = new Set<string>();
    const faults = { ...NO_FAULTS, every: { ...NO_FAULTS.every, preemption: 3_000 } };
    const result = await livedWell({ seed: number, workload: TAKEN_BACK, faults, onCommit: ({ decisions }) => decisions.tasks.forEach(({ cause }) => causes.add(cause)) });
    expect(result.takenBack).toBeGreaterThan(10);
    expect(causes).toContain('nodePreempted');
  });

  it.each(seeds(5))('likewise in a drill, over owners that crash and are replaced (seed %i)', async (number) => {
    const faults = { ...NO_FAULTS, every: { ...NO_FAULTS.every, ownerCrashes: 10_000, ownerReplaced: 20_000, serviceStops: 20_000 } };
    const result = await livedWell({ seed: number, workload: { ...TAKEN_BACK, drill: true }, faults });
    expect(result.takenBack).toBeGreaterThan(5);
  });

  it.each(seeds(count))('loses none and counts none twice though nodes are taken back in bursts, whatever else goes wrong (seed %i)', async (number) => {
    const kinds = [TAKEN_BACK, { ...TAKEN_BACK, preparations: 0.8 }, { ...TAKEN_BACK, pools: 1, gangs: 0.2 }, { ...TAKEN_BACK, autoScale: 0.5, preemption: 0.3 }] as const;
    const faults = { ...MANY_FAULTS, every: { ...MANY_FAULTS.every, preemption: 2_000 } };
    await livedWell({ seed: number, workload: { ...(kinds[number % 4] ?? TAKEN_BACK), actionEveryMs: number % 3 === 0 ? 300 : null, nodeOperations: 0.3 }, faults, leaseMs: number % 5 === 0 ? 20_000 : null });
  });

  it.each(seeds(3))('without faults begins no task that was added 180 days ago, and ends those that run (seed %i)', async (number) => {
    const ends: string[] = [];
    await livedWell({ seed: number, workload: AGED, faults: NO_FAULTS, onCommit: ({ decisions }) => void ends.push(...decisions.tasks.map(({ cause }) => cause)) });
    expect(ends).toContain('overTime');
  });

  it.each(seeds(Math.ceil(count / 2)))('nor does it whatever goes wrong (seed %i)', async (number) => {
    await livedWell({ seed: number, workload: AGED });
  });

  it.each(seeds(Math.ceil(count / 2)))('ends jobs that are forced to end at once, and what ran of them soon after (seed %i)', async (number) => {
    await livedWell({ seed: number, workload: { ...MANY_DELETES, preparations: number % 2 === 0 ? 0.8 : 0, forced: 0.7 } });
  });

  it.each(seeds(5))('without faults makes the jobs of schedules, one at a time (seed %i)', async (number) => {
    let made = 0;
    const onCommit = ({ decisions: { requests = [] } }: TickCommit): void => {
      made += requests.filter(({ kind }) => kind === 'addJob').length;
    };
    await livedWell({ seed: number, workload: SCHEDULED, faults: NO_FAULTS, onCommit });
    expect(made).toBeGreaterThan(30);
  });

  it.each(seeds(count))('makes no job of a schedule twice, nor beside another one, whatever goes wrong (seed %i)', async (number) => {
    await livedWell({ seed: number, workload: { ...SCHEDULED, actionEveryMs: 200 } });
  });

  it.each(seeds(5))('without faults makes auto pools, and leaves none that nothing needs (seed %i)', async (number) => {
    let made = 0;
    const onCommit = ({ decisions: { requests = [] } }: TickCommit): void => {
      made += requests.filter(({ kind }) => kind === 'addPool').length;
    };
    await livedWell({ seed: number, workload: AUTO_POOLS, faults: NO_FAULTS, onCommit });
    expect(made).toBeGreaterThan(5);
  });

  it.each(seeds(count))('makes none twice and leaves none behind, whatever goes wrong (seed %i)', async (number) => {
    await livedWell({ seed: number, workload: { ...AUTO_POOLS, actionEveryMs: 200, ...(number % 3 === 0 ? { besideEndings: 0.9 } : {}) } });
  });

  it.each(seeds(2))('leaves nothing on nodes of jobs that are gone, whatever goes wrong (seed %i)', async (number) => {
    await livedWell({ seed: number, workload: MANY_DELETES });
  });

  it.each(seeds(3))('answers who waits for it while single tasks are added without a pause (seed %i)', async (number) => {
    const workload = { ...SMALL, forMs: 5_000, singleEveryMs: 2, actionEveryMs: 20 };
    await livedWell({ seed: number, workload, faults: { ...NO_FAULTS, storeMs: [1, 2] } });
  });

  it.each(seeds(2))('takes in once, and in their order, tasks that are handed over late or not at all while owners come and go (seed %i)', async (number) => {
    const faults = { ...NO_FAULTS, wakeLost: 0.2, handedLate: 0.4, queryFails: 0.01, every: { ...NO_FAULTS.every, ownerReplaced: 4_000 } };
    await livedWell({ seed: number, workload: { ...SMALL, tasks: 60, forMs: 10_000, singleEveryMs: 10, actionEveryMs: 500 }, faults });
  });

  it.each(seeds(3))('whose clients add tasks right when jobs end loses none, and is not loaded again for it (seed %i)', async (number) => {
    const workload = { ...SMALL, forMs: 20_000, besideEndings: 0.9 };
    const result = await livedWell({ seed: number, workload, faults: { ...NO_FAULTS, wakeLost: 0.3 } });
    expect(result.refusedEndings).toBeGreaterThan(10);
    expect([result.loads, result.owners]).toEqual([1, 1]);
  });

  it.each(seeds(Math.ceil(count / 4)))('loses none of them while everything else goes wrong, too (seed %i)', async (number) => {
    const result = await livedWell({ seed: number, workload: { ...SMALL, forMs: 20_000, actionEveryMs: 300, besideEndings: 0.9 } });
    expect(result.refusedEndings).toBeGreaterThan(0);
  });

  it.each(seeds(Math.ceil(count / 10)))('holds them where tasks depend on what was satisfied before their owner came (seed %i)', async (number) => {
    const faults = { ...NO_FAULTS, every: { ...NO_FAULTS.every, ownerReplaced: 2_000 } };
    let lookedUp = 0;
    const counting = altered({
      event: (event) => {
        if (event.kind === 'satisfied') lookedUp += 1;
        return [event];
      },
    });
    await livedWell({ seed: number, workload: DEPENDENT, faults, createCore: counting });
    expect(lookedUp).toBeGreaterThan(0);
  });

  it('of one seed lives the same life twice', async () => {
    const scenario = { seed: 4, workload: { ...SMALL, tasks: 200, actionEveryMs: 300 } };
    expect(await livedWell(scenario)).toEqual(await livedWell(scenario));
  });

  it('of 10,000 tasks on 100 nodes is simulated in seconds', async () => {
    const workload = { pools: 2, nodes: 100, jobs: 10, tasks: 10_000, forMs: 60_000, actionEveryMs: 500, dependencies: 0.2 };
    const begin = performance.now();
    const result = await livedWell({ seed: seeds(2).at(-1) ?? 2, workload });
    const seconds = (performance.now() - begin) / 1000;
    console.log(`${result.attempts} attempts, ${result.commits} commits, ${result.owners} owners, ${result.virtualMs} ms of virtual time in ${seconds.toFixed(1)} s`);
    // Clients end and delete whole jobs of a thousand tasks: how many of these run is the seed's.
    expect(result.attempts).toBeGreaterThan(2_000);
    expect(seconds).toBeLessThan(60);
  });
});
