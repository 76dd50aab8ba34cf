import { describe, expect, test } from 'vitest';
import { sentenceOf, type Reason } from '../../src/core/reasons.ts';
import { testEnv } from './harness.ts';

function sentences(reasons: readonly Reason[] | null): readonly string[] {
  return (reasons ?? []).map(sentenceOf);
}

describe('why is my pool not at its target?', () => {
  test('it is', () => {
    const env = testEnv();
    const pool = env.pool({ nodes: 2 });
    env.settle();
    expect(sentences(env.explainPool(pool))).toEqual(['Pool pool has all 2 nodes that are asked for, and they take tasks.']);
  });

  test('its nodes do not start, each by name', () => {
    const env = testEnv();
    env.bootsByItself = false;
    const pool = env.pool({ nodes: 2 });
    env.settle();
    expect(env.explainPool(pool)?.map(({ code }) => code)).toEqual(['WaitingForNodes', 'NodeNotReady', 'NodeNotReady']);
  });

  test('there is no room for more', () => {
    const env = testEnv();
    env.apply({ kind: 'room', maxNodes: 1 });
    const pool = env.pool({ nodes: 3 });
    env.settle();
    expect(sentences(env.explainPool(pool))[0]).toMatch(/^Pool pool has 1 of 3 nodes ready; there is room for 1 node here; AllocationFailed: /);
  });

  test('nobody asked for nodes', () => {
    const env = testEnv();
    const pool = env.pool({ nodes: 0 });
    env.settle();
    expect(env.explainPool(pool)).toEqual([{ code: 'NoNodes', poolId: 'pool' }]);
  });
});

describe('why is my node idle?', () => {
  test('no task waits', () => {
    const env = testEnv();
    const pool = env.pool();
    env.settle();
    expect(env.explainNode(pool.node(0).node)).toEqual([{ code: 'NothingWaits', poolId: 'pool' }]);
  });

  test('it is not: it runs tasks in all of its slots', () => {
    const env = testEnv();
    const pool = env.pool({ slots: 2 });
    env.job().tasks(2);
    env.settle();
    expect(sentences(env.explainNode(pool.node(0).node))).toEqual(['Node ' + pool.node(0).id + ' runs 2 tasks in 2 of 2 slots.']);
  });

  test('the tasks that wait need more slots than it has free', () => {
    const env = testEnv();
    const pool = env.pool({ slots: 2 });
    env.job().task().tasks(2, { requiredSlots: 2 });
    env.settle();
    const { id } = pool.node(0);
    expect(sentences(env.explainNode(pool.node(0).node))).toEqual([`Node ${id} runs 1 task in 1 of 2 slots; 2 tasks wait there for slots.`]);
    env.job().tasks(20, { requiredSlots: 2 });
    env.settle();
    expect(env.explainNode(pool.node(0).node)?.map(({ code }) => code)).toEqual(['NodeBusy', 'NoFreeSlots']);
  });

  test('the tasks that wait never fit', () => {
    const env = testEnv();
    const pool = env.pool({ slots: 2 });
    env.job().task({ requiredSlots: 4 });
    env.settle();
    expect(env.explainNode(pool.node(0).node)).toMatchObject([{ code: 'TooManySlots', requiredSlots: 4, taskSlotsPerNode: 2 }]);
  });

  test('their job runs as many as it may', () => {
    const env = testEnv();
    const pool = env.pool({ nodes: 2 });
    env.job({ maxParallelTasks: 1 }).tasks(3);
    env.settle();
    const idle = [0, 1].map((index) => pool.node(index)).find(({ runningTasks }) => runningTasks === 0);
    expect(env.explainNode(idle?.node ?? 0)).toMatchObject([{ code: 'MaxParallelTasks', maxParallelTasks: 1 }]);
  });

  test('they wait for others', () => {
    const env = testEnv();
    const pool = env.pool({ nodes: 2 });
    env.job({ usesTaskDependencies: true }).task({ idKey: 'first' }).task({ dependsOn: { ids: ['first'], ranges: [] } });
    env.settle();
    const idle = [0, 1].map((index) => pool.node(index)).find(({ runningTasks }) => runningTasks === 0);
    expect(env.explainNode(idle?.node ?? 0)).toMatchObject([{ code: 'TasksBlocked', tasks: 1 }]);
  });
});
