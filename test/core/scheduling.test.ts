import { beforeEach, describe, expect, test } from 'vitest';
import { sentenceOf } from '../../src/core/reasons.ts';
import { exited, testEnv, type TestEnv, type TestJob, type TestPool } from './harness.ts';
import { Invariants } from './invariants.ts';

let env: TestEnv;
beforeEach(() => {
  env = testEnv();
});

/** A pool with a task on its one node, and two that wait for a slot. */
function busy(): { readonly pool: TestPool; readonly job: TestJob; readonly node: number } {
  const pool = env.pool();
  const job = env.job().tasks(3);
  env.settle();
  return { pool, job, node: pool.node(0).node };
}

describe('A node whose scheduling is disabled', () => {
  test('takes no task, is offline, and says so to who asks why', () => {
    const pool = env.pool();
    env.settle();
    const { node, id } = pool.node(0);
    pool.askNode(node, { schedulingDisabled: 'requeue' });
    const job = env.job().task();
    env.settle();
    expect(pool.node(0)).toMatchObject({ state: 'offline', scheduling: 'disabled' });
    expect(job.state(1)).toBe('active');
    expect(env.explain(job, 1).map(sentenceOf)).toContainEqual(`Scheduling is disabled on node ${id}.`);
    pool.askNode(node, { schedulingDisabled: null });
    env.settle();
    expect(pool.node(0)).toMatchObject({ state: 'running', scheduling: 'enabled' });
    expect(job.state(1)).toBe('running');
    new Invariants(env).check();
  });

  test('with requeue gives its tasks back: a requeue is counted, a retry is not', () => {
    const { pool, job, node } = busy();
    pool.askNode(node, { schedulingDisabled: 'requeue' });
    env.settle();
    expect(job.of(1)).toMatchObject({ state: 'active', requeueCount: 1, retryCount: 0, cause: 'nodeOperation' });
    expect(job.of(2)).toMatchObject({ state: 'active', requeueCount: 0 });
    expect(pool.node(0)).toMatchObject({ state: 'offline', offers: [] });
    new Invariants(env).check();
  });

  test('with terminate ends its running tasks, and those that wait there go back', () => {
    const { pool, job, node } = busy();
    pool.askNode(node, { schedulingDisabled: 'terminate' });
    env.settle();
    expect(job.of(1)).toMatchObject({ state: 'completed', result: 'failure', failure: { code: 'TaskEnded' }, cause: 'nodeOperation' });
    expect(job.states).toEqual({ completed: 1, active: 2 });
    new Invariants(env).check();
  });

  test('with taskcompletion runs what runs to its end; a retry goes elsewhere', () => {
    const { pool, job, node } = busy();
    job.patch({ maxTaskRetryCount: 1 });
    pool.askNode(node, { schedulingDisabled: 'taskcompletion' });
    env.settle();
    expect(pool.node(0)).toMatchObject({ state: 'running', scheduling: 'disabled', runningTasks: 1, offers: [] });
    job.end(1, exited(1));
    expect(job.of(1)).toMatchObject({ state: 'active', exitCode: 1 });
    expect(pool.node(0).state).toBe('offline');
    pool.resize(2);
    env.settle();
    expect(job.inState('running').map((task) => job.of(task).node)).toEqual([pool.node(1).node]);
    new Invariants(env).check();
  });

  test('stays so when the owner is replaced, which ends what was to end', () => {
    const { pool, job, node } = busy();
    pool.askNode(node, { schedulingDisabled: 'terminate' });
    env.tick();
    env.restart().settle();
    expect(pool.node(0)).toMatchObject({ state: 'offline', scheduling: 'disabled' });
    expect(job.states).toEqual({ completed: 1, active: 2 });
    env.restart().settle();
    expect(pool.node(0)).toMatchObject({ state: 'offline', scheduling: 'disabled' });
    expect(job.states).toEqual({ completed: 1, active: 2 });
  });

  test('obeys what was asked before the owner was replaced and never came to it', () => {
    const { pool, job, node } = busy();
    env.nodeIntents.set(node, { node, schedulingDisabled: 'requeue', restart: null, restartSequence: 0 });
    env.restart().settle();
    expect(pool.node(0)).toMatchObject({ state: 'offline', scheduling: 'disabled' });
    expect(job.of(1)).toMatchObject({ state: 'active', requeueCount: 1 });
  });

  test('that is asked another thing before the first was taken in does the last one', () => {
    const { pool, job, node } = busy();
    pool.askNode(node, { schedulingDisabled: 'terminate' }).askNode(node, { schedulingDisabled: null });
    env.settle();
    expect(pool.node(0)).toMatchObject({ state: 'running', scheduling: 'enabled' });
    expect(job.state(1)).toBe('running');
  });

  test('is offline again when it comes back from being away', () => {
    const pool = env.pool();
    env.settle();
    pool.askNode(pool.node(0).node, { schedulingDisabled: 'requeue' });
    env.settle();
    const agent = pool.agent(0);
    agent.unheard('unknown');
    env.settle();
    expect(pool.node(0).state).toBe('unknown');
    agent.hello();
    env.settle();
    expect(pool.node(0).state).toBe('offline');
  });

  test.each([
    ['requeue', { state: 'active', requeueCount: 1, cause: 'nodeOperation' }],
    ['terminate', { state: 'completed', requeueCount: 0, failure: { code: 'TaskEnded' }, cause: 'nodeOperation' }],
    ['taskcompletion', { state: 'running', requeueCount: 0 }],
  ] as const)('does with %s to a multi-instance task what it does to any, whichever of its nodes it is', (schedulingDisabled, expected) => {
    for (const instance of [0, 1]) {
      env = testEnv();
      const pool = env.pool({ nodes: 2, interNode: true });
      const job = env.job().task({ instances: 2 });
      env.settle();
      const beside = [...env.subtasks.values()].find(({ state }) => state === 'running')?.node;
      pool.askNode((instance === 0 ? job.of(1).node : beside) ?? -1, { schedulingDisabled });
      env.settle();
      expect(job.of(1)).toMatchObject(expected);
      new Invariants(env).check();
    }
  });
});
