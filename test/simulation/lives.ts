import { expect } from 'vitest';
import { createCore } from '../../src/core/core.ts';
import type { CoreEvent } from '../../src/core/events.ts';
import type { Decisions } from '../../src/core/decisions.ts';
import type { CreateCore } from '../../src/core/port.ts';
import { MANY_FAULTS } from '../../src/simulation/faults.ts';
import { type Result, type Scenario, simulate } from '../../src/simulation/simulate.ts';
import type { Workload } from '../../src/simulation/clients.ts';

/**
 * `LINARITE_SEED=17 npx vitest run --project simulation` replays one seed; LINARITE_TRACE=1 prints what happens;
 * LINARITE_SEEDS=500 runs more of them, and `./check --all` five times as many as `./check`.
 */
const seed = process.env['LINARITE_SEED'];
export const count = Number(process.env['LINARITE_SEEDS'] ?? (process.env['LINARITE_CHECK_ALL'] === undefined ? 10 : 50));
const trace = process.env['LINARITE_TRACE'] === undefined ? {} : { trace: (line: string) => console.log(line) };
export function seeds(most: number): readonly number[] {
  return (seed === undefined ? Array.from({ length: most }, (_, index) => index + 1) : [Number(seed)]);
}

export const SMALL: Workload = { pools: 2, nodes: 8, jobs: 6, tasks: 600, forMs: 60_000, actionEveryMs: null, dependencies: 0.3 };

/** Jobs come and go. */
export const MANY_DELETES: Workload = { ...SMALL, tasks: 300, jobs: 40, forMs: 20_000, actionEveryMs: 50, jobDeletes: 0.5 };

/** Most jobs have a preparation task of their own. */
export const PREPARED: Workload = { ...SMALL, tasks: 300, preparations: 0.8 };

/** Most tasks make room for others, and run long enough for that. */
export const PREEMPTED: Workload = { ...SMALL, jobs: 12, tasks: 400, longer: 15, preemption: 0.7 };

/** Most nodes are of low priority, and taken back in bursts. */
export const TAKEN_BACK: Workload = { ...SMALL, tasks: 300, longer: 10, lowPriority: 0.75 };

/** Tasks that were added nearly as long ago as they may live. */
export const AGED: Workload = { ...SMALL, aged: 1, longer: 40 };

/** Most jobs and schedules have pools made. */
export const AUTO_POOLS: Workload = { ...SMALL, tasks: 100, jobs: 8, schedules: 6, autoPools: 0.7 };

/** Schedules make jobs beside a few others. */
export const SCHEDULED: Workload = { ...SMALL, tasks: 100, jobs: 2, schedules: 8 };

/** Many tasks need several nodes at once. */
export const TOGETHER: Workload = { ...SMALL, pools: 1, tasks: 200, gangs: 0.3, preparations: 0.3 };

/** Tasks of one slot keep coming, more than the nodes can run, and now and then one that needs three nodes of four. */
export const CROWDED: Workload = { ...SMALL, pools: 1, nodes: 4, jobs: 3, tasks: 60, forMs: 40_000, singleEveryMs: 40, gangEveryMs: 700, dependencies: 0 };

/** Tasks are added to a few jobs all the time, and depend on others that were satisfied long ago. */
export const DEPENDENT: Workload = { ...SMALL, jobs: 2, tasks: 100, forMs: 20_000, singleEveryMs: 100, dependencies: 1 };

/** A node comes and goes: each is seen at the next tick, while another may be under way. */
export const SEEN_WITHIN_MS = 500;

export function lived(scenario: Partial<Scenario> & { readonly seed: number }): Promise<Result> {
  return simulate({ createCore, workload: SMALL, faults: MANY_FAULTS, leaseMs: null, ...trace, ...scenario });
}

export async function livedWell(scenario: Partial<Scenario> & { readonly seed: number }): Promise<Result> {
  const result = await lived(scenario);
  expect(result.violations, `replay with: LINARITE_SEED=${scenario.seed} npx vitest run --project simulation`).toEqual([]);
  return result;
}

/** The rules, with something done to what they are told or what they say. */
export function altered(change: { readonly event?: (event: CoreEvent) => readonly CoreEvent[]; readonly decisions?: (decisions: Decisions) => Decisions }): CreateCore {
  return (snapshot, now) => {
    const core = createCore(snapshot, now);
    return {
      apply: (event, at) => {
        for (const told of change.event?.(event) ?? [event]) core.apply(told, at);
      },
      decide: (at, random) => {
        const decisions = core.decide(at, random);
        return change.decisions?.(decisions) ?? decisions;
      },
      nextTimer: () => core.nextTimer(),
      underWay: () => core.underWay(),
      isOpen: (job, task) => core.isOpen(job, task),
      explainJob: (job, at) => core.explainJob(job, at),
      explainPool: (pool) => core.explainPool(pool),
      explainNode: (node) => core.explainNode(node),
      poolCensus: () => core.poolCensus(),
      image: () => core.image(),
      explain: (job, task, at) => core.explain(job, task, at),
    };
  };
}

