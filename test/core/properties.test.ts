import * as fc from 'fast-check';
import { describe, test } from 'vitest';
import { EXIT_0, exited, testEnv, type TestEnv, type TestJob, type TestPool } from './harness.ts';
import { Invariants } from './invariants.ts';
import { needsAction } from '../../src/core/reasons.ts';

/** What may happen to an account, as numbers so that fast-check can shrink it: what, which one, and a detail. */
type Step = readonly [what: keyof typeof STEPS, which: number, detail: number];

interface World {
  readonly env: TestEnv;
  readonly pools: TestPool[];
  readonly jobs: TestJob[];
}

function pick<Item>(items: readonly Item[], which: number): Item | undefined {
  return items[which % Math.max(1, items.length)];
}
function openJobs({ env, jobs }: World): TestJob[] {
  return jobs.filter((job) => env.jobs.get(job.number)?.intent.deletedAt === null);
}
function activeJobs(world: World): TestJob[] {
  return openJobs(world).filter((job) => ['active', 'disabled', 'disabling'].includes(job.status.state));
}
function openPools({ env, pools }: World): TestPool[] {
  return pools.filter((pool) => env.pools.get(pool.number)?.intent.deletedAt === null);
}

function tasksOf({ env }: World, job: TestJob, accept: (state: string) => boolean): number[] {
  return [...env.tasks].flatMap(([key, { intent, status }]) =>
    key.startsWith(`${job.number}.`) && intent.deletedAt === null && accept(status?.state ?? 'active') ? [intent.task] : [],
  );
}

const STEPS = {
  pool: (world: World, which: number, detail: number) => {
    if (openPools(world).length > 1) return;
    const id = pick(['pool', 'other'], which) ?? 'pool';
    if (openPools(world).some((pool) => pool.row.intent.id === id)) return;
    const slots = 1 + (detail % 4);
    world.pools.push(world.env.pool({ id, slots, nodes: detail % 3, fillType: detail % 2 === 0 ? 'pack' : 'spread', jobOrder: detail % 3 === 0 ? 'creationtime' : 'none' }));
  },
  resize: (world: World, which: number, detail: number) => {
    const pool = pick(openPools(world), which);
    if (pool === undefined || pool.row.status?.allocationState !== 'steady') return;
    const options = ['requeue', 'terminate', 'taskcompletion', 'retaineddata'] as const;
    pool.resize(detail % 4, { nodeDeallocation: options[which % 4] ?? 'requeue' });
  },
  stopResize: (world: World, which: number) => {
    const pool = pick(openPools(world), which);
    if (pool?.row.status?.allocationState === 'resizing') pool.stopResize();
  },
  deletePool: (world: World, which: number, detail: number) => {
    if (detail % 3 === 0) pick(openPools(world), which)?.delete();
  },
  job: (world: World, which: number, detail: number) => {
    if (openJobs(world).length > 3) return;
    world.jobs.push(
      world.env.job({
        poolId: which % 3 === 0 ? 'other' : 'pool',
        priority: detail % 3,
        maxParallelTasks: detail % 5 === 0 ? 2 : -1,
        allowTaskPreemption: detail % 2 === 0,
        usesTaskDependencies: which % 2 === 0,
        maxTaskRetryCount: detail % 2,
        onTaskFailure: detail % 7 === 0 ? 'performexitoptionsjobaction' : 'noaction',
      }),
    );
  },
  tasks: (world: World, which: number, detail: number) => {
    const job = pick(activeJobs(world), which);
    job?.tasks(1 + (detail % 6), (task) => ({
      requiredSlots: detail % 4 === 0 ? 1 + (task % 4) : 1,
      dependsOn:
        job.row.intent.usesTaskDependencies && task > 2
          ? { ids: detail % 2 === 0 ? [`t${task - 1}`, `${task - 2}`] : [], ranges: detail % 2 === 0 ? [] : [{ start: 1, end: task - 2 }] }
          : null,
      idKey: task % 2 === 0 ? `t${task}` : `${task}`,
      exitConditions: detail % 5 === 0 ? { default: { dependencyAction: 'satisfy', jobAction: 'disable' } } : null,
    }));
  },
  end: (world: World, which: number, detail: number) => {
    const agents = [...world.env.agents.values()].filter((agent) => agent.running.size > 0);
    const agent = pick(agents, which);
    const attempt = agent === undefined ? undefined : pick([...agent.running.values()], detail);
    if (agent === undefined || attempt === undefined) return;
    const outcomes = [EXIT_0, EXIT_0, EXIT_0, exited(1), { kind: 'timedOut', exitCode: 137 }, { kind: 'lost' }] as const;
    agent.finish(attempt.key.job, attempt.key.task, outcomes[(which + detail) % outcomes.length] ?? EXIT_0);
  },
  terminateTask: (world: World, which: number, detail: number) => {
    const job = pick(openJobs(world), which);
    const task = job === undefined ? undefined : pick(tasksOf(world, job, (state) => state !== 'completed'), detail);
    if (task !== undefined && job?.status.state !== 'completed') job?.terminateTask(task);
  },
  deleteTask: (world: World, which: number, detail: number) => {
    const job = pick(openJobs(world), which);
    const task = job === undefined ? undefined : pick(tasksOf(world, job, () => true), detail);
    if (task !== undefined) job?.deleteTask(task);
  },
  reactivate: (world: World, which: number, detail: number) => {
    const job = pick(activeJobs(world), which);
    const failed = job === undefined ? [] : tasksOf(world, job, (state) => state === 'completed').filter((task) => job.of(task).result === 'failure');
    const task = pick(failed, detail);
    if (task !== undefined) job?.reactivate(task);
    if (task !== undefined && which % 4 === 0) job?.terminateTask(task);
  },
  move: (world: World, which: number) => {
    const job = pick(openJobs(world).filter((job) => job.status.state === 'disabled'), which);
    job?.patch({ poolId: job.row.intent.poolId === 'pool' ? 'other' : 'pool' });
  },
  endByItself: (world: World, which: number, detail: number) => {
    if (detail % 3 === 0) pick(activeJobs(world), which)?.patch({ onAllTasksComplete: 'terminatejob' });
  },
  tasksBesideEnding: (world: World, which: number, detail: number) => {
    const job = pick(activeJobs(world), which);
    if (job === undefined) return;
    const failed = tasksOf(world, job, (state) => state === 'completed').filter((task) => job.of(task).result === 'failure');
    const again = detail % 2 === 0 ? failed[0] : undefined;
    job.patch({ onAllTasksComplete: 'terminatejob' });
    world.env.meanwhile(job, () => {
      // It may have been deleted by then.
      if (again !== undefined && tasksOf(world, job, (state) => state === 'completed').includes(again)) job.reactivate(again);
      else STEPS.tasks(world, world.jobs.indexOf(job), detail);
    });
  },
  disable: (world: World, which: number, detail: number) => {
    pick(openJobs(world).filter((job) => job.status.state === 'active'), which)?.disable((['requeue', 'terminate', 'wait'] as const)[detail % 3] ?? 'wait');
  },
  enable: (world: World, which: number) => {
    pick(openJobs(world).filter((job) => ['disabled', 'disabling'].includes(job.status.state)), which)?.enable();
  },
  terminateJob: (world: World, which: number, detail: number) => {
    if (detail % 3 === 0) pick(activeJobs(world), which)?.terminate();
  },
  deleteJob: (world: World, which: number, detail: number) => {
    if (detail % 3 === 0) pick(openJobs(world), which)?.delete();
  },
  patch: (world: World, which: number, detail: number) => {
    pick(activeJobs(world), which)?.patch({ priority: detail % 4, maxParallelTasks: detail % 3 === 0 ? 1 : -1, allowTaskPreemption: detail % 5 !== 0 });
  },
  silent: (world: World, which: number) => {
    const agent = pick([...world.env.agents.values()].filter((agent) => agent.up), which);
    agent?.goSilent();
  },
  unheard: (world: World, which: number, detail: number) => {
    const agent = pick([...world.env.agents.values()].filter((agent) => !agent.up), which);
    agent?.unheard((['unknown', 'gone', 'restart'] as const)[detail % 3] ?? 'gone');
  },
  hello: (world: World, which: number) => {
    const agent = pick([...world.env.agents.values()].filter((agent) => !agent.up), which);
    agent?.hello();
  },
  pause: (world: World, which: number) => {
    const agent = pick([...world.env.agents.values()], which);
    if (agent !== undefined) agent.paused = !agent.paused;
  },
  die: (world: World, which: number) => {
    pick([...world.env.agents.values()], which)?.die();
  },
  restart: (world: World) => {
    world.env.restart();
  },
  pass: (world: World, _which: number, detail: number) => {
    world.env.pass(detail * 20);
  },
};

const kinds = Object.keys(STEPS) as (keyof typeof STEPS)[];
const step: fc.Arbitrary<Step> = fc.tuple(
  fc.constantFrom(...kinds, 'tasks', 'tasks', 'end', 'end', 'end', 'end', 'end', 'hello'),
  fc.nat({ max: 100 }),
  fc.nat({ max: 100 }),
);

function begin(): World {
  const env = testEnv();
  const world: World = { env, pools: [env.pool({ slots: 2, nodes: 2 })], jobs: [env.job()] };
  env.settle();
  return world;
}

/** Everybody comes back, and whatever runs ends well, until nothing runs. */
function windUp({ env, jobs }: World): void {
  for (const agent of env.agents.values()) {
    agent.paused = false;
    if (!agent.up) agent.hello();
  }
  env.pass(120_000);
  nothingWaitsForTasks(env);
  for (const job of jobs) if (env.jobs.get(job.number)?.status?.state === 'disabled' && job.row.intent.deletedAt === null) job.enable();
  env.pass(120_000);
  let resizeTimedOut = false;
  for (let rounds = 0; rounds < 500; rounds++) {
    const running = [...env.agents.values()].filter((agent) => agent.running.size > 0);
    if (running.length === 0) {
      if (resizeTimedOut) return;
      resizeTimedOut = true;
      env.pass(1_000_000);
    }
    for (const agent of running) for (const { key } of Array.from(agent.running.values())) agent.finish(key.job, key.task, EXIT_0);
    env.pass(100);
  }
  throw new Error('tasks run for ever');
}

describe('whatever happens', () => {
  test('no slot is used twice, no completed task changes, counts are sums, no task runs twice, and all that can end ends', () => {
    fc.assert(
      fc.property(fc.array(step, { minLength: 5, maxLength: 60 }), (steps) => {
        const world = begin();
        const invariants = new Invariants(world.env);
        for (const [what, which, detail] of steps) {
          STEPS[what](world, which, detail);
          world.env.settle();
          invariants.check();
          roomIsMade(world);
        }
        windUp(world);
        invariants.check();
        nothingIsStuck(world);
      }),
      { numRuns: 300 },
    );
  });
});

/** For want of slots, and for nothing else. */
const WANTS_SLOTS = new Set(['NoFreeSlots', 'WaitingOnNode', 'WaitingItsTurn', 'MoreNodes']);
/** A running task of no requeues is not spared for what tasks on its node take, once it has run so long. */
const QUICK_MS = 1_000;

/**
 * Agents have answered: nothing waits for slots that tasks of lower priority hold on one node, where their job has them
 * make room and nothing else waits there that comes first.
 */
function roomIsMade({ env, jobs }: World): void {
  if ([...env.agents.values()].some(({ up, paused }) => !up || paused)) return;
  const rows = [...env.tasks.values()];
  const jobOf = (number: number) => env.jobs.get(number);
  for (const node of env.nodes.values()) {
    const agent = env.agents.get(node.node);
    if (agent === undefined || (node.state !== 'running' && node.state !== 'idle') || env.pools.get(node.pool)?.intent.deletedAt !== null) continue;
    const running = [...agent.running.values()].flatMap(({ key, slots }) => rows.flatMap(({ status }) => (status?.job === key.job && status.task === key.task ? [{ status, slots, job: jobOf(key.job) }] : [])));
    for (const job of jobs) {
      const { intent, status } = jobOf(job.number) ?? { intent: null, status: null };
      if (intent === null || status?.state !== 'active' || intent.poolId !== env.pools.get(node.pool)?.intent.id) continue;
      if (node.offers.some((offer) => offer.job !== job.number && (jobOf(offer.job)?.intent.priority ?? 0) >= intent.priority)) continue;
      const before = node.offers.length === 0 ? undefined : node.offers[0];
      const victims = running.filter(({ status: { startedAt, requeueCount }, job: its }) =>
        its?.intent.allowTaskPreemption === true && its.status?.state === 'active' && its.intent.deletedAt === null && its.intent.priority < intent.priority && requeueCount === 0 && env.now - (startedAt ?? env.now) >= QUICK_MS);
      const room = agent.free + victims.reduce((sum, { slots }) => sum + slots, 0);
      for (const task of tasksOf({ env, pools: [], jobs }, job, (state) => state === 'active' || state === 'offered')) {
        if (before !== undefined && (before.job !== job.number || before.task !== task)) continue;
        const slots = job.intentOf(task).requiredSlots;
        if (victims.length === 0 || slots > room || slots > node.slots || !env.explain(job, task).every(({ code }) => WANTS_SLOTS.has(code))) continue;
        throw new Error(`task ${job.number}.${task} waits although ${victims.map((victim) => `${victim.status.job}.${victim.status.task}`).join(', ')} could make room on node ${node.node}: ${JSON.stringify(env.explain(job, task))}`);
      }
    }
  }
}

/**
 * Agents are there and do what they are told, and no task ends by itself: what was asked that is not to wait for tasks
 * is done.
 */
function nothingWaitsForTasks(env: TestEnv): void {
  for (const { intent, status } of env.pools.values()) {
    if (intent.deletedAt !== null) throw new Error(`pool ${intent.pool} is still being deleted`);
    const waits = intent.nodeDeallocation === 'taskcompletion' || intent.nodeDeallocation === 'retaineddata';
    if (status?.allocationState !== 'steady' && !waits) throw new Error(`pool ${intent.pool} is ${status?.allocationState} with ${intent.nodeDeallocation}`);
  }
  for (const { intent, status } of env.jobs.values()) {
    if (intent.deletedAt !== null || status?.state === 'terminating') throw new Error(`job ${intent.job} is still ${intent.deletedAt === null ? 'terminating' : 'being deleted'}`);
    const waits = intent.action.kind === 'disable' && intent.action.tasks === 'wait';
    if (status?.state === 'disabling' && !waits) throw new Error(`job ${intent.job} is still disabling`);
    const tasks = [...env.tasks].flatMap(([key, row]) => (key.startsWith(`${intent.job}.`) ? [row] : []));
    const [offered, running] = (['offered', 'running'] as const).map((state) => tasks.filter((task) => task.status?.state === state).length);
    if (intent.maxParallelTasks >= 0 && (offered ?? 0) > 0 && (offered ?? 0) + (running ?? 0) > intent.maxParallelTasks) {
      throw new Error(`job ${intent.job} has ${offered} tasks waiting on nodes beside ${running} running; at most ${intent.maxParallelTasks} may run`);
    }
    for (const task of tasks) {
      const isOver = task.status?.state === 'completed' || task.intent.task > (status?.ingested ?? 0);
      if (task.intent.deletedAt !== null) throw new Error(`task ${intent.job}.${task.intent.task} is still being deleted`);
      if (task.intent.terminateAt !== null && !isOver) throw new Error(`task ${intent.job}.${task.intent.task} was terminated and is ${task.status?.state ?? 'active'}`);
    }
  }
}

/** What is still waiting has a reason that no time will remove. */
function nothingIsStuck({ env, jobs }: World): void {
  const lasting = new Set(['JobNotActive', 'DependenciesNotMet', 'JobNotOpen', 'TaskCompleted']);
  for (const job of jobs) {
    for (const [key, { intent, status }] of env.tasks) {
      if (!key.startsWith(`${job.number}.`) || status?.state === 'completed') continue;
      const reasons = env.explain(job, intent.task);
      if (!reasons.some((reason) => needsAction(reason) || lasting.has(reason.code))) throw new Error(`task ${key} is ${status?.state ?? 'active'}: ${JSON.stringify(reasons)}`);
    }
  }
}
