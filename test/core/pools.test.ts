import { describe, expect, test } from 'vitest';
import { exited, testEnv } from './harness.ts';
import { Invariants } from './invariants.ts';

describe('a pool that grows', () => {
  test('is resizing until its nodes have been obtained, then steady', () => {
    const env = testEnv();
    env.bootsByItself = false;
    const pool = env.pool({ nodes: 2, targetLowPriority: 1 });
    env.tick();
    expect(pool.status).toMatchObject({ allocationState: 'resizing', allocationSince: env.now, resizeSequence: 1, targetDedicated: 2, targetLowPriority: 1, currentDedicated: 0, currentLowPriority: 0 });
    expect(pool.nodes.map(({ state, life, dedicated }) => [state, life, dedicated])).toEqual([['creating', 1, true], ['creating', 1, true], ['creating', 1, false]]);
    expect(pool.node(0).id).toMatch(/^tvmps_[0-9a-f]{64}_d$/);
    expect(pool.node(2).id).toMatch(/^tvmps_[0-9a-f]{64}_p$/);
    const [first, ...others] = pool.nodes.map(({ node }) => ({ kind: 'node', node, life: 1, observed: { kind: 'running' } }) as const);
    if (first === undefined) throw new Error('no node');
    env.apply(first);
    env.tick();
    expect(pool.status).toMatchObject({ allocationState: 'resizing', currentDedicated: 1 });
    env.now += 10;
    env.apply(...others);
    env.tick();
    expect(pool.status).toMatchObject({ allocationState: 'steady', allocationSince: env.now, currentDedicated: 2, currentLowPriority: 1 });
  });

  test('grows to the targets in its status, whatever was asked for before they stood there', () => {
    const env = testEnv();
    env.bootsByItself = false;
    const pool = env.pool({ nodes: 2 });
    env.tick();
    const row = env.pools.get(pool.number);
    if (row === undefined || row.status === null) throw new Error('the pool has no status');
    env.pools.set(pool.number, { ...row, status: { ...row.status, targetDedicated: 3, targetLowPriority: 1 } });
    env.restart().tick();
    expect(pool.nodes.map(({ dedicated }) => dedicated)).toEqual([true, true, true, false]);
    pool.resize(1);
    env.tick();
    expect(pool.status).toMatchObject({ targetDedicated: 1, targetLowPriority: 0 });
  });

  test('to nothing is steady at once', () => {
    const env = testEnv();
    const pool = env.pool({ nodes: 0 });
    env.tick();
    expect(pool.status).toMatchObject({ allocationState: 'steady', resizeErrors: [] });
  });

  test('stays short of its target when the provider fails, and says why; the next request clears that', () => {
    const env = testEnv();
    env.bootsByItself = false;
    const pool = env.pool({ nodes: 2 });
    env.tick();
    const [one, other] = pool.nodes;
    env.apply({ kind: 'node', node: one?.node ?? 0, life: 1, observed: { kind: 'running' } });
    env.apply({ kind: 'node', node: other?.node ?? 0, life: 1, observed: { kind: 'failed', reason: 'no machine left' } });
    env.settle();
    expect(pool.status).toMatchObject({
      allocationState: 'steady',
      currentDedicated: 1,
      resizeErrors: [{ code: 'AllocationFailed', message: 'Desired number of dedicated nodes could not be allocated', values: [{ name: 'Reason', value: 'no machine left' }] }],
    });
    expect(pool.nodes).toHaveLength(1);
    pool.resize(2);
    env.tick();
    expect(pool.status).toMatchObject({ allocationState: 'resizing', resizeErrors: [] });
    expect(pool.nodes).toHaveLength(2);
  });

  test('gives up what it has not got when the time is up', () => {
    const env = testEnv();
    env.bootsByItself = false;
    const pool = env.pool({ nodes: 2, resizeTimeoutMs: 300_000 });
    env.settle();
    env.apply({ kind: 'node', node: pool.node(0).node, life: 1, observed: { kind: 'running' } });
    env.pass(299_999);
    expect(pool.status.allocationState).toBe('resizing');
    env.pass(1);
    expect(pool.status).toMatchObject({ allocationState: 'steady', currentDedicated: 1 });
    expect(pool.status.resizeErrors).toEqual([
      { code: 'AllocationTimedout', message: 'Desired number of dedicated nodes could not be allocated as the resize timeout was reached' },
    ]);
    expect(pool.nodes).toHaveLength(1);
  });

  test('keeps what it has when it is stopped', () => {
    const env = testEnv();
    env.bootsByItself = false;
    const pool = env.pool({ nodes: 2 });
    env.settle();
    env.apply({ kind: 'node', node: pool.node(0).node, life: 1, observed: { kind: 'running' } });
    pool.stopResize();
    env.settle();
    expect(pool.status).toMatchObject({ allocationState: 'steady', currentDedicated: 1, stopSequence: 1, resizeErrors: [{ code: 'ResizeStopped', message: 'Desired number of dedicated nodes could not be allocated due to a stop resize operation' }] });
  });

  test('of nodes that can not be had here says so', () => {
    const env = testEnv();
    const pool = env.pool({ nodes: 1, targetLowPriority: 1, unavailable: 'There are no Windows nodes here.' });
    env.settle();
    expect(pool.status.allocationState).toBe('steady');
    expect(pool.status.resizeErrors.map(({ code, message, values }) => [code, message, values?.[0]?.value])).toEqual([
      ['AllocationFailed', 'Desired number of dedicated nodes could not be allocated', 'There are no Windows nodes here.'],
      ['AllocationFailed', 'Desired number of low priority nodes could not be allocated', 'There are no Windows nodes here.'],
    ]);
    pool.resize(0, { targetLowPriority: 0 });
    env.settle();
    expect(pool.status.resizeErrors).toEqual([]);
  });

  test('of more nodes than an account may have gets those it may, and says that there is a bound', () => {
    const env = testEnv();
    const other = env.pool({ id: 'other', nodes: 0, targetLowPriority: 2 });
    env.settle();
    const pool = env.pool({ nodes: 2_147_483_647, targetLowPriority: 2_147_483_647 });
    env.settle();
    expect(env.nodes.size).toBe(10_000);
    expect(other.status).toMatchObject({ currentLowPriority: 2, resizeErrors: [] });
    expect(pool.status).toMatchObject({
      allocationState: 'steady',
      currentDedicated: 9_998,
      currentLowPriority: 0,
      resizeErrors: [
        { code: 'AccountCoreQuotaReached', message: expect.stringContaining('at most 10000 nodes') },
        { code: 'AccountLowPriorityCoreQuotaReached', message: expect.stringContaining('at most 10000 nodes') },
      ],
    });
    pool.resize(10, { targetLowPriority: 0 });
    env.settle();
    expect(pool.status).toMatchObject({ allocationState: 'steady', currentDedicated: 10, resizeErrors: [] });
  });

  test('of more nodes than the provider has room for asks it only for those that fit, over all pools, and says why', () => {
    const env = testEnv();
    env.apply({ kind: 'room', maxNodes: 5 });
    env.pool({ id: 'other', nodes: 2 });
    env.settle();
    const pool = env.pool({ nodes: 100_000 });
    env.settle();
    expect(env.sent('acquire')).toHaveLength(5);
    expect(pool.status).toMatchObject({
      allocationState: 'steady',
      currentDedicated: 3,
      resizeErrors: [{ code: 'AllocationFailed', values: [{ name: 'Reason', value: 'All nodes that there is room for here are taken: 5.' }] }],
    });
  });

  test('says with the time that is up what the provider said that nodes wait for, of each kind its own, each reason once', () => {
    const env = testEnv();
    env.bootsByItself = false;
    const pool = env.pool({ nodes: 3, targetLowPriority: 1 });
    env.settle();
    const dedicated = pool.nodes.filter(({ dedicated }) => dedicated);
    const reasons = ['Nodes boot one at a time.', 'Nodes boot one at a time.', 'The queue is long.'];
    for (const [index, { node }] of dedicated.entries()) env.apply({ kind: 'node', node, life: 1, observed: { kind: 'pending', reason: reasons[index] ?? '' } });
    env.apply({ kind: 'node', node: dedicated[2]?.node ?? 0, life: 1, observed: { kind: 'running' } });
    env.pass(900_000);
    expect(pool.status).toMatchObject({ allocationState: 'steady', currentDedicated: 1 });
    expect(pool.status.resizeErrors).toEqual([
      {
        code: 'AllocationTimedout',
        message: 'Desired number of dedicated nodes could not be allocated as the resize timeout was reached',
        values: [{ name: 'Reason', value: 'Nodes boot one at a time.' }],
      },
      { code: 'AllocationTimedout', message: 'Desired number of low priority nodes could not be allocated as the resize timeout was reached' },
    ]);
  });

  test('goes on with its resize under another owner', () => {
    const env = testEnv();
    env.bootsByItself = false;
    const pool = env.pool({ nodes: 1 });
    env.settle();
    env.restart().settle();
    env.pass(900_000);
    expect(pool.status).toMatchObject({ allocationState: 'steady', resizeErrors: [{ code: 'AllocationTimedout' }] });
  });
});

describe('a pool that shrinks', () => {
  test('lets the broken go first, then the idle, then those with the fewest tasks', () => {
    const env = testEnv();
    const pool = env.pool({ nodes: 4, slots: 2, fillType: 'pack' });
    const job = env.job().tasks(3);
    env.settle();
    const busy = new Map(pool.nodes.map(({ node, runningTasks }) => [node, runningTasks]));
    const idle = [...busy].filter(([, tasks]) => tasks === 0).map(([node]) => node);
    const broken = idle[0] ?? 0;
    env.agent(broken).says({ kind: 'unusable', errors: [{ code: 'DiskFull', message: 'full' }] });
    env.settle();
    const left: number[] = [];
    for (const target of [3, 2, 1]) {
      const before = pool.nodes.map(({ node }) => node);
      pool.resize(target);
      env.settle();
      left.push(...before.filter((node) => !pool.nodes.some((other) => other.node === node)));
    }
    const tasksOf = (node: number): number | undefined => busy.get(node);
    expect(left[0]).toBe(broken);
    expect(left.slice(1).map(tasksOf)).toEqual([0, 1]);
    expect(job.status.tasks.running + job.status.tasks.active).toBe(3);
  });

  test('of nodes with as many tasks lets those go that lose least', () => {
    const env = testEnv();
    const pool = env.pool({ nodes: 3, fillType: 'spread' });
    env.settle();
    const job = env.job();
    const order = [1, 2, 3].map((task) => {
      job.task();
      env.pass(1_000);
      return job.of(task).node;
    });
    job.end(1);
    job.task();
    env.settle();
    expect(job.of(4).node, 'the oldest node has the youngest task').toBe(order[0]);
    pool.resize(1);
    env.settle();
    expect(pool.nodes.map(({ node }) => node)).toEqual([order[1]]);
  });

  test('to other targets before it is done works towards those alone', () => {
    const env = testEnv();
    const pool = env.pool({ nodes: 4 });
    const job = env.job().tasks(4);
    env.settle();
    pool.resize(1, { nodeDeallocation: 'taskcompletion' });
    env.settle();
    expect(pool.nodes.filter(({ state }) => state === 'leavingpool')).toHaveLength(3);
    // Stopped and resized again before the owner has looked.
    pool.stopResize().resize(3, { nodeDeallocation: 'taskcompletion' });
    env.settle();
    expect(pool.status).toMatchObject({ allocationState: 'resizing', targetDedicated: 3, resizeErrors: [] });
    for (const task of [1, 2, 3, 4]) job.end(task);
    env.settle();
    expect(pool.status).toMatchObject({ allocationState: 'steady', currentDedicated: 3, resizeErrors: [] });
    expect(pool.nodes.every(({ state }) => state === 'idle')).toBe(true);
    new Invariants(env).check();
  });

  test.each(['is silent', 'has still to find the new owner'])('keeps a node that works, though it %s, and lets an idle one go', (why) => {
    const env = testEnv();
    const pool = env.pool({ nodes: 2 });
    const job = env.job().task();
    env.settle();
    const busy = env.agent(job.of(1).node ?? 0);
    if (why === 'is silent') busy.goSilent();
    else {
      busy.up = false;
      env.restart();
    }
    pool.resize(1);
    env.settle();
    expect(pool.nodes.map(({ node }) => node)).toEqual([busy.node]);
    busy.hello();
    env.settle();
    expect(job.of(1)).toMatchObject({ state: 'running', requeueCount: 0 });
  });

  test('with requeue puts tasks back and counts that', () => {
    const env = testEnv();
    const pool = env.pool();
    const job = env.job().tasks(2);
    env.settle();
    pool.resize(0);
    env.tick();
    expect(pool.node(0).state).toBe('leavingpool');
    env.restart().settle();
    expect(pool.status).toMatchObject({ allocationState: 'steady', currentDedicated: 0, resizeErrors: [] });
    expect(job.of(1)).toMatchObject({ state: 'active', requeueCount: 1, cause: 'nodeRemoved' });
    expect(job.of(2)).toMatchObject({ state: 'active', requeueCount: 0 });
    expect([...env.nodes.values()]).toMatchObject([{ goneAt: env.now }]);
  });

  test('with terminate completes running tasks; offers go back', () => {
    const env = testEnv();
    const pool = env.pool();
    const job = env.job().tasks(2);
    env.settle();
    pool.resize(0, { nodeDeallocation: 'terminate' });
    env.settle();
    expect(job.of(1)).toMatchObject({ state: 'completed', failure: { code: 'TaskEnded' }, cause: 'nodeRemoved' });
    expect(job.of(2)).toMatchObject({ state: 'active', failure: null });
  });

  test('with taskcompletion waits for running tasks', () => {
    const env = testEnv();
    const pool = env.pool();
    const job = env.job().tasks(2);
    env.settle();
    pool.resize(0, { nodeDeallocation: 'taskcompletion' });
    env.settle();
    expect(pool.status).toMatchObject({ allocationState: 'resizing', currentDedicated: 1 });
    expect(job.states).toEqual({ running: 1, active: 1 });
    job.end(1, exited(0));
    expect(pool.status).toMatchObject({ allocationState: 'steady', currentDedicated: 0 });
    expect(job.of(1).result).toBe('success');
  });

  test('with retaineddata waits until the directories of its tasks may go', () => {
    const env = testEnv();
    const pool = env.pool({ resizeTimeoutMs: 10_000_000 });
    const job = env.job().task({ retentionMs: 600_000 });
    env.settle();
    job.end(1);
    env.pass(100_000);
    pool.resize(0, { nodeDeallocation: 'retaineddata' });
    env.settle();
    env.restart().settle();
    env.pass(499_999);
    expect(pool.nodes).toHaveLength(1);
    env.pass(1);
    expect(pool.nodes).toHaveLength(0);
    expect(pool.status.allocationState).toBe('steady');
  });

  test('with retaineddata keeps the node of a task whose directory was asked, while it ran, to stay for ages', () => {
    const env = testEnv();
    const pool = env.pool({ resizeTimeoutMs: 10_000_000 });
    const job = env.job().task({ retentionMs: 0 });
    env.settle();
    job.ask(1, { retentionMs: 2 ** 32 * 1000 });
    env.settle();
    job.end(1);
    pool.resize(0, { nodeDeallocation: 'retaineddata' });
    env.settle();
    expect(pool.nodes).toHaveLength(1);
  });

  test('and is stopped, or has no time left, keeps the nodes that wait for their tasks', () => {
    const env = testEnv();
    const pool = env.pool({ nodes: 1, resizeTimeoutMs: 300_000 });
    const job = env.job().tasks(2);
    env.settle();
    pool.resize(0, { nodeDeallocation: 'taskcompletion' });
    env.pass(300_000);
    expect(pool.status).toMatchObject({ allocationState: 'steady', currentDedicated: 1, resizeErrors: [{ code: 'AllocationTimedout' }] });
    expect(pool.node(0).state).toBe('running');
    job.end(1);
    expect(job.state(2)).toBe('running');
  });
});

describe('nodes that are removed', () => {
  test('leave, whatever they run, and others stay; the task goes back to the queue and runs elsewhere', () => {
    const env = testEnv();
    const pool = env.pool({ nodes: 3 });
    const job = env.job().task();
    env.settle();
    const busy = pool.nodes.findIndex(({ node }) => node === job.of(1).node);
    const others = pool.nodes.flatMap(({ node }, index) => (index === busy ? [] : [node]));
    pool.remove([busy]);
    env.tick();
    expect(pool.status).toMatchObject({ allocationState: 'resizing', targetDedicated: 2 });
    expect(pool.node(busy).state).toBe('leavingpool');
    env.restart().settle();
    expect(pool.status).toMatchObject({ allocationState: 'steady', currentDedicated: 2, resizeErrors: [] });
    expect(pool.nodes.map(({ node }) => node)).toEqual(others);
    expect(job.of(1)).toMatchObject({ state: 'running', requeueCount: 1 });
    expect(others).toContain(job.of(1).node);
  });

  test.each([
    ['taskcompletion', 'running'],
    ['retaineddata', 'running'],
    ['terminate', 'completed'],
    ['requeue', 'active'],
  ] as const)('with %s leave their task %s', (nodeDeallocation, state) => {
    const env = testEnv();
    const pool = env.pool();
    const job = env.job().task({ retentionMs: 0 });
    env.settle();
    pool.remove([0], { nodeDeallocation });
    env.settle();
    expect(job.state(1)).toBe(state);
    if (state === 'running') job.end(1);
    expect(pool.status).toMatchObject({ allocationState: 'steady', currentDedicated: 0, resizeErrors: [] });
  });

  test('and have left already are not missed: nothing is acquired', () => {
    const env = testEnv();
    const pool = env.pool({ nodes: 2 });
    env.settle();
    const { node } = pool.node(0);
    pool.remove([0]);
    env.settle();
    const acquired = env.sent('acquire').length;
    pool.resize(1, { removing: [node] });
    env.settle();
    expect(pool.status).toMatchObject({ allocationState: 'steady', currentDedicated: 1, resizeErrors: [] });
    expect(env.sent('acquire')).toHaveLength(acquired);
  });

  test('stay when the resize is stopped, with an error that says so', () => {
    const env = testEnv();
    const pool = env.pool({ nodes: 2 });
    const job = env.job().tasks(2);
    env.settle();
    pool.remove([0], { nodeDeallocation: 'taskcompletion' });
    env.settle();
    pool.stopResize();
    env.settle();
    expect(pool.status).toMatchObject({ allocationState: 'steady', currentDedicated: 2, targetDedicated: 1, resizeErrors: [{ code: 'ResizeStopped' }] });
    expect(job.states).toEqual({ running: 2 });
  });
});

describe('deleting a pool', () => {
  test('requeues what runs there, whatever the last resize said, and then it is gone', () => {
    const env = testEnv();
    const pool = env.pool({ nodes: 2, nodeDeallocation: 'terminate' });
    const job = env.job().tasks(2);
    env.settle();
    pool.delete();
    env.tick();
    expect(pool.nodes.map(({ state }) => state)).toEqual(['leavingpool', 'leavingpool']);
    env.restart().settle();
    expect(env.pools.has(pool.number)).toBe(false);
    expect(job.states).toEqual({ active: 2 });
    expect(job.of(1).requeueCount).toBe(1);
  });

  test.each(['taskcompletion', 'retaineddata'] as const)('requeues what an earlier resize was waiting for (%s)', (nodeDeallocation) => {
    const env = testEnv();
    const pool = env.pool();
    const job = env.job().task();
    env.settle();
    pool.resize(0, { nodeDeallocation });
    env.settle();
    expect(job.state(1)).toBe('running');
    pool.delete();
    env.settle();
    expect(env.pools.has(pool.number)).toBe(false);
    expect(job.of(1)).toMatchObject({ state: 'active', requeueCount: 1, cause: 'nodeRemoved' });
  });

  test('does not wait for data that an earlier resize was to retain', () => {
    const env = testEnv();
    const pool = env.pool();
    const job = env.job().task({ retentionMs: 600_000 });
    env.settle();
    job.end(1);
    pool.resize(0, { nodeDeallocation: 'retaineddata' });
    env.settle();
    expect(pool.node(0).state).toBe('leavingpool');
    pool.delete();
    env.settle();
    expect(env.pools.has(pool.number)).toBe(false);
  });

  test('while it is resizing ends the resize', () => {
    const env = testEnv();
    env.bootsByItself = false;
    const pool = env.pool({ nodes: 2 });
    env.settle();
    pool.delete();
    env.settle();
    expect(env.pools.has(pool.number)).toBe(false);
  });
});
