import { describe, expect, test } from 'vitest';
import { sentenceOf } from '../../src/core/reasons.ts';
import { testEnv, type TestEnv, type TestJob } from './harness.ts';

function codes(env: TestEnv, job: TestJob, task: number): string[] {
  return env.explain(job, task).map(({ code }) => code);
}

function sentences(env: TestEnv, job: TestJob, task: number): string[] {
  return env.explain(job, task).map(sentenceOf);
}

describe('why is my task not running?', () => {
  test('its pool does not exist', () => {
    const env = testEnv();
    const job = env.job({ poolId: 'Typo' }).task();
    env.settle();
    expect(env.explain(job, 1)).toEqual([{ code: 'PoolNotFound', poolId: 'Typo', deleting: false }]);
    expect(sentences(env, job, 1)).toEqual(['There is no pool Typo.']);
  });

  test('its pool has no nodes, and why', () => {
    const env = testEnv();
    env.pool({ unavailable: 'There are no Windows nodes here.' });
    const job = env.job().task();
    env.settle();
    expect(env.explain(job, 1)).toMatchObject([{ code: 'WaitingForNodes', readyNodes: 0, targetNodes: 1, allocationState: 'steady', errors: [{ code: 'AllocationFailed' }] }]);
    expect(sentences(env, job, 1)).toEqual(['Pool pool has 0 of 1 nodes ready; AllocationFailed: Desired number of dedicated nodes could not be allocated: There are no Windows nodes here.']);
  });

  test('it needs more slots than a node has', () => {
    const env = testEnv();
    env.pool({ slots: 2 });
    const job = env.job().task({ requiredSlots: 3 });
    env.settle();
    expect(codes(env, job, 1)).toContain('TooManySlots');
  });

  test('what never passes by itself is said first', () => {
    const env = testEnv();
    env.pool({ slots: 2 });
    const job = env.job({ maxParallelTasks: 1 }).task().task({ requiredSlots: 3 });
    env.settle();
    expect(codes(env, job, 2).slice(0, 2)).toEqual(['TooManySlots', 'MaxParallelTasks']);
  });

  test('the start task of a node has failed, and how', () => {
    const env = testEnv();
    env.bootsByItself = false;
    env.pool({ nodes: 8, startTask: { waitForSuccess: true, maxTaskRetryCount: 0 } });
    const job = env.job().task();
    env.settle();
    const last = [...env.agents.values()].at(-1);
    last?.hello({ ready: false });
    const failure = { category: 'UserError', code: 'FailureExitCode', message: 'The task exited with an exit code representing a failure', details: [{ name: 'Message', value: 'no such package' }] } as const;
    last?.says({ kind: 'startTask', status: { state: 'completed', startedAt: 1, endedAt: 2, exitCode: 7, failure, retryCount: 0, lastRetryAt: null, result: 'failure' } });
    env.settle();
    const [reason] = env.explain(job, 1);
    expect(reason).toMatchObject({ code: 'StartTaskFailed', exitCode: 7, failure: { code: 'FailureExitCode' } });
    expect(sentences(env, job, 1)[0]).toMatch(/^The start task has failed on node tvmps_\w+ with exit code 7: FailureExitCode, The task exited .* \(Message: no such package\)\.$/);
  });

  test('nodes are still missing: how many, and whether there is room for them', () => {
    const env = testEnv();
    env.bootsByItself = false;
    env.pool({ nodes: 300 });
    const job = env.job().tasks(100);
    env.settle();
    for (const agent of [...env.agents.values()].slice(0, 3)) agent.boot();
    env.settle();
    expect(env.explain(job, 100)[0]).toEqual({ code: 'WaitingForNodes', poolId: 'pool', readyNodes: 3, targetNodes: 300, allocationState: 'resizing', errors: [], pending: [], room: null });
    expect(sentences(env, job, 100)[0]).toBe('Pool pool has 3 of 300 nodes ready; it is being resized.');
  });

  test('nodes wait for something that the provider tells, until they are there', () => {
    const env = testEnv();
    env.bootsByItself = false;
    const pool = env.pool({ nodes: 2 });
    const job = env.job().task();
    env.settle();
    for (const { node, life } of pool.nodes) env.apply({ kind: 'node', node, life, observed: { kind: 'pending', reason: 'The queue is long.' } });
    env.apply({ kind: 'node', node: pool.node(0).node, life: 9, observed: { kind: 'pending', reason: 'Of another life.' } });
    env.settle();
    expect(sentences(env, job, 1)[0]).toBe('Pool pool has 0 of 2 nodes ready; it is being resized; nodes that are asked for wait: The queue is long.');
    for (const { node, life } of pool.nodes) env.apply({ kind: 'node', node, life, observed: { kind: 'running' } });
    env.settle();
    expect(env.explain(job, 1)[0]).toMatchObject({ code: 'WaitingForNodes', pending: [] });
    const late = pool.agent(0);
    late.boot();
    late.goSilent();
    env.apply({ kind: 'node', node: late.node, life: 1, observed: { kind: 'pending', reason: 'Said of one that has been there.' } });
    env.settle();
    expect(env.explain(job, 1)[0]).toMatchObject({ code: 'WaitingForNodes', pending: [] });
  });

  test('there is no room for more nodes: that comes first', () => {
    const env = testEnv();
    env.apply({ kind: 'room', maxNodes: 5 });
    env.pool({ nodes: 9 });
    const job = env.job().tasks(100);
    env.settle();
    expect(sentences(env, job, 100)[0]).toMatch(/^Pool pool has 5 of 9 nodes ready; there is room for 5 nodes here; AllocationFailed: .*All nodes that there is room for here are taken: 5\.$/);
  });

  test('the account may have no more nodes', () => {
    const env = testEnv();
    env.bootsByItself = false;
    env.pool({ nodes: 10_001 });
    const job = env.job().task();
    env.settle();
    expect(sentences(env, job, 1)[0]).toMatch(/^Pool pool has 0 of 10001 nodes ready; AccountCoreQuotaReached: .*at most 10000 nodes/);
  });

  test('nobody has asked for nodes', () => {
    const env = testEnv();
    env.pool({ nodes: 0 });
    const job = env.job().task();
    env.settle();
    expect(env.explain(job, 1)).toEqual([{ code: 'NoNodes', poolId: 'pool' }]);
  });

  test('its job is disabled', () => {
    const env = testEnv();
    env.pool();
    const job = env.job().disable('wait').task();
    env.settle();
    expect(codes(env, job, 1)).toEqual(['JobNotActive']);
  });

  test('its job runs as many as it may', () => {
    const env = testEnv();
    env.pool({ slots: 4 });
    const job = env.job({ maxParallelTasks: 1 }).tasks(2);
    env.settle();
    expect(codes(env, job, 2)).toEqual(['MaxParallelTasks']);
  });

  test('no node is ready', () => {
    const env = testEnv();
    env.bootsByItself = false;
    env.pool({ nodes: 7 });
    const job = env.job().task();
    env.settle();
    expect(codes(env, job, 1)).toEqual(['WaitingForNodes', ...Array.from({ length: 5 }, () => 'NodeNotReady'), 'MoreNodes']);
  });

  test('a node is unusable, and why', () => {
    const env = testEnv();
    env.bootsByItself = false;
    env.pool({ nodes: 1 });
    const job = env.job().task();
    env.settle();
    const [agent] = [...env.agents.values()];
    agent?.hello({ ready: false });
    agent?.says({ kind: 'unusable', errors: [{ code: 'ApplicationPackageError', message: 'No package', values: [{ name: 'ApplicationId', value: 'tool' }] }] });
    env.settle();
    const [reason] = env.explain(job, 1).filter(({ code }) => code === 'NodeNotReady');
    expect(reason).toMatchObject({ state: 'unusable', errors: [{ code: 'ApplicationPackageError' }] });
    expect(reason === undefined ? '' : sentenceOf(reason)).toMatch(/^Node tvmps_\w+ is unusable\. ApplicationPackageError: No package; ApplicationId tool\.$/);
  });

  test('it waits on a node behind others', () => {
    const env = testEnv();
    env.pool();
    const job = env.job().tasks(3);
    env.settle();
    expect(env.explain(job, 3)).toMatchObject([{ code: 'WaitingOnNode', tasksBefore: 1 }]);
  });

  test('all slots are taken and enough waits already', () => {
    const env = testEnv();
    env.pool();
    const job = env.job().tasks(100);
    env.settle();
    expect(codes(env, job, 100)).toEqual(['NoFreeSlots']);
  });

  test('it is running, it is completed, it has not been seen', () => {
    const env = testEnv();
    env.pool();
    const job = env.job().task();
    env.settle();
    expect(codes(env, job, 1)).toEqual(['Running']);
    job.end(1);
    expect(codes(env, job, 1)).toEqual(['TaskCompleted']);
    expect(codes(env, job, 2)).toEqual(['NotTakenIn']);
  });

  test('the tasks of a job, counted by what keeps them', () => {
    const env = testEnv();
    env.pool({ slots: 4 });
    const job = env.job({ maxParallelTasks: 1 }).tasks(3).task({ requiredSlots: 9 });
    env.settle();
    const found = env.explainJob(job);
    expect(found).toMatchObject({ open: 4, looked: 4 });
    expect(found?.reasons).toMatchObject([
      { reason: { code: 'TooManySlots', requiredSlots: 9, taskSlotsPerNode: 4 }, tasks: 1, example: 4 },
      { reason: { code: 'MaxParallelTasks', liveTasks: 1, maxParallelTasks: 1 }, tasks: 2, example: 2 },
      { reason: { code: 'Running' }, tasks: 1, example: 1 },
    ]);
  });

  test('a job of more tasks than are looked at, and one that is not there', () => {
    const env = testEnv();
    const job = env.job({ poolId: 'Typo' }).tasks(1_500);
    env.settle();
    expect(env.explainJob(job)).toEqual({ open: 1_500, looked: 1_000, reasons: [{ reason: { code: 'PoolNotFound', poolId: 'Typo', deleting: false }, tasks: 1_000, example: 1 }] });
    expect(env.core.explainJob(99, env.now)).toBeNull();
  });
});
