import { beforeEach, describe, expect, test } from 'vitest';
import { testEnv, type TestEnv, type TestJob, type TestPool } from './harness.ts';
import { Invariants } from './invariants.ts';

let env: TestEnv;
beforeEach(() => {
  env = testEnv();
});

function busy(): { readonly pool: TestPool; readonly job: TestJob; readonly node: number } {
  const pool = env.pool();
  const job = env.job().tasks(2);
  env.settle();
  return { pool, job, node: pool.node(0).node };
}

describe.each([
  ['reboot', 'rebooting', 'halt', 'release'],
  ['reimage', 'reimaging', 'release', 'halt'],
] as const)('A %s', (kind, state, ends, other) => {
  test('ends the life of the node and begins the next, without an error and without a wait', () => {
    const { pool, node } = busy();
    env.bootsByItself = false;
    env.pass(1_000);
    pool.restart(node, kind);
    env.settle();
    expect(pool.node(0)).toMatchObject({ node, state, life: 2, errors: [], startTask: null });
    expect(env.sent(ends)).toEqual([{ kind: ends, node, life: 1, silent: false }]);
    expect(env.sent(other)).toEqual([]);
    env.pass(1_000);
    pool.agent(0).boot();
    env.settle();
    expect(pool.node(0)).toMatchObject({ state: 'running', life: 2, bootedAt: env.now });
    expect(pool.status).toMatchObject({ allocationState: 'steady', currentDedicated: 1 });
    expect(env.sent(ends)).toHaveLength(1);
    new Invariants(env).check();
  });

  test('with requeue counts a requeue and no retry, and the task runs again in the next life', () => {
    const { pool, job, node } = busy();
    pool.restart(node, kind, 'requeue');
    env.settle();
    expect(job.of(1)).toMatchObject({ state: 'running', requeueCount: 1, retryCount: 0, attempt: 2, node });
    new Invariants(env).check();
  });

  test('with terminate ends what runs', () => {
    const { pool, job, node } = busy();
    pool.restart(node, kind, 'terminate');
    env.settle();
    expect(job.of(1)).toMatchObject({ state: 'completed', failure: { code: 'TaskEnded' }, cause: 'nodeOperation' });
    expect(job.state(2)).toBe('running');
  });

  test('with taskcompletion waits for what runs, and takes nothing new meanwhile', () => {
    const { pool, job, node } = busy();
    pool.restart(node, kind, 'taskcompletion');
    env.settle();
    expect(pool.node(0)).toMatchObject({ state, life: 1, runningTasks: 1, offers: [] });
    pool.agent(0).goSilent();
    env.settle();
    pool.agent(0).hello();
    env.settle();
    expect(pool.node(0)).toMatchObject({ state, life: 1, runningTasks: 1, offers: [] });
    job.end(1);
    expect(job.of(1).result).toBe('success');
    expect(pool.node(0)).toMatchObject({ state: 'running', life: 2 });
  });

  test('with retaineddata waits for the data of its tasks as well', () => {
    const pool = env.pool();
    const job = env.job().task({ retentionMs: 60_000 });
    env.settle();
    pool.restart(pool.node(0).node, kind, 'retaineddata');
    env.settle();
    job.end(1);
    env.pass(59_000);
    expect(pool.node(0)).toMatchObject({ state, life: 1 });
    env.pass(2_000);
    expect(pool.node(0)).toMatchObject({ state: 'idle', life: 2 });
  });

  test('goes on with the next owner, and is not done twice', () => {
    const { pool, job, node } = busy();
    pool.restart(node, kind, 'taskcompletion');
    env.settle().restart().settle();
    expect(pool.node(0)).toMatchObject({ state, life: 1 });
    job.end(1);
    expect(pool.node(0)).toMatchObject({ state: 'running', life: 2 });
    env.restart().settle();
    expect(pool.node(0)).toMatchObject({ state: 'running', life: 2 });
    expect(env.sent(ends)).toHaveLength(1);
  });

  test('of a node that does not answer is not waited for', () => {
    const { pool, node } = busy();
    pool.restart(node, kind, 'taskcompletion');
    env.settle();
    pool.agent(0).unheard('gone');
    env.settle();
    expect(env.sent(ends)).toEqual([{ kind: ends, node, life: 1, silent: true }]);
    expect(pool.node(0)).toMatchObject({ life: 2 });
  });

  test('keeps that its scheduling is disabled', () => {
    const { pool, node } = busy();
    pool.askNode(node, { schedulingDisabled: 'requeue' });
    env.settle();
    pool.restart(node, kind);
    env.settle();
    expect(pool.node(0)).toMatchObject({ state: 'offline', life: 2, scheduling: 'disabled' });
  });

  test('is forgotten where the pool gives the node up', () => {
    const { pool, node } = busy();
    pool.restart(node, kind, 'taskcompletion');
    env.settle();
    pool.resize(0);
    env.settle();
    expect(pool.nodes).toEqual([]);
    expect(pool.status).toMatchObject({ allocationState: 'steady', currentDedicated: 0 });
  });

  test.each([true, false])('runs the preparation of a job again by its rule (after a reboot: %s)', (rerunOnNodeReboot) => {
    const pool = env.pool();
    const { node } = (env.settle(), pool.node(0));
    const job = env.job({ preparation: { waitForSuccess: true, rerunOnNodeReboot, retentionMs: 0 } }).tasks(2);
    env.settle();
    job.endOwn('preparation', node);
    job.end(1);
    pool.restart(node, kind);
    env.settle();
    const isAgain = kind === 'reimage' || rerunOnNodeReboot;
    expect(job.on(node).preparation).toMatchObject(isAgain ? { attempt: 2, state: 'running' } : { attempt: 1, result: 'success' });
    expect(job.state(2)).toBe(isAgain ? 'preparing' : 'running');
  });
});

test('A reimage whose node ends by itself before it could be is done all the same', () => {
  const pool = env.pool();
  const job = env.job().task();
  env.settle();
  const { node } = pool.node(0);
  pool.restart(node, 'reimage', 'taskcompletion');
  env.settle();
  pool.agent(0).die();
  env.settle();
  expect(env.sent('release')).toEqual([{ kind: 'release', node, life: 1, silent: false }]);
  expect(pool.node(0)).toMatchObject({ state: 'running', life: 2 });
  expect(job.of(1)).toMatchObject({ state: 'running', attempt: 2, requeueCount: 0 });
});

test('A reboot whose node ends by itself is over with that', () => {
  const { pool, node } = busy();
  pool.restart(node, 'reboot', 'taskcompletion');
  env.settle();
  pool.agent(0).die();
  env.settle();
  expect(env.sent('halt')).toEqual([]);
  expect(pool.node(0)).toMatchObject({ state: 'running', life: 2 });
});
