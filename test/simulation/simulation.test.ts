import { describe, expect, it } from 'vitest';
import { createCore } from '../../src/core/core.ts';
import type { CoreEvent } from '../../src/core/events.ts';
import type { Decisions, OwnerRequest } from '../../src/core/decisions.ts';
import type { TaskStatus } from '../../src/core/status.ts';
import type { CreateCore } from '../../src/core/port.ts';
import { MANY_FAULTS, NO_FAULTS } from '../../src/simulation/faults.ts';
import { type Result, type Scenario, simulate } from '../../src/simulation/simulate.ts';
import type { OwnerStore, TickCommit } from '../../src/store/ownerStore.ts';
import type { Workload } from '../../src/simulation/clients.ts';

/**
 * `LINARITE_SEED=17 npx vitest run --project simulation` replays one seed; LINARITE_TRACE=1 prints what happens;
 * LINARITE_SEEDS=500 runs more of them.
 */
const seed = process.env['LINARITE_SEED'];
const count = Number(process.env['LINARITE_SEEDS'] ?? 20);
const trace = process.env['LINARITE_TRACE'] === undefined ? {} : { trace: (line: string) => console.log(line) };
function seeds(most: number): readonly number[] {
  return (seed === undefined ? Array.from({ length: most }, (_, index) => index + 1) : [Number(seed)]);
}

const SMALL: Workload = { pools: 2, nodes: 8, jobs: 6, tasks: 600, forMs: 60_000, actionEveryMs: null, dependencies: 0.3 };

/** Jobs come and go. */
const MANY_DELETES: Workload = { ...SMALL, tasks: 300, jobs: 40, forMs: 20_000, actionEveryMs: 50, jobDeletes: 0.5 };

/** Most jobs have a preparation task of their own. */
const PREPARED: Workload = { ...SMALL, tasks: 300, preparations: 0.8 };

/** Most tasks make room for others, and run long enough for that. */
const PREEMPTED: Workload = { ...SMALL, jobs: 12, tasks: 400, longer: 15, preemption: 0.7 };

/** Most nodes are of low priority, and taken back in bursts. */
const TAKEN_BACK: Workload = { ...SMALL, tasks: 300, longer: 10, lowPriority: 0.75 };

/** Tasks that were added nearly as long ago as they may live. */
const AGED: Workload = { ...SMALL, aged: 1, longer: 40 };

/** Most jobs and schedules have pools made. */
const AUTO_POOLS: Workload = { ...SMALL, tasks: 100, jobs: 8, schedules: 6, autoPools: 0.7 };

/** Schedules make jobs beside a few others. */
const SCHEDULED: Workload = { ...SMALL, tasks: 100, jobs: 2, schedules: 8 };

/** Many tasks need several nodes at once. */
const TOGETHER: Workload = { ...SMALL, pools: 1, tasks: 200, gangs: 0.3, preparations: 0.3 };

/** Tasks of one slot keep coming, more than the nodes can run, and now and then one that needs three nodes of four. */
const CROWDED: Workload = { ...SMALL, pools: 1, nodes: 4, jobs: 3, tasks: 60, forMs: 40_000, singleEveryMs: 40, gangEveryMs: 700, dependencies: 0 };

/** Tasks are added to a few jobs all the time, and depend on others that were satisfied long ago. */
const DEPENDENT: Workload = { ...SMALL, jobs: 2, tasks: 100, forMs: 20_000, singleEveryMs: 100, dependencies: 1 };

/** A node comes and goes: each is seen at the next tick, while another may be under way. */
const SEEN_WITHIN_MS = 500;

function lived(scenario: Partial<Scenario> & { readonly seed: number }): Promise<Result> {
  return simulate({ createCore, workload: SMALL, faults: MANY_FAULTS, leaseMs: null, ...trace, ...scenario });
}

async function livedWell(scenario: Partial<Scenario> & { readonly seed: number }): Promise<Result> {
  const result = await lived(scenario);
  expect(result.violations, `replay with: LINARITE_SEED=${scenario.seed} npx vitest run --project simulation`).toEqual([]);
  return result;
}

/** The rules, with something done to what they are told or what they say. */
function altered(change: { readonly event?: (event: CoreEvent) => readonly CoreEvent[]; readonly decisions?: (decisions: Decisions) => Decisions }): CreateCore {
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
      image: () => core.image(),
      explain: (job, task, at) => core.explain(job, task, at),
    };
  };
}

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

describe('the simulation notices', () => {
  /** Of the first seed that shows what is looked for; of all of them if none does. */
  const violations = async (core: CreateCore, scenario: Partial<Scenario> = {}, wanted = /./): Promise<string> => {
    const all: string[] = [];
    for (let number = 1; number <= 30; number += 1) {
      const { violations: found } = await lived({ seed: number, createCore: core, ...scenario });
      all.push(...found);
      if (found.some((violation) => wanted.test(violation))) break;
    }
    return all.join('\n');
  };

  it('that tasks start on a node that is not prepared', async () => {
    const core = altered({
      decisions: (decisions) => ({ ...decisions, commands: decisions.commands.map((command) => (command.kind === 'offer' ? { kind: 'offer', node: command.node, key: command.key, slots: command.slots } : command)) }),
    });
    const unprepared = /before the preparation of its job has succeeded/;
    expect(await violations(core, { workload: PREPARED }, unprepared)).toMatch(unprepared);
  });

  it('that a task has only some of the nodes that it needs', async () => {
    const core = altered({ decisions: (decisions) => ({ ...decisions, subtasks: (decisions.subtasks ?? []).filter(({ instance }) => instance !== 1) }) });
    const some = /it needs \d+, each of its own/;
    expect(await violations(core, { workload: TOGETHER, faults: NO_FAULTS }, some)).toMatch(some);
  });

  it('that a primary goes on before all coordination commands have succeeded', async () => {
    const core = altered({
      event: (event) => (event.kind === 'agent' && event.report.kind === 'started' ? [event, { ...event, report: { kind: 'coordinated', key: event.report.key } }] : [event]),
    });
    const early = /goes on when \d+ of \d+ coordination commands have succeeded/;
    expect(await violations(core, { workload: TOGETHER, faults: NO_FAULTS }, early)).toMatch(early);
  });

  it('that tasks of one slot starve one that needs three nodes', async () => {
    const core = altered({ event: (event) => [event.kind === 'job' ? { ...event, intent: { ...event.intent, priority: event.intent.job === 1 ? 1 : 0 } } : event] });
    const starved = /the last task that ran then had ended at/;
    expect(await violations(core, { workload: CROWDED, faults: NO_FAULTS }, starved)).toMatch(starved);
  });

  it.each([
    ['whose job does not allow it', /makes room, which its job does not allow/, { allowTaskPreemption: true }],
    ['for one of a lower priority', /where nothing of a higher priority waits/, 'reversed'],
  ] as const)('that a task makes room %s', async (_what, wanted, change) => {
    const core = altered({
      event: (event) => {
        if (event.kind !== 'job') return [event];
        return [{ ...event, intent: { ...event.intent, ...(change === 'reversed' ? { priority: -event.intent.priority } : change) } }];
      },
    });
    expect(await violations(core, { workload: PREEMPTED, faults: NO_FAULTS }, wanted)).toMatch(wanted);
  });

  it.each<[string, RegExp, (decisions: Decisions) => Decisions]>([
    ['that a node which is to be taken back gets a task', /is to be taken back, and gets task/, (decisions) => ({ ...decisions, nodes: decisions.nodes.map((row) => (row.dedicated ? row : { ...row, notice: { notBefore: 0, graceMs: 0 } })) })],
    ['that a task which its node takes along is counted as retried', /which counts as a retry/, (decisions) => ({ ...decisions, tasks: decisions.tasks.map((row) => (row.cause === 'nodePreempted' ? { ...row, retryCount: row.retryCount + 2 } : row)) })],
  ])('%s', async (_what, wanted, decisions) => {
    const faults = { ...NO_FAULTS, every: { ...NO_FAULTS.every, preemption: 2_000 } };
    expect(await violations(altered({ decisions }), { workload: TAKEN_BACK, faults }, wanted)).toMatch(wanted);
  });

  it('that a job is completed before its nodes are released', async () => {
    const core = altered({ event: (event) => [event.kind === 'job' ? { ...event, intent: { ...event.intent, release: null } } : event] });
    const unreleased = /is over although its release/;
    expect(await violations(core, { workload: { ...PREPARED, actionEveryMs: 300 }, faults: NO_FAULTS }, unreleased)).toMatch(unreleased);
  });

  it('that a job of a schedule is made twice', async () => {
    const core = altered({
      decisions: ({ requests = [], ...decisions }) => ({
        ...decisions,
        requests: requests.flatMap((request): readonly OwnerRequest[] => (request.kind === 'addJob' ? [request, { ...request, run: request.run + 1, id: `${request.id}-again` }] : [request])),
      }),
    });
    const twice = /job \d+ of schedule \d+ is made (after|while) job \d+/;
    expect(await violations(core, { workload: SCHEDULED, faults: NO_FAULTS }, twice)).toMatch(twice);
  });

  it('that work is given to others although nobody knows whether a silent node is dead', async () => {
    const core = altered({
      event: (event) => (event.kind === 'silent' ? [event, { kind: 'leaseExpired', node: event.node }] : [event]),
      decisions: (decisions) => ({ ...decisions, commands: decisions.commands.filter(({ kind }) => kind !== 'release') }),
    });
    const faults = { ...NO_FAULTS, every: { ...NO_FAULTS.every, channelBreaks: 50 } };
    const doubled = /starts on node \d+ while .* runs on node \d+/;
    expect(await violations(core, { faults, workload: { ...SMALL, forMs: 10_000 } }, doubled)).toMatch(doubled);
  });

  it('that an agent which does not answer is waited for in vain', async () => {
    const core = altered({ event: (event) => (event.kind === 'unheard' ? [] : [event]) });
    const faults = { ...NO_FAULTS, every: { ...NO_FAULTS.every, agentHangs: 5_000 } };
    expect(await violations(core, { faults, workload: { ...SMALL, forMs: 20_000 } })).toMatch(/not finished/);
  });

  it('that what a deleted job left stays on a node which was away', async () => {
    const core = altered({ decisions: (decisions) => ({ ...decisions, commands: decisions.commands.filter(({ kind }) => kind !== 'discardGoneJobs') }) });
    const stays = /something of job \d+, which is gone, lies on node \d+/;
    const faults = { ...NO_FAULTS, every: { ...NO_FAULTS.every, channelBreaks: 8 } };
    expect(await violations(core, { faults, workload: MANY_DELETES }, stays)).toMatch(stays);
  });

  it('that counts are not the sum of states', async () => {
    const core = altered({
      decisions: (decisions) => ({ ...decisions, jobs: decisions.jobs.map((job) => (job.tasks.succeeded < 9 ? job : { ...job, tasks: { ...job.tasks, succeeded: 9 } })) }),
    });
    expect(await violations(core)).toMatch(/counts tasks .*, its rows are/);
  });

  it('that a node which leaves its pool is given a task', async () => {
    const core = altered({
      decisions: (decisions) => {
        const offered = new Set(decisions.commands.flatMap((command) => (command.kind === 'offer' ? [command.node] : [])));
        return { ...decisions, nodes: decisions.nodes.map((node) => (offered.has(node.node) ? { ...node, state: 'leavingpool' } : node)) };
      },
    });
    expect(await violations(core, { faults: NO_FAULTS })).toMatch(/is leavingpool and is given a task/);
  });

  it('that a completed task changes', async () => {
    let completed: TaskStatus | null = null;
    const core = altered({
      decisions: (decisions) => {
        const stored = completed;
        completed ??= decisions.tasks.find(({ state, job }) => state === 'completed' && !decisions.gone.jobs.includes(job)) ?? null;
        return stored === null || decisions.tasks.length === 0 ? decisions : { ...decisions, tasks: [...decisions.tasks, { ...stored, retryCount: stored.retryCount + 1 }] };
      },
    });
    expect(await violations(core, { faults: NO_FAULTS })).toMatch(/was completed and changed/);
  });

  it('that a task is said to have ended otherwise than its attempt did', async () => {
    const core = altered({
      decisions: (decisions) => ({ ...decisions, tasks: decisions.tasks.map((task) => (task.failure?.code === 'FailureExitCode' ? { ...task, failure: null } : task)) }),
    });
    expect(await violations(core, { faults: NO_FAULTS })).toMatch(/is completed with .*"failure":null}, but attempt \d+ ended with .*FailureExitCode/);
  });

  it('that a commit is lost', async () => {
    let ticks = 0;
    const core = altered({
      decisions: (decisions) => {
        ticks += 1;
        return ticks % 50 === 0 ? { ...decisions, tasks: [] } : decisions;
      },
    });
    expect(await violations(core)).not.toBe('');
  });

  it('that a job ends beside a task that was added meanwhile', async () => {
    const core = altered({ decisions: (decisions) => ({ ...decisions, guards: decisions.guards.map((guard) => ({ ...guard, otherwise: decisions.jobs.find(({ job }) => job === guard.job) ?? guard.otherwise })) }) });
    expect(await violations(core, { faults: NO_FAULTS, workload: { ...SMALL, besideEndings: 0.9 } }, /ends by itself/)).toMatch(/ends by itself beside task/);
  });

  it('that a commit is made without the one before it', async () => {
    const last = { epoch: 0, tick: 0 };
    const database = (store: OwnerStore): OwnerStore => ({
      ...store,
      commit: (tick) => {
        if (tick.tick === 0) return store.commit(tick);
        if (tick.epoch > last.epoch) Object.assign(last, { epoch: tick.epoch, tick: 0 });
        return store.commit({ ...tick, tick: last.tick + 1 }).then((committed) => {
          last.tick += 1;
          return committed;
        });
      },
    });
    const faults = { ...MANY_FAULTS, commitFails: 0.05, commitUnknown: 0.05 };
    expect(await violations(createCore, { faults, stores: { database } })).toMatch(/counts tasks .*, its rows are|says \d+ slots run/);
  });

  /** The store says of these ticks that they are committed before they are. */
  const hasty = (isHasty: (tick: TickCommit) => boolean) => (store: OwnerStore): OwnerStore => ({
    ...store,
    commit: async (tick) => {
      const committed = store.commit(tick);
      if (!isHasty(tick)) return committed;
      committed.catch(() => undefined);
      return { specs: tick.specs.map(({ job, task }) => ({ job, task, id: `t${task}`, spec: { commandLine: 'true', requiredSlots: 1 } })), refused: [] };
    },
  });

  it.each([
    ['an end is acknowledged', /the end of attempt .* is acknowledged, and its task is/, () => true],
    ['a command leaves', /starts before its offer is durable/, () => true],
    ['a caller is answered', /a wake-up was answered although/, ({ inboxEntries, specs }: TickCommit) => inboxEntries.length > 0 && specs.length === 0],
  ])('that %s before its own commit', async (_what, wanted, isHasty) => {
    expect(await violations(createCore, { faults: { ...MANY_FAULTS, messageMs: [0, 2] }, stores: { seen: hasty(isHasty) } }, wanted)).toMatch(wanted);
  });

  it('that the rules do not hear of an end that was refused', async () => {
    const core = altered({ event: (event) => (event.kind === 'endingRefused' ? [] : [event]) });
    expect(await violations(core, { faults: NO_FAULTS, workload: { ...SMALL, besideEndings: 0.9 } })).not.toBe('');
  });

  it('that a task is never run', async () => {
    const core = altered({ decisions: (decisions) => ({ ...decisions, commands: decisions.commands.filter((command) => command.kind !== 'offer' || command.key.task % 50 !== 0) }) });
    expect(await violations(core)).toMatch(/not finished/);
  });
});
