import { describe, expect, test } from 'vitest';
import type { JobIntent, PreparationIntent } from '../../src/core/intent.ts';
import { type TestAgent, type TestEnv, type TestJob, type TestPool, testEnv } from './harness.ts';

const DAY_MS = 24 * 3_600_000;

interface Given {
  readonly nodes?: number;
  readonly slots?: number;
  readonly preparation?: Partial<PreparationIntent>;
  readonly release?: boolean;
  readonly job?: Partial<JobIntent>;
}

function given({ nodes = 1, slots = 1, preparation = {}, release = false, job = {} }: Given = {}): { readonly env: TestEnv; readonly pool: TestPool; readonly job: TestJob; readonly node: number; readonly agent: () => TestAgent } {
  const env = testEnv();
  const pool = env.pool({ slots, nodes });
  env.settle();
  const { node } = pool.node(0);
  const made = env.job({
    preparation: { waitForSuccess: true, rerunOnNodeReboot: true, retentionMs: DAY_MS, ...preparation },
    release: release ? { retentionMs: DAY_MS } : null,
    ...job,
  });
  return { env, pool, job: made, node, agent: () => env.agent(node) };
}

describe('a job preparation task', () => {
  test('runs on a node before the first of the job there, which reads preparing; further ones wait for nothing', () => {
    const { env, job, node, agent } = given();
    job.tasks(3);
    env.settle();
    expect(job.states).toEqual({ preparing: 1, offered: 2 });
    expect(agent().begun).toEqual([`${job.number}.preparation.1`]);
    expect(agent().running.size).toBe(0);
    expect(job.on(node).preparation).toMatchObject({ attempt: 1, state: 'running' });
    expect(job.status.tasks).toMatchObject({ active: 2, running: 1 });
    job.endOwn('preparation', node);
    expect(job.state(1)).toBe('running');
    expect(job.of(1)).toMatchObject({ previousState: 'preparing' });
    expect(job.on(node).preparation).toMatchObject({ state: 'completed', result: 'success' });
    job.run().task();
    env.settle();
    expect(agent().begun).toHaveLength(1);
    expect(env.commands.at(-1)).toEqual({ kind: 'offer', node, key: expect.objectContaining({ task: 4 }), slots: 1 });
  });

  test('runs on each node that the job comes to, and on no other', () => {
    const { env, pool, job } = given({ nodes: 3 });
    job.tasks(2);
    env.settle();
    expect(pool.nodes.map(({ node }) => env.agent(node).begun.length).toSorted()).toEqual([0, 1, 1]);
    expect(job.states).toEqual({ preparing: 2 });
  });

  test('that fails and is waited for closes the node to its job, and to no other: its tasks go elsewhere, and explain says so', () => {
    const { env, pool, job, node } = given({ nodes: 2 });
    job.task();
    env.settle();
    const first = job.of(1).node ?? 0;
    job.endOwn('preparation', first, 3, 2);
    const second = job.of(1).node ?? 0;
    expect(second).not.toBe(first);
    expect(job.state(1)).toBe('preparing');
    expect(job.of(1).requeueCount).toBe(0);
    job.endOwn('preparation', second, 4);
    expect(job.state(1)).toBe('active');
    expect(env.explain(job, 1)).toContainEqual({ code: 'PreparationFailed', nodeId: pool.nodes.find(({ node: number }) => number === first)?.id, exitCode: 3, failure: null, retryCount: 2 });
    expect(pool.nodes.map(({ state }) => state)).toEqual(['idle', 'idle']);
    const other = env.job().tasks(2);
    env.settle();
    expect(other.states).toEqual({ running: 2 });
    expect(env.agent(node).begun).toHaveLength(1);
  });

  test('that failed everywhere keeps nobody else from waiting for slots', () => {
    const { env, job, node } = given({ job: { priority: 1 } });
    job.task();
    env.settle();
    job.endOwn('preparation', node, 1);
    const other = env.job().tasks(3);
    env.settle();
    expect(other.states).toEqual({ running: 1, offered: 2 });
  });

  test('an offer that waits on another node is not taken back for one that is closed to its job', () => {
    const { env, pool, job } = given({ nodes: 2 });
    job.tasks(2);
    env.settle();
    const [one, two] = [job.of(1).node ?? 0, job.of(2).node ?? 0];
    job.endOwn('preparation', one, 1);
    job.endOwn('preparation', two);
    expect(job.states).toEqual({ running: 1, offered: 1 });
    const sent = env.commands.length;
    env.pass(10_000);
    expect(env.commands).toHaveLength(sent);
    expect(pool.nodes.filter(({ state }) => state === 'idle')).toHaveLength(1);
  });

  test('that is not waited for lets tasks start meanwhile, and go on starting when it has failed', () => {
    const { env, job, node, agent } = given({ slots: 2, preparation: { waitForSuccess: false } });
    job.task();
    env.settle();
    expect(job.state(1)).toBe('running');
    expect(agent().begun).toHaveLength(1);
    job.endOwn('preparation', node, 1).task();
    env.settle();
    expect(job.states).toEqual({ running: 2 });
    expect(agent().begun).toHaveLength(1);
  });

  test.each([
    ['after a success, if it is to', true, 0, 2],
    ['not after a success, if it is not to', false, 0, 1],
    ['after a failure in any case', false, 1, 2],
  ])('runs again in a new life of its node %s', (_, rerunOnNodeReboot, exitCode, runs) => {
    const { env, job, node, agent } = given({ preparation: { rerunOnNodeReboot } });
    job.tasks(2);
    env.settle();
    const begun = [...agent().begun];
    job.endOwn('preparation', node, exitCode);
    agent().die();
    env.settle();
    expect([...begun, ...agent().begun]).toEqual([1, 2].slice(0, runs).map((attempt) => `${job.number}.preparation.${attempt}`));
    expect(job.states).toEqual(runs === 2 ? { preparing: 1, offered: 1 } : { running: 1, offered: 1 });
  });

  test('that was interrupted by the death of its node runs again there; what is said of the first run is stale', () => {
    const { env, job, node, agent } = given({ preparation: { rerunOnNodeReboot: false } });
    job.task();
    env.settle();
    const before = agent();
    before.die();
    env.settle();
    expect(agent().begun).toEqual([`${job.number}.preparation.2`]);
    const status = { state: 'completed', startedAt: 1, endedAt: 2, exitCode: 0, failure: null, retryCount: 0, lastRetryAt: null, result: 'success' } as const;
    agent().says({ kind: 'jobTask', key: { job: job.number, kind: 'preparation', attempt: 1 }, status });
    env.settle();
    expect(job.on(node).preparation).toMatchObject({ attempt: 2, state: 'running' });
    job.endOwn('preparation', node);
    expect(job.state(1)).toBe('running');
    agent().says({ kind: 'jobTask', key: { job: job.number, kind: 'preparation', attempt: 2 }, status: { ...status, exitCode: 7, result: 'failure' } });
    env.settle();
    expect(job.on(node).preparation).toMatchObject({ attempt: 2, result: 'success', exitCode: 0 });
  });

  test('goes on under the next owner, who waits for it and does not ask for another', () => {
    const { env, job, node, agent } = given();
    job.tasks(2);
    env.settle();
    env.restart().settle();
    expect(agent().begun).toHaveLength(1);
    expect(job.states).toEqual({ preparing: 1, offered: 1 });
    job.endOwn('preparation', node);
    expect(job.state(1)).toBe('running');
    env.restart().settle();
    job.run();
    expect(job.states).toEqual({ completed: 2 });
    expect(agent().begun).toHaveLength(1);
  });

  test('that failed keeps its node closed under the next owner', () => {
    const { env, job, node, agent } = given();
    job.task();
    env.settle();
    job.endOwn('preparation', node, 1);
    env.restart().settle();
    expect(job.state(1)).toBe('active');
    expect(agent().begun).toHaveLength(1);
    expect(env.explain(job, 1)[0]).toMatchObject({ code: 'PreparationFailed' });
  });

  test('is ended with its job, which is completed when that is over; the task that waited stays active', () => {
    const { env, job, node, agent } = given();
    job.task();
    env.settle();
    agent().goSilent();
    job.terminate();
    env.settle();
    expect(job.status.state).toBe('terminating');
    agent().hello();
    env.settle();
    expect(job.status.state).toBe('completed');
    expect(job.state(1)).toBe('active');
    expect(job.on(node).preparation).toMatchObject({ state: 'completed', result: 'failure' });
  });

  test('a task that waits for it is terminated as any other', () => {
    const { env, job, node } = given();
    job.task();
    env.settle();
    job.terminateTask(1);
    env.settle();
    expect(job.of(1)).toMatchObject({ state: 'completed', result: 'failure', failure: { code: 'TaskEnded' } });
    job.endOwn('preparation', node).task();
    env.settle();
    expect(job.state(2)).toBe('running');
  });

  test('a task that waits for it when its job is disabled goes back without having run', () => {
    const { env, job, node } = given();
    job.task();
    env.settle();
    job.disable('requeue');
    env.settle();
    expect(job.status.state).toBe('disabled');
    expect(job.of(1)).toMatchObject({ state: 'active', requeueCount: 0 });
    job.endOwn('preparation', node).enable();
    env.settle();
    expect(job.state(1)).toBe('running');
  });

  test('what it left is retained as long as it says, where a node that leaves waits for data', () => {
    const { env, pool, job, node } = given();
    job.task();
    env.settle();
    job.endOwn('preparation', node).deleteTask(1);
    env.settle();
    pool.resize(0, { nodeDeallocation: 'retaineddata', resizeTimeoutMs: 2 * DAY_MS });
    env.settle();
    expect(pool.nodes).toHaveLength(1);
    env.pass(DAY_MS);
    expect(pool.nodes).toHaveLength(0);
  });
});

describe('a job release task', () => {
  function ran(more: Given = {}) {
    const made = given({ release: true, ...more });
    made.job.tasks(2);
    made.env.settle();
    return made;
  }

  test('runs where the preparation has run when the job is terminated, which is completed when it is over, however it ends', () => {
    const { env, pool, job } = ran({ nodes: 3 });
    const used = [job.of(1).node ?? 0, job.of(2).node ?? 0];
    for (const node of used) job.endOwn('preparation', node);
    job.terminate('enough');
    env.settle();
    expect(job.status.state).toBe('terminating');
    expect(pool.nodes.map(({ node }) => env.agent(node).begun.filter((name) => name.includes('release')).length).toSorted()).toEqual([0, 1, 1]);
    expect(job.states).toEqual({ completed: 2 });
    job.endOwn('release', used[0] ?? 0);
    expect(job.status.state).toBe('terminating');
    job.endOwn('release', used[1] ?? 0, 9);
    expect(job.status).toMatchObject({ state: 'completed', terminateReason: 'enough' });
    expect(job.on(used[1] ?? 0).release).toMatchObject({ state: 'completed', result: 'failure', exitCode: 9 });
    job.delete();
    env.settle();
    expect(env.jobs.has(job.number)).toBe(false);
    expect(env.sent('releaseJob')).toHaveLength(2);
  });

  test('does not begin while a task of the job still runs', () => {
    const { env, job, node, agent } = ran();
    job.endOwn('preparation', node);
    agent().goSilent();
    job.terminate();
    env.settle();
    expect(env.sent('releaseJob')).toEqual([]);
    agent().hello();
    env.settle();
    expect(agent().running.size).toBe(0);
    expect(env.sent('releaseJob')).toHaveLength(1);
  });

  test('runs when a job that is not completed is deleted; then the job goes, and what it left', () => {
    const { env, job, node } = ran();
    job.endOwn('preparation', node).delete();
    env.settle();
    expect(env.jobs.has(job.number)).toBe(true);
    job.endOwn('release', node);
    expect(env.jobs.has(job.number)).toBe(false);
    expect(env.jobNodes.size).toBe(0);
  });

  test('does not run where the preparation has failed, and kept the tasks away', () => {
    const { env, job, node } = ran();
    job.endOwn('preparation', node, 1).terminate();
    env.settle();
    expect(job.status.state).toBe('completed');
  });

  test('runs where the preparation has failed and tasks ran nonetheless', () => {
    const { env, job, node } = ran({ preparation: { waitForSuccess: false } });
    job.endOwn('preparation', node, 1).terminate();
    env.settle();
    expect(job.status.state).toBe('terminating');
    expect(job.endOwn('release', node).status.state).toBe('completed');
  });

  test('takes no slot: other jobs run beside it', () => {
    const { env, job, node } = ran();
    job.endOwn('preparation', node).terminate();
    env.settle();
    const other = env.job().task();
    env.settle();
    expect(other.state(1)).toBe('running');
    job.endOwn('release', node);
  });

  test('that was interrupted by the death of its node runs again in its next life', () => {
    const { env, job, node, agent } = ran();
    job.endOwn('preparation', node).terminate();
    env.settle();
    agent().die();
    env.pass(5_000);
    expect(agent().begun).toEqual([`${job.number}.release.2`]);
    expect(job.endOwn('release', node).status.state).toBe('completed');
  });

  test('goes on under the next owner, and is told again to a node that may have missed it', () => {
    const { env, job, node, agent } = ran();
    job.endOwn('preparation', node).run();
    agent().goSilent();
    job.terminate();
    env.settle();
    expect(job.status.state).toBe('terminating');
    env.restart().settle();
    expect(agent().begun).not.toContain(`${job.number}.release.1`);
    agent().hello();
    env.settle();
    expect(agent().begun).toContain(`${job.number}.release.1`);
    env.restart().settle();
    expect(job.endOwn('release', node).status.state).toBe('completed');
    expect(agent().begun).toHaveLength(2);
  });

  test('of a node that leaves is not waited for', () => {
    const { env, pool, job, node } = ran();
    job.endOwn('preparation', node).terminate();
    env.settle();
    expect(job.status.state).toBe('terminating');
    pool.resize(0);
    env.settle();
    expect(pool.nodes).toHaveLength(0);
    expect(job.status.state).toBe('completed');
    expect(job.on(node).preparation).toMatchObject({ state: 'completed' });
  });

  test('a node that has become unusable is not waited for, one that is away is', () => {
    const { env, job, node, agent } = ran();
    job.endOwn('preparation', node).run();
    agent().goSilent();
    job.terminate();
    env.settle();
    expect(job.status.state).toBe('terminating');
    agent().hello({ ready: false });
    agent().says({ kind: 'unusable', errors: [] });
    env.settle();
    expect(job.status.state).toBe('completed');
  });

  test('a job that ends by itself is terminating until it is over, and reads so from the commit of its end on', () => {
    const { job, node, agent } = ran({ job: { onAllTasksComplete: 'terminatejob' } });
    job.endOwn('preparation', node).run();
    expect(job.status).toMatchObject({ state: 'terminating', terminateReason: 'AllTasksComplete' });
    expect(agent().begun).toContain(`${job.number}.release.1`);
    expect(job.endOwn('release', node).status.state).toBe('completed');
  });

  test('does not begin before the end of a job by itself is known to hold', () => {
    const { env, job, node } = ran({ job: { onAllTasksComplete: 'terminatejob' } });
    job.endOwn('preparation', node).end(1);
    env.meanwhile(job, () => job.task());
    job.end(2);
    expect(job.status.state).toBe('active');
    expect(env.sent('releaseJob')).toEqual([]);
    expect(job.state(3)).toBe('running');
    job.end(3);
    expect(job.status.state).toBe('terminating');
    expect(job.endOwn('release', node).status.state).toBe('completed');
  });
});
