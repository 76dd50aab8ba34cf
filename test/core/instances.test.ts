import { beforeEach, describe, expect, test, vi } from 'vitest';
import type * as Placement from '../../src/core/placement/place.ts';
import { offer } from '../../src/core/task/life.ts';
import { exited, testEnv, type TestAgent, type TestEnv, type TestJob, type TestPool } from './harness.ts';

/** Every task gets two instances, each on a free node of its own, or none. */
function placeInPairs(...[state, pool, now]: Parameters<typeof Placement.place>): void {
  for (const job of pool.queue.ready) {
    const entry = job.queue.lanes[0]?.head ?? -1;
    const [first, second] = [...pool.nodes].filter((node) => node.connected && node.state !== 'leavingpool' && node.free > 0);
    if (entry === -1 || first === undefined || second === undefined) return;
    offer(state, job, entry, [first, second], now);
  }
}
vi.mock('../../src/core/placement/place.ts', () => ({ place: (...args: Parameters<typeof Placement.place>) => placeInPairs(...args) }));

/** A task with an instance on each of two nodes. */
let env: TestEnv;
let pool: TestPool;
let job: TestJob;
let primary: TestAgent;
let second: TestAgent;
beforeEach(() => {
  env = testEnv();
  pool = env.pool({ nodes: 2 });
  job = env.job({ maxTaskRetryCount: 1 }).task();
  env.settle();
  primary = env.agent(job.of(1).node ?? 0);
  second = env.agent(pool.nodes.find(({ node }) => node !== primary.node)?.node ?? 0);
});

function runs(agent: TestAgent): string[] {
  return [...agent.running.keys()];
}
function nameOf(attempt: number, instance: number): string {
  return `${job.number}.1.${attempt}.${instance}`;
}
/** Ends are decided, and no agent is told of them yet. */
function finishPrimary(exitCode: number): void {
  primary.finish(job.number, 1, exited(exitCode));
  env.apply(...primary.work());
}

describe('the instances of a task', () => {
  test('have slots each on its own node, and count as one task', () => {
    expect([runs(primary), runs(second)]).toEqual([[nameOf(1, 0)], [nameOf(1, 1)]]);
    expect(pool.nodes.map(({ runningSlots, state }) => [runningSlots, state])).toEqual([
      [1, 'running'],
      [1, 'running'],
    ]);
    expect(job.status.tasks).toMatchObject({ active: 0, running: 1 });
  });

  test('are each known by its instance: of another, or on another node, what is said is stale', () => {
    const stranger = { job: job.number, task: 1, attempt: 1, instance: 2 };
    second.says({ kind: 'started', key: stranger, at: env.now });
    second.says({ kind: 'started', key: { ...stranger, instance: 0 }, at: env.now });
    second.says({ kind: 'ended', end: { key: { ...stranger, instance: 0 }, startedAt: 1, endedAt: 2, outcome: exited(0) } });
    primary.says({ kind: 'ended', end: { key: { ...stranger, instance: 1 }, startedAt: 1, endedAt: 2, outcome: exited(0) } });
    const { commands } = env.tick();
    expect(commands).toMatchObject([
      { kind: 'end', node: second.node, key: stranger, reason: 'stale' },
      { kind: 'end', node: second.node, key: { ...stranger, instance: 0 }, reason: 'stale' },
    ]);
    expect(job.state(1)).toBe('running');
    expect(pool.nodes.map(({ runningSlots }) => runningSlots)).toEqual([1, 1]);
  });

  test('are compared with what each agent holds', () => {
    env.commands.length = 0;
    second.running.clear();
    second.hello();
    primary.hello();
    env.tick();
    expect(env.commands).toEqual([]);
    env.pass(60_000);
    expect(job.of(1).attempt, 'an agent that lost its instance ends the attempt').toBe(2);
  });
});

test('a task runs when its primary has started', () => {
  job.task();
  for (const node of [primary, second]) node.paused = true;
  finishPrimary(0);
  env.settle();
  second.paused = false;
  env.settle();
  expect([runs(primary), runs(second), job.state(2)]).toEqual([[], [`${job.number}.2.1.1`], 'offered']);
  expect([env.nodes.get(second.node)?.state, env.nodes.get(second.node)?.totalTasksRun]).toEqual(['running', 0]);
  primary.paused = false;
  env.settle();
  expect([job.state(2), env.nodes.get(primary.node)?.totalTasksRun]).toEqual(['running', 2]);
});

describe('a task ends when its primary ended', () => {
  test('completed, while the other instance is ended and keeps its slots until it is over', () => {
    finishPrimary(0);
    const { commands } = env.tick();
    expect(job.of(1)).toMatchObject({ state: 'completed', exitCode: 0 });
    expect(commands).toMatchObject([{ kind: 'end', node: second.node, key: { attempt: 1, instance: 1 } }]);
    expect(env.nodes.get(second.node)?.runningSlots).toBe(1);
    second.told(commands[0] ?? expect.fail());
    env.settle();
    expect(pool.nodes.map(({ runningSlots, state }) => [runningSlots, state])).toEqual([
      [0, 'idle'],
      [0, 'idle'],
    ]);
  });

  test('not before: another instance that exits frees its own slots', () => {
    second.finish(job.number, 1, exited(0));
    env.settle();
    expect(job.state(1)).toBe('running');
    expect([env.nodes.get(primary.node)?.runningSlots, env.nodes.get(second.node)?.runningSlots]).toEqual([1, 0]);
    expect(runs(primary)).toEqual([nameOf(1, 0)]);
  });

  test('a job waits for the instances that are still out', () => {
    job.terminate();
    env.tick();
    primary.told({ kind: 'end', node: primary.node, key: { job: job.number, task: 1, attempt: 1, instance: 0 }, reason: 'terminate', deadlineMs: 0 });
    env.apply(...primary.work());
    env.tick();
    expect([job.state(1), job.status.state]).toEqual(['completed', 'terminating']);
    second.told({ kind: 'end', node: second.node, key: { job: job.number, task: 1, attempt: 1, instance: 1 }, reason: 'terminate', deadlineMs: 0 });
    env.settle();
    expect(job.status.state).toBe('completed');
  });

  test('a task that is deleted goes with the last of them', () => {
    job.deleteTask(1);
    env.tick();
    primary.told({ kind: 'end', node: primary.node, key: { job: job.number, task: 1, attempt: 1, instance: 0 }, reason: 'terminate', deadlineMs: 0 });
    env.apply(...primary.work());
    env.tick();
    expect(env.tasks.has(`${job.number}.1`)).toBe(true);
    second.told({ kind: 'end', node: second.node, key: { job: job.number, task: 1, attempt: 1, instance: 1 }, reason: 'terminate', deadlineMs: 0 });
    env.settle();
    expect(env.tasks.has(`${job.number}.1`)).toBe(false);
  });
});

describe('a next attempt begins when all instances of the last are over', () => {
  test('after a failure that is retried', () => {
    finishPrimary(1);
    env.tick();
    expect([job.state(1), job.of(1).attempt]).toEqual(['active', 1]);
    expect(env.sent('end')).toMatchObject([{ node: second.node, key: { attempt: 1, instance: 1 }, reason: 'stale' }]);
    env.tick();
    expect(job.of(1).attempt, 'the other instance is still out').toBe(1);
    second.told(env.sent('end')[0] ?? expect.fail());
    env.settle();
    expect(job.of(1)).toMatchObject({ state: 'running', attempt: 2, retryCount: 1 });
    expect([...runs(primary), ...runs(second)].sort()).toEqual([nameOf(2, 0), nameOf(2, 1)]);
  });

  test.each([
    ['of the primary', () => primary],
    ['of another instance', () => second],
  ])('after the node %s is lost: all of it runs again, and nothing is counted', (_, lost) => {
    lost().die();
    env.pass(60_000);
    expect(job.of(1)).toMatchObject({ state: 'running', attempt: 2, retryCount: 0, requeueCount: 0 });
    expect([...env.agents.values()].flatMap(runs).sort()).toEqual([nameOf(2, 0), nameOf(2, 1)]);
  });

  test('but not if it is terminated meanwhile', () => {
    finishPrimary(1);
    env.tick();
    job.terminateTask(1);
    env.tick();
    second.told(env.sent('end')[0] ?? expect.fail());
    env.settle();
    expect(job.of(1)).toMatchObject({ state: 'completed', attempt: 1, failure: { code: 'TaskEnded' } });
  });
});

test('a resize that takes a node away takes back the instance there and with it the attempt', () => {
  pool.resize(1);
  env.pass(60_000);
  expect(job.of(1)).toMatchObject({ state: 'active', attempt: 1 });
  expect(pool.nodes).toHaveLength(1);
  pool.resize(2);
  env.pass(60_000);
  expect(job.of(1)).toMatchObject({ state: 'running', attempt: 2 });
});
