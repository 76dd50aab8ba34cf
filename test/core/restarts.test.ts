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

describe('A node whose machine is lent for a time that is nearly over', () => {
  test('takes no more tasks, lets those there end, and goes on elsewhere at once', () => {
    const { pool, job } = busy();
    pool.agent(0).expires();
    env.settle();
    expect(pool.node(0)).toMatchObject({ state: 'rebooting', life: 1, runningTasks: 1, offers: [] });
    env.restart().settle();
    pool.agent(0).expires();
    env.settle();
    expect(env.sent('halt')).toEqual([]);
    job.end(1);
    expect(job.of(1).result).toBe('success');
    expect(env.sent('halt')).toMatchObject([{ kind: 'halt', life: 1, silent: false }]);
    expect(pool.node(0)).toMatchObject({ state: 'running', life: 2 });
    expect(job.of(2)).toMatchObject({ state: 'running', retryCount: 0 });
    expect(pool.status).toMatchObject({ allocationState: 'steady', currentDedicated: 1 });
    new Invariants(env).check();
  });

  test('runs again what did not end by then, and counts no retry', () => {
    const { pool, job } = busy();
    pool.agent(0).expires();
    env.settle();
    pool.agent(0).die();
    env.settle();
    expect(pool.node(0)).toMatchObject({ state: 'running', life: 2 });
    expect(job.of(1)).toMatchObject({ state: 'running', attempt: 2, retryCount: 0 });
    new Invariants(env).check();
  });

  test('that leaves its pool, or is to be reimaged, goes on with that', () => {
    const { pool, node } = busy();
    pool.restart(node, 'reimage', 'taskcompletion');
    env.settle();
    pool.agent(0).expires();
    env.settle();
    expect(pool.node(0)).toMatchObject({ state: 'reimaging', life: 1 });
    pool.resize(0);
    env.settle();
    expect(pool.nodes).toEqual([]);
  });
});

describe('A deallocation', () => {
  test('ends the life of the node, begins none, and keeps the node in its pool', () => {
    const { pool, job, node } = busy();
    pool.restart(node, 'deallocate');
    env.settle();
    expect(pool.node(0)).toMatchObject({ node, state: 'deallocated', life: 1, runningTasks: 0, offers: [], errors: [], startTask: null, retainUntil: 0 });
    expect(env.sent('release')).toEqual([{ kind: 'release', node, life: 1, silent: false }]);
    expect(pool.status).toMatchObject({ allocationState: 'steady', currentDedicated: 1, targetDedicated: 1 });
    expect(job.of(1)).toMatchObject({ state: 'active', requeueCount: 1, retryCount: 0 });
    expect(env.explain(job, 1)).toContainEqual(expect.objectContaining({ code: 'NodeNotReady', state: 'deallocated' }));
    env.pass(24 * 3_600_000);
    expect(env.sent('acquire')).toHaveLength(1);
    new Invariants(env).check();
  });

  test.each([
    ['terminate', { state: 'completed', failure: { code: 'TaskEnded' }, cause: 'nodeOperation' }],
    ['taskcompletion', { state: 'running', requeueCount: 0 }],
    ['retaineddata', { state: 'running', requeueCount: 0 }],
  ] as const)('with %s does with the tasks there as asked', (option, task) => {
    const { pool, job, node } = busy();
    pool.restart(node, 'deallocate', option);
    env.settle();
    expect(job.of(1)).toMatchObject(task);
    if (option === 'terminate') return expect(pool.node(0).state).toBe('deallocated');
    expect(pool.node(0)).toMatchObject({ state: 'deallocating', runningTasks: 1, offers: [] });
    job.end(1);
    expect(pool.node(0).state).toBe(option === 'retaineddata' ? 'deallocating' : 'deallocated');
    env.pass(8 * 24 * 3_600_000);
    expect(pool.node(0)).toMatchObject({ state: 'deallocated', life: 1 });
    expect(job.state(2)).toBe('active');
  });

  test('holds over owners and shutdowns, in each of its states', () => {
    const { pool, job, node } = busy();
    pool.restart(node, 'deallocate', 'taskcompletion');
    env.settle().restart().settle();
    expect(pool.node(0)).toMatchObject({ state: 'deallocating', life: 1 });
    env.shutDown();
    expect(pool.node(0).state).toBe('deallocating');
    env.restart().settle();
    expect(pool.node(0)).toMatchObject({ state: 'deallocated', life: 1 });
    env.restart().settle();
    env.shutDown();
    env.restart().settle();
    expect(pool.node(0)).toMatchObject({ state: 'deallocated', life: 1 });
    expect([env.sent('acquire').length, job.state(1)]).toEqual([1, 'active']);
  });

  test('is done though the node dies by itself before its turn', () => {
    const { pool, job, node } = busy();
    pool.restart(node, 'deallocate', 'taskcompletion');
    env.settle();
    pool.agent(0).die();
    env.settle();
    expect(pool.node(0)).toMatchObject({ state: 'deallocated', life: 1, errors: [] });
    expect(job.state(1)).toBe('active');
  });

  test('is done where only a lease proves that the node is dead', () => {
    const { pool, node } = busy();
    pool.restart(node, 'deallocate', 'taskcompletion');
    env.settle();
    pool.agent(0).goSilent();
    env.apply({ kind: 'leaseExpired', node });
    env.settle();
    expect(pool.node(0)).toMatchObject({ state: 'deallocated', life: 1 });
  });

  test('hears nothing of what is said of the life that is over', () => {
    const { pool, node } = busy();
    pool.restart(node, 'deallocate');
    env.settle();
    for (const kind of ['unknown', 'gone', 'restart'] as const) env.apply({ kind: 'unheard', node, step: kind, silentMs: 30_000 });
    env.apply({ kind: 'leaseExpired', node }, { kind: 'node', node, life: 1, observed: { kind: 'ended', reason: 'twice' } }, { kind: 'silent', node });
    env.apply({ kind: 'agent', node, report: { kind: 'hello', life: 1, version: '1', ipAddress: '127.0.0.1', held: [], startTask: null, ready: true } });
    env.settle();
    expect(pool.node(0)).toMatchObject({ state: 'deallocated', life: 1 });
    expect([env.sent('acquire').length, env.sent('halt').length, env.sent('release').length]).toEqual([1, 0, 1]);
  });

  test('and a start after it: the node is starting until its next life is there, with its start task anew and an empty disk', () => {
    const pool = env.pool({ startTask: { waitForSuccess: true, maxTaskRetryCount: 0 } });
    env.settle();
    const { node, allocatedAt } = pool.node(0);
    const job = env.job({ preparation: { waitForSuccess: true, rerunOnNodeReboot: false, retentionMs: 0 } }).tasks(2);
    env.settle();
    job.endOwn('preparation', node);
    job.end(1);
    pool.restart(node, 'deallocate');
    env.settle();
    env.bootsByItself = false;
    env.pass(1_000);
    pool.restart(node, 'start');
    env.settle();
    expect(pool.node(0)).toMatchObject({ node, state: 'starting', since: env.now, life: 2, bootedAt: null, startTask: null, errors: [], allocatedAt });
    env.apply({ kind: 'unheard', node, step: 'unknown', silentMs: 30_000 });
    env.settle();
    expect(pool.node(0).state, 'it has not been heard yet').toBe('starting');
    env.pass(1_000);
    pool.agent(0).hello({ ready: false });
    env.settle();
    expect(pool.node(0)).toMatchObject({ state: 'starting', life: 2, bootedAt: env.now });
    pool.agent(0).says({ kind: 'startTask', status: { state: 'running', startedAt: env.now, endedAt: null, exitCode: null, failure: null, retryCount: 0, lastRetryAt: null, result: null } });
    env.settle();
    expect(pool.node(0).state).toBe('waitingforstarttask');
    pool.agent(0).says({ kind: 'ready' });
    env.settle();
    expect(job.on(node).preparation).toMatchObject({ attempt: 2, state: 'running' });
    expect([pool.node(0).state, job.state(2)]).toEqual(['running', 'preparing']);
    new Invariants(env).check();
  });

  test('no start is obeyed but that of a deallocated node, and of that nothing else is', () => {
    const { pool, node } = busy();
    pool.restart(node, 'start');
    env.settle();
    expect(pool.node(0)).toMatchObject({ state: 'running', life: 1 });
    pool.restart(node, 'deallocate');
    env.settle();
    for (const kind of ['reboot', 'reimage', 'deallocate'] as const) pool.restart(node, kind);
    env.settle();
    expect(pool.node(0)).toMatchObject({ state: 'deallocated', life: 1 });
  });

  test('does not keep a job that ends from its end', () => {
    const pool = env.pool();
    const job = env.job({ preparation: { waitForSuccess: true, rerunOnNodeReboot: false, retentionMs: 0 }, release: { retentionMs: 0 } }).tasks(1);
    env.settle();
    const { node } = pool.node(0);
    job.endOwn('preparation', node);
    job.end(1);
    pool.restart(node, 'deallocate');
    env.settle();
    job.terminate();
    env.settle();
    expect(job.status.state).toBe('completed');
  });

  test('makes the node one of the first to leave, at once and for good', () => {
    const pool = env.pool({ nodes: 3 });
    const job = env.job().tasks(1);
    env.settle();
    const asleep = pool.nodes.find(({ node }) => node !== job.of(1).node);
    if (asleep === undefined) throw new Error('each node has a task');
    pool.restart(asleep.node, 'deallocate');
    env.settle();
    pool.resize(2);
    env.settle();
    expect(pool.nodes.map(({ node }) => node)).not.toContain(asleep.node);
    expect(pool.status).toMatchObject({ allocationState: 'steady', currentDedicated: 2 });
  });

  test('outlives a resize that was stopped before the node could leave', () => {
    const { pool, node } = busy();
    pool.restart(node, 'deallocate');
    env.settle();
    pool.remove([0]).stopResize();
    env.settle();
    expect(pool.node(0)).toMatchObject({ node, state: 'deallocated' });
    pool.restart(node, 'start');
    env.settle();
    expect(pool.node(0)).toMatchObject({ node, state: 'running', life: 2 });
  });
});

test('A lost node that waits to be acquired again is, though it was to leave and the resize was stopped', () => {
  const { pool, node } = busy();
  for (let loss = 0; loss < 2; loss++) {
    pool.agent(0).die();
    env.settle();
  }
  expect(pool.node(0)).toMatchObject({ node, state: 'creating', life: 2 });
  pool.remove([0]).stopResize();
  env.settle();
  expect(pool.node(0)).toMatchObject({ node, state: 'creating', life: 2 });
  env.pass(60_000);
  expect(pool.node(0)).toMatchObject({ node, state: 'running', life: 3 });
});
