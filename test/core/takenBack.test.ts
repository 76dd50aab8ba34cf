import { describe, expect, test } from 'vitest';
import type { Command } from '../../src/core/decisions.ts';
import { SEEK_MAX_MS } from '../../src/core/tunables.ts';
import { exited, testEnv, type TestEnv, type TestJob, type TestPool } from './harness.ts';

const GRACE_MS = 30_000;
const NO_CAPACITY = 'There are no such machines now.';

/** Low-priority nodes, each with a task that runs there. */
function busy({ nodes = 2, tasks = nodes, ...options }: Partial<Parameters<TestEnv['pool']>[0]> & { readonly nodes?: number; readonly tasks?: number } = {}): { readonly env: TestEnv; readonly pool: TestPool; readonly job: TestJob } {
  const env = testEnv();
  const pool = env.pool({ nodes: 0, targetLowPriority: nodes, ...options });
  const job = env.job().tasks(tasks);
  env.settle();
  return { env, pool, job };
}

function linger(env: TestEnv): void {
  for (const agent of env.agents.values()) agent.lingers = true;
}

function kill(env: TestEnv): void {
  for (const agent of env.agents.values()) agent.kill();
  env.settle();
}

function stateOfNode(env: TestEnv, node: number): string | undefined {
  return env.nodes.get(node)?.state;
}

function ends(env: TestEnv): Extract<Command, { kind: 'end' }>[] {
  return env.commands.filter((command) => command.kind === 'end');
}

describe('a low-priority node that is to be taken back', () => {
  test('has its task told to end with the time it has, says so, and gets no other', () => {
    const { env, pool, job } = busy({ nodes: 1 });
    linger(env);
    const { node } = pool.node(0);
    env.agent(node).notice(GRACE_MS);
    job.task();
    env.pass(GRACE_MS - 1);
    expect(ends(env)).toEqual([expect.objectContaining({ node, reason: 'preempted', deadlineMs: GRACE_MS })]);
    expect(env.sent('preempt')).toEqual([{ kind: 'preempt', node, notBefore: env.now + 1 }]);
    expect(pool.node(0)).toMatchObject({ state: 'running', notice: { notBefore: env.now + 1, graceMs: GRACE_MS }, offers: [] });
    expect(env.explain(job, 1)).toEqual([{ code: 'BeingPreempted', nodeId: pool.node(0).id, attempt: 1, seconds: 1 }]);
    expect(env.explain(job, 2)).toContainEqual({ code: 'NodeBeingPreempted', nodeId: pool.node(0).id });
  });

  test('has what ends there run elsewhere at once: counted as requeued, not as retried', () => {
    const { env, pool, job } = busy({ nodes: 2, tasks: 1 });
    linger(env);
    const [first] = pool.nodes.filter(({ runningTasks }) => runningTasks > 0);
    env.agent(first?.node ?? 0).notice(GRACE_MS);
    env.settle();
    kill(env);
    expect(job.of(1)).toMatchObject({ state: 'running', attempt: 2, requeueCount: 1, retryCount: 0, lastRequeueAt: env.now });
    expect(job.of(1).node).not.toBe(first?.node);
    job.end(1, exited(0));
    expect(job.of(1)).toMatchObject({ state: 'completed', result: 'success', retryCount: 0 });
  });

  test('is released when its time has come, is preempted, and comes back with its id', () => {
    const { env, pool, job } = busy({ nodes: 1 });
    linger(env);
    const { node, id } = pool.node(0);
    env.agent(node).notice(GRACE_MS);
    env.pass(GRACE_MS);
    expect(env.sent('release')).toEqual([expect.objectContaining({ node, life: 1 })]);
    expect(pool.node(0)).toMatchObject({ id, state: 'preempted', runningTasks: 0 });
    expect(pool.node(0)).not.toHaveProperty('notice');
    expect(pool.status).toMatchObject({ currentLowPriority: 1, preemptions: 1, resizeErrors: [] });
    expect(job.of(1)).toMatchObject({ state: 'active', cause: 'nodePreempted', requeueCount: 1, retryCount: 0 });
    expect(env.explain(job, 1)).toContainEqual({ code: 'NodePreempted', requeueCount: 1 });
    env.pass(SEEK_MAX_MS);
    expect(pool.nodes).toMatchObject([{ id, life: 2, state: 'running' }]);
    expect(job.state(1)).toBe('running');
  });

  test('goes before its time when a program there lets go of it', () => {
    const { env, pool } = busy({ nodes: 1 });
    const { node } = pool.node(0);
    env.agent(node).notice(GRACE_MS);
    env.pass(1_000);
    env.agent(node).says({ kind: 'letGo' });
    env.settle();
    expect(stateOfNode(env, node)).toBe('preempted');
  });

  test('is not taken for one by what a program says without a notice', () => {
    const { env, pool } = busy({ nodes: 1 });
    env.agent(pool.node(0).node).says({ kind: 'letGo' });
    env.pass(GRACE_MS);
    expect(pool.node(0)).toMatchObject({ state: 'running', life: 1 });
  });

  test('keeps its notice over a restart of the service, and its agent hears of it again', () => {
    const { env, pool, job } = busy({ nodes: 1 });
    linger(env);
    const { node } = pool.node(0);
    env.agent(node).notice(GRACE_MS);
    env.pass(10_000);
    env.restart().settle();
    expect(env.sent('preempt')).toHaveLength(2);
    expect(ends(env).at(-1)).toMatchObject({ reason: 'preempted' });
    env.pass(GRACE_MS - 10_000);
    expect(stateOfNode(env, node)).toBe('preempted');
    expect(job.of(1)).toMatchObject({ cause: 'nodePreempted', requeueCount: 1 });
  });

  test('ends a task at once that a client terminates meanwhile', () => {
    const { env, pool, job } = busy({ nodes: 1 });
    linger(env);
    env.agent(pool.node(0).node).notice(GRACE_MS);
    env.settle();
    job.terminateTask(1);
    env.settle();
    expect(ends(env).map(({ reason, deadlineMs }) => [reason, deadlineMs])).toEqual([['preempted', GRACE_MS], ['terminate', 0]]);
    kill(env);
    expect(job.of(1)).toMatchObject({ state: 'completed', failure: { code: 'TaskEnded' }, requeueCount: 0 });
  });

  test('leaves its pool as any other when the pool shrinks meanwhile, and before others', () => {
    const { env, pool } = busy({ nodes: 2 });
    linger(env);
    const { node } = pool.node(0);
    env.agent(node).notice(GRACE_MS);
    env.settle();
    pool.resize(0, { targetLowPriority: 1 });
    env.settle();
    expect(stateOfNode(env, node)).toBe('leavingpool');
    env.pass(GRACE_MS);
    expect(env.nodes.get(node)?.goneAt).not.toBeNull();
    expect(pool.nodes.map(({ state }) => state)).toEqual(['running']);
  });

  test('may be any but a dedicated one', () => {
    const env = testEnv();
    const pool = env.pool({ nodes: 1 });
    env.job().task();
    env.settle();
    pool.agent(0).notice(GRACE_MS);
    env.pass(GRACE_MS);
    expect(pool.node(0)).toMatchObject({ state: 'running', life: 1 });
  });
});

describe('a low-priority node that is taken back without a notice', () => {
  test('has its task run elsewhere: counted as requeued, not as retried', () => {
    const { env, pool, job } = busy({ nodes: 2, tasks: 2 });
    const { node } = pool.node(0);
    env.agent(node).takenBack();
    env.settle();
    expect(stateOfNode(env, node)).toBe('preempted');
    const lost = [1, 2].find((task) => job.state(task) !== 'running') ?? 0;
    job.end(3 - lost);
    expect(job.of(lost)).toMatchObject({ state: 'running', attempt: 2, requeueCount: 1, retryCount: 0 });
  });

  test('takes a task on several nodes with it as a whole, which runs again on as many', () => {
    const env = testEnv();
    const pool = env.pool({ nodes: 0, targetLowPriority: 3, interNode: true });
    const job = env.job().task({ instances: 2 });
    env.settle();
    const primary = job.of(1).node ?? 0;
    const other = pool.nodes.find(({ node, runningTasks }) => node !== primary && runningTasks > 0)?.node ?? 0;
    env.agent(other).takenBack();
    env.settle();
    expect(job.of(1)).toMatchObject({ state: 'running', attempt: 2, requeueCount: 1, retryCount: 0 });
    expect(pool.nodes.filter(({ runningTasks }) => runningTasks > 0).map(({ node }) => node)).not.toContain(other);
  });

  test('prepares for a job again when it is back: what lay there is gone', () => {
    const env = testEnv();
    const pool = env.pool({ nodes: 0, targetLowPriority: 1 });
    const job = env.job({ preparation: { waitForSuccess: true, rerunOnNodeReboot: false, retentionMs: 0 } }).task();
    env.settle();
    const { node } = pool.node(0);
    job.endOwn('preparation', node);
    env.agent(node).takenBack();
    env.pass(SEEK_MAX_MS);
    expect(job.state(1)).toBe('preparing');
    expect(job.on(node).preparation).toMatchObject({ attempt: 2, state: 'running' });
  });

  test('keeps no job from its end that has still to be released there', () => {
    const env = testEnv();
    const pool = env.pool({ nodes: 0, targetLowPriority: 1 });
    const job = env.job({ preparation: { waitForSuccess: true, rerunOnNodeReboot: false, retentionMs: 0 }, release: { retentionMs: 0 } }).task();
    env.settle();
    const { node } = pool.node(0);
    job.endOwn('preparation', node);
    env.noLowPriority = NO_CAPACITY;
    env.agent(node).takenBack();
    env.settle();
    job.terminate();
    env.settle();
    expect(job.status.state).toBe('completed');
  });

  test('goes from its pool at once when the pool shrinks', () => {
    const { env, pool } = busy({ nodes: 2 });
    env.noLowPriority = NO_CAPACITY;
    const { node } = pool.node(1);
    env.agent(node).takenBack();
    env.settle();
    pool.resize(0, { targetLowPriority: 1 });
    env.settle();
    expect(env.nodes.get(node)?.goneAt).not.toBeNull();
    expect(pool.status).toMatchObject({ allocationState: 'steady', currentLowPriority: 1 });
  });
});

describe('low-priority nodes that cannot be had', () => {
  test('are sought again ever more seldom by themselves, and the error goes when they are there', () => {
    const env = testEnv();
    env.noLowPriority = NO_CAPACITY;
    const pool = env.pool({ nodes: 1, targetLowPriority: 2 });
    env.settle();
    expect(pool.status).toMatchObject({ allocationState: 'steady', currentDedicated: 1, currentLowPriority: 0, resizeErrors: [{ code: 'AllocationFailed', values: [{ name: 'Reason', value: NO_CAPACITY }] }] });
    const before = env.sent('acquire').length;
    env.pass(10 * SEEK_MAX_MS);
    const tries = (env.sent('acquire').length - before) / 2;
    expect(tries).toBeGreaterThan(9);
    expect(tries).toBeLessThan(18);
    expect(pool.status).toMatchObject({ allocationState: 'steady', resizeErrors: [{ code: 'AllocationFailed' }] });
    env.noLowPriority = null;
    env.pass(SEEK_MAX_MS);
    expect(pool.status).toMatchObject({ allocationState: 'steady', currentLowPriority: 2, resizeErrors: [] });
  });

  test('are sought again after a restart of the service as well', () => {
    const env = testEnv();
    env.noLowPriority = NO_CAPACITY;
    const pool = env.pool({ nodes: 0, targetLowPriority: 2 });
    env.settle();
    env.restart().settle();
    env.noLowPriority = null;
    env.pass(SEEK_MAX_MS);
    expect(pool.status).toMatchObject({ currentLowPriority: 2, resizeErrors: [] });
  });

  test('are sought no more when a client stops that with a smaller target', () => {
    const env = testEnv();
    env.noLowPriority = NO_CAPACITY;
    const pool = env.pool({ nodes: 0, targetLowPriority: 2 });
    env.settle();
    pool.resize(0, { targetLowPriority: 0 });
    env.settle();
    const before = env.sent('acquire').length;
    env.pass(10 * SEEK_MAX_MS);
    expect(env.sent('acquire')).toHaveLength(before);
    expect(pool.status).toMatchObject({ allocationState: 'steady', resizeErrors: [] });
  });

  test('and were taken back stay preempted, and the pool says why', () => {
    const { env, pool } = busy({ nodes: 2, tasks: 0 });
    env.noLowPriority = NO_CAPACITY;
    const { node } = pool.node(0);
    env.agent(node).takenBack();
    env.settle();
    expect(pool.status.resizeErrors).toEqual([]);
    env.pass(SEEK_MAX_MS);
    expect(pool.node(0)).toMatchObject({ state: 'preempted', errors: [{ code: 'AllocationFailed' }] });
    expect(pool.status).toMatchObject({ currentLowPriority: 2, resizeErrors: [{ code: 'AllocationFailed', values: [{ value: NO_CAPACITY }] }] });
    env.noLowPriority = null;
    env.pass(SEEK_MAX_MS);
    expect(pool.node(0)).toMatchObject({ state: 'idle', errors: [] });
    expect(pool.status.resizeErrors).toEqual([]);
  });

  test('are none of a pool whose kind cannot be had here at all', () => {
    const env = testEnv();
    const pool = env.pool({ nodes: 0, targetLowPriority: 1, unavailable: 'No such image.' });
    env.settle();
    env.pass(10 * SEEK_MAX_MS);
    expect(env.sent('acquire')).toEqual([]);
    expect(pool.status.resizeErrors).toMatchObject([{ code: 'AllocationFailed' }]);
  });
});

test('a task that made room says so though another owner hears of its end', () => {
  const env = testEnv();
  env.pool({ nodes: 1 });
  const low = env.job({ allowTaskPreemption: true }).task();
  env.settle();
  env.pass(60_000);
  linger(env);
  low.patch({ maxParallelTasks: 0 });
  const high = env.job({ priority: 1 }).task();
  env.settle();
  high.deleteTask(1);
  const [agent] = env.agents.values();
  if (agent === undefined) throw new Error('there is no agent');
  // The next owner hears nothing of the request: it was in the memory of the last one alone.
  agent.kill();
  env.restart().settle();
  expect(low.of(1)).toMatchObject({ state: 'active', cause: 'preempted', requeueCount: 1, retryCount: 0 });
});
