import { describe, expect, it } from 'vitest';
import { createCore } from '../../src/core/core.ts';
import type { CoreEvent } from '../../src/core/events.ts';
import type { Workload } from '../../src/simulation/clients.ts';
import { type Faults, MANY_FAULTS, NO_FAULTS } from '../../src/simulation/faults.ts';
import type { Poison } from '../../src/simulation/poison.ts';
import { type Result, simulate } from '../../src/simulation/simulate.ts';

/**
 * `LINARITE_SEED=17 npx vitest run --project simulation` replays one seed; LINARITE_TRACE=1 prints what happens;
 * LINARITE_SEEDS=500 runs more of them.
 */
const seed = process.env['LINARITE_SEED'];
const count = Number(process.env['LINARITE_SEEDS'] ?? 1);
const seeds: readonly number[] = seed === undefined ? Array.from({ length: count }, (_, index) => index + 1) : [Number(seed)];
const trace = process.env['LINARITE_TRACE'] === undefined ? {} : { trace: (line: string) => console.log(line) };

const WORKLOAD: Workload = { pools: 2, nodes: 8, jobs: 6, tasks: 300, forMs: 20_000, actionEveryMs: null, dependencies: 0 };

async function lived(number: number, poison: Poison, { faults = NO_FAULTS, workload = WORKLOAD }: { readonly faults?: Faults; readonly workload?: Workload } = {}): Promise<Result> {
  const result = await simulate({ createCore, workload, faults, leaseMs: null, seed: number, poison, ...trace });
  expect(result.violations, `replay with: LINARITE_SEED=${number} npx vitest run --project simulation`).toEqual([]);
  return result;
}

const JOB = 2;
const TASK = 17;
/** How the first of the job's tasks ended that could start: some can't, by chance. */
function firstEndIn(job: number): { readonly isIn: (event: CoreEvent) => boolean; readonly task: () => number | null } {
  let first: number | null = null;
  const isIn = (event: CoreEvent): boolean => {
    if (event.kind !== 'agent' || event.report.kind !== 'ended') return false;
    const { key, outcome } = event.report.end;
    if (key.job !== job || outcome.kind === 'notStarted') return false;
    first ??= key.task;
    return key.task === first;
  };
  return { isIn, task: () => first };
}
function isNewTask(event: CoreEvent): boolean {
  return event.kind === 'tasks' && event.job === JOB && event.tasks.some(({ intent, aside }) => intent.task === TASK && aside === undefined);
}
function isNewJob(event: CoreEvent): boolean {
  return event.kind === 'job' && event.intent.job === JOB && event.intent.deletedAt === null;
}
function isPool(event: CoreEvent): boolean {
  return event.kind === 'pool' && event.intent.pool === 1 && event.intent.deletedAt === null;
}

describe.each(['told', 'deciding'] as const)('rules that fail on one thing when they are %s', (when) => {
  it.each(seeds)('do everything else when it is a new task (seed %i)', async (number) => {
    const { quarantine } = await lived(number, { isIn: isNewTask, when });
    expect(quarantine).toEqual([{ kind: 'tasks', job: JOB, task: TASK }]);
  });

  it.each(seeds)('do everything else when it is a new job (seed %i)', async (number) => {
    const { quarantine } = await lived(number, { isIn: isNewJob, when });
    expect(quarantine).toEqual([{ kind: 'job', job: JOB }]);
  });

  it.each(seeds)('do everything else when it is how an attempt ended, and its task fails (seed %i)', async (number) => {
    const { isIn, task } = firstEndIn(JOB);
    const { quarantine } = await lived(number, { isIn, when });
    expect(task()).not.toBeNull();
    expect(quarantine).toEqual([expect.objectContaining({ kind: 'report', job: JOB, task: task() })]);
  });

  it.each(seeds)('give a node its next life when it is the hello of its agent (seed %i)', async (number) => {
    const isIn = (event: CoreEvent): boolean => event.kind === 'agent' && event.node === 3 && event.report.kind === 'hello' && event.report.life === 1;
    const { quarantine } = await lived(number, { isIn, when });
    expect(quarantine).toEqual([{ kind: 'report', node: 3, life: 1, sequence: null, job: null, task: null }]);
  });

  it.each(seeds)('do everything else when it is a pool (seed %i)', async (number) => {
    const { quarantine } = await lived(number, { isIn: isPool, when });
    expect(quarantine).toEqual([{ kind: 'pool', pool: 1 }]);
  });
});

it.each(seeds)('rules that fail on a job that is loaded go on without it (seed %i)', async (number) => {
  // Often enough that one crash comes before the jobs are deleted.
  const faults = { ...NO_FAULTS, every: { ...NO_FAULTS.every, ownerCrashes: 2_000 } };
  const { quarantine } = await lived(number, { isIn: () => false, isLoadedWith: ({ jobs }) => jobs.some(({ intent: { job, deletedAt } }) => job === JOB && deletedAt === null), when: 'told' }, { faults });
  expect(quarantine).toEqual([{ kind: 'job', job: JOB }]);
});

it.each(seeds)('while everything else goes wrong as well, exactly what the rules fail on is in quarantine (seed %i)', async (number) => {
  const { isIn, task } = firstEndIn(3);
  const { quarantine } = await lived(number, { isIn: (event) => isNewTask(event) || isIn(event), when: 'deciding' }, { faults: MANY_FAULTS });
  expect(quarantine.filter(({ kind }) => kind !== 'report')).toEqual([{ kind: 'tasks', job: JOB, task: TASK }]);
  expect(quarantine.filter(({ kind }) => kind === 'report').map((subject) => ('task' in subject ? subject.task : null))).toContain(task());
});
