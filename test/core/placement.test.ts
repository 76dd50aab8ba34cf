import { describe, expect, test } from 'vitest';
import { testEnv, type TestPool } from './harness.ts';

function runningOn(pool: TestPool): number[] {
  return pool.nodes.map(({ runningTasks }) => runningTasks);
}

describe('tasks are placed', () => {
  test.each([65_537, 2_147_483_647])('of a task that needs %i slots never happens, and is counted as asked', (requiredSlots) => {
    const env = testEnv();
    env.pool({ slots: 4 });
    const job = env.job().task({ requiredSlots });
    env.settle();
    expect(job.state(1)).toBe('active');
    expect(job.status.slots).toMatchObject({ active: requiredSlots, running: 0 });
    expect(env.sent('offer')).toEqual([]);
    env.restart().settle();
    job.terminateTask(1);
    env.settle();
    expect(job.status.slots).toEqual({ active: 0, running: 0, succeeded: 0, failed: requiredSlots });
  });

  test('spread over the nodes', () => {
    const env = testEnv();
    const pool = env.pool({ slots: 4, nodes: 3, fillType: 'spread' });
    env.job().tasks(6);
    env.settle();
    expect(runningOn(pool)).toEqual([2, 2, 2]);
  });

  test('packed onto as few as will do', () => {
    const env = testEnv();
    const pool = env.pool({ slots: 4, nodes: 3, fillType: 'pack' });
    env.job().tasks(6);
    env.settle();
    expect(runningOn(pool).toSorted()).toEqual([0, 2, 4]);
  });

  test('by the slots they need', () => {
    const env = testEnv();
    const pool = env.pool({ slots: 4, nodes: 1 });
    const job = env.job().task({ requiredSlots: 3 }).task({ requiredSlots: 2 }).task({ requiredSlots: 1 });
    env.settle();
    expect(job.inState('running')).toEqual([1]);
    expect(pool.node(0).runningSlots).toBe(3);
    expect(job.status.slots).toEqual({ active: 3, running: 3, succeeded: 0, failed: 0 });
    job.run();
    expect(job.status.slots.succeeded).toBe(6);
  });

  test('near the node they name, if that costs nothing', () => {
    const env = testEnv();
    const pool = env.pool({ slots: 1, nodes: 3 });
    env.settle();
    const wanted = pool.node(1);
    const job = env.job().tasks(2, { affinity: `TVM:${wanted.id}` }).task({ affinity: 'anything else' });
    env.settle();
    expect(job.of(1).node).toBe(wanted.node);
    expect(job.states).toEqual({ running: 3 });
  });

  test('first come, first served within a job', () => {
    const env = testEnv();
    env.pool();
    const job = env.job().tasks(5);
    env.settle();
    const order: number[] = [];
    for (let round = 0; round < 5; round++) {
      const [task] = job.inState('running');
      order.push(task ?? 0);
      job.end(task ?? 0);
    }
    expect(order).toEqual([1, 2, 3, 4, 5]);
  });
});

describe('a wide task', () => {
  test('that never fits does not hold up the others', () => {
    const env = testEnv();
    env.pool({ slots: 2 });
    const job = env.job().task({ requiredSlots: 3 }).tasks(4);
    env.settle();
    job.run();
    expect(job.states).toEqual({ active: 1, completed: 4 });
  });

  test('is not starved by narrow ones that keep coming', () => {
    const env = testEnv();
    env.pool({ slots: 4 });
    const job = env.job().tasks(4).task({ requiredSlots: 4 }).tasks(20);
    env.settle();
    let ended = 0;
    while (job.state(5) !== 'running') {
      const [first] = job.inState('running');
      job.end(first ?? 0);
      job.task();
      env.settle();
      ended += 1;
      expect(ended).toBeLessThan(10);
    }
    expect(ended).toBe(4);
  });
});

describe('offers ahead', () => {
  test('of a higher priority take the place of others on all nodes alike, at once, so that none of lower priority starts before one', () => {
    const env = testEnv();
    const pool = env.pool({ slots: 4, nodes: 2 });
    const low = env.job().tasks(24);
    env.settle();
    const high = env.job({ priority: 1 }).tasks(8);
    env.tick();
    expect(high.inState('offered')).toHaveLength(8);
    expect(pool.nodes.map(({ offers }) => offers.filter(({ job }) => job === high.number).length)).toEqual([4, 4]);
    expect(low.inState('running')).toHaveLength(8);
  });

  test('keep a node busy without asking, and are made only when no slot is free', () => {
    const env = testEnv();
    const pool = env.pool({ slots: 2, nodes: 2 });
    const job = env.job().tasks(4);
    env.settle();
    expect(job.states).toEqual({ running: 4 });
    job.tasks(100);
    env.settle();
    expect(job.states).toEqual({ running: 4, offered: 8, active: 92 });
    expect(pool.nodes.map(({ node }) => env.agent(node).offers.length)).toEqual([4, 4]);
  });

  test('are more where tasks are short, up to a bound', () => {
    const env = testEnv();
    const pool = env.pool({ slots: 2 });
    const job = env.job().tasks(200);
    env.settle();
    const waiting: number[] = [];
    for (const tookMs of [1000, ...Array.from({ length: 40 }, () => 10)]) {
      env.now += tookMs;
      const [first] = job.inState('running');
      job.end(first ?? 0);
      waiting.push(pool.agent(0).offers.length);
    }
    expect(waiting[0]).toBe(4);
    expect(waiting.at(-1)).toBeGreaterThan(4);
    for (let round = 0; round < 60; round++) job.end(job.inState('running')[0] ?? 0);
    expect(pool.agent(0).offers).toHaveLength(32);
  });

  test('go past a node where enough waits to one whose tasks are shorter', () => {
    const env = testEnv();
    const pool = env.pool({ slots: 1, nodes: 2 });
    const job = env.job().tasks(200);
    env.settle();
    const quick = pool.node(1).node;
    for (let round = 0; round < 10; round++) {
      env.now += 1;
      job.end(job.inState('running').find((task) => job.of(task).node === quick) ?? 0);
    }
    expect([pool.agent(0).offers.length, pool.agent(1).offers.length]).toEqual([4, 32]);
  });

  test('of a node that is behind go to one that is idle', () => {
    const env = testEnv();
    const pool = env.pool({ slots: 2, nodes: 1 });
    const job = env.job().tasks(6);
    env.settle();
    expect(job.states).toEqual({ running: 2, offered: 4 });
    pool.resize(2);
    env.settle();
    expect(runningOn(pool)).toEqual([2, 0]);
    env.pass(50);
    expect(runningOn(pool)).toEqual([2, 2]);
    expect(env.sent('revoke')).toHaveLength(2);
    expect(job.inState('offered')).toHaveLength(2);
    env.pass(1000);
    expect(env.sent('revoke')).toHaveLength(2);
    expect(job.status.tasks).toEqual({ active: 2, running: 4, succeeded: 0, failed: 0 });
  });

  test('that start before they can be taken back stay where they are', () => {
    const env = testEnv();
    const pool = env.pool({ slots: 1, nodes: 1 });
    const job = env.job().tasks(2);
    env.settle();
    pool.resize(2);
    env.settle();
    env.now += 50;
    const { commands } = env.tick();
    expect(commands).toMatchObject([{ kind: 'revoke', key: { task: 2 } }]);
    pool.agent(0).finish(job.number, 1, { kind: 'exited', exitCode: 0 });
    env.settle();
    expect(job.of(2)).toMatchObject({ state: 'running', attempt: 1, node: pool.node(0).node });
    for (const command of commands) pool.agent(0).told(command);
    env.restart().settle();
    env.pass(60_000);
    expect(job.states).toEqual({ completed: 1, running: 1 });
  });

  test('are never made to a node that is leaving', () => {
    const env = testEnv();
    const pool = env.pool({ slots: 1, nodes: 2 });
    const job = env.job().tasks(8);
    env.settle();
    pool.resize(1, { nodeDeallocation: 'taskcompletion' });
    env.settle();
    const leaving = pool.nodes.find(({ state }) => state === 'leavingpool');
    expect(env.agent(leaving?.node ?? 0).offers).toEqual([]);
    expect(job.states.running).toBe(2);
  });
});
