import { describe, expect, it } from 'vitest';
import { createCore } from '../../src/core/core.ts';
import type { Decisions, OwnerRequest } from '../../src/core/decisions.ts';
import type { TaskStatus } from '../../src/core/status.ts';
import type { CreateCore } from '../../src/core/port.ts';
import { MANY_FAULTS, NO_FAULTS } from '../../src/simulation/faults.ts';
import { type Scenario } from '../../src/simulation/simulate.ts';
import type { OwnerStore, TickCommit } from '../../src/store/ownerStore.ts';
import { altered, CROWDED, lived, MANY_DELETES, PREEMPTED, PREPARED, SCHEDULED, SMALL, TAKEN_BACK, TOGETHER } from './lives.ts';

/** Pools are resized, resizes are stopped, and nodes are removed. */
const RESIZED: Partial<Scenario> = { workload: { ...SMALL, actionEveryMs: 300 }, faults: NO_FAULTS };
/** A violation of a pool that has come to rest with other nodes than it is to have, of which `is` holds. */
function atRest(is: (have: number, want: number) => boolean): Pick<RegExp, 'test'> {
  return {
    test: (violation) => {
      const [, dedicated, low, wantedDedicated, wantedLow] = (/is steady with (\d+) and (\d+) nodes, its targets are (\d+) and (\d+), and no error says why/.exec(violation) ?? []).map(Number);
      return dedicated !== undefined && is(dedicated + Number(low), Number(wantedDedicated) + Number(wantedLow));
    },
  };
}
const SHORT = atRest((have, want) => have < want);
const ABOVE = atRest((have, want) => have > want);

describe('the simulation notices', () => {
  /** Of the first seed that shows what is looked for; of all of them if none does. */
  const violations = async (core: CreateCore, scenario: Partial<Scenario> = {}, wanted: Pick<RegExp, 'test'> = /./): Promise<string> => {
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

  it('that a task starts before those that it depends on', async () => {
    const core = altered({
      event: (event) => [event.kind === 'tasks' ? { ...event, tasks: event.tasks.map((task) => ({ ...task, intent: { ...task.intent, dependsOn: null } })) } : event],
    });
    const early = /starts before task \d+, which it depends on, is satisfied/;
    expect(await violations(core, { faults: NO_FAULTS }, early)).toMatch(early);
  });

  it('that a job manager which is to be alone shares its node', async () => {
    const core = altered({
      event: (event) => [event.kind === 'job' && event.intent.manager !== null ? { ...event, intent: { ...event.intent, manager: { ...event.intent.manager, runExclusive: false } } } : event],
    });
    const shared = /and the job manager of the two is to be alone/;
    expect(await violations(core, { faults: NO_FAULTS, workload: { ...SMALL, actionEveryMs: 500 } }, shared)).toMatch(shared);
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

  it('that a pool comes to rest short of its targets, and no error says why', async () => {
    const core = altered({ decisions: (decisions) => ({ ...decisions, pools: decisions.pools.map((pool) => ({ ...pool, resizeErrors: [] })) }) });
    expect((await violations(core, RESIZED, SHORT)).split('\n').some((violation) => SHORT.test(violation))).toBe(true);
  });

  it('that a node stays which its pool has no place for', async () => {
    const core = altered({ decisions: (decisions) => ({ ...decisions, nodes: decisions.nodes.map((node) => (node.goneAt === null ? node : { ...node, goneAt: null, state: 'idle' })) }) });
    expect((await violations(core, RESIZED, ABOVE)).split('\n').some((violation) => ABOVE.test(violation))).toBe(true);
  });

  it('that other nodes leave than were to be removed', async () => {
    const core = altered({ event: (event) => [event.kind === 'pool' ? { ...event, intent: { ...event.intent, removing: [] } } : event] });
    const stays = /has still nodes that were to be removed/;
    expect(await violations(core, RESIZED, stays)).toMatch(stays);
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
