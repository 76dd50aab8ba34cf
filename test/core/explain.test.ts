import { describe, expect, test } from 'vitest';
import { testEnv, type TestEnv, type TestJob } from './harness.ts';

const codes = (env: TestEnv, job: TestJob, task: number): string[] => env.explain(job, task).map(({ code }) => code);

describe('why is my task not running?', () => {
  test('its pool does not exist', () => {
    const env = testEnv();
    const job = env.job({ poolId: 'Typo' }).task();
    env.settle();
    expect(env.explain(job, 1)).toEqual([{ code: 'PoolNotFound', message: 'There is no pool Typo.' }]);
  });

  test('its pool has no nodes, and why', () => {
    const env = testEnv();
    env.pool({ unavailable: 'There are no Windows nodes here.' });
    const job = env.job().task();
    env.settle();
    const [reason] = env.explain(job, 1);
    expect(reason?.code).toBe('NoNodes');
    expect(reason?.message).toContain('There are no Windows nodes here.');
  });

  test('it needs more slots than a node has', () => {
    const env = testEnv();
    env.pool({ slots: 2 });
    const job = env.job().task({ requiredSlots: 3 });
    env.settle();
    expect(codes(env, job, 1)).toContain('TooManySlots');
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
    expect(codes(env, job, 1)).toEqual([...Array.from({ length: 5 }, () => 'NodeNotReady'), 'MoreNodes']);
  });

  test('it waits on a node behind others', () => {
    const env = testEnv();
    env.pool();
    const job = env.job().tasks(3);
    env.settle();
    expect(env.explain(job, 3)).toMatchObject([{ code: 'WaitingOnNode', message: expect.stringContaining('after 1 others') }]);
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
      { code: 'MaxParallelTasks', tasks: 3, example: 2 },
      { code: 'Running', tasks: 1, example: 1 },
    ]);
  });

  test('a job of more tasks than are looked at, and one that is not there', () => {
    const env = testEnv();
    const job = env.job({ poolId: 'Typo' }).tasks(1_500);
    env.settle();
    expect(env.explainJob(job)).toEqual({ open: 1_500, looked: 1_000, reasons: [{ code: 'PoolNotFound', message: 'There is no pool Typo.', tasks: 1_000, example: 1 }] });
    expect(env.core.explainJob(99, env.now)).toBeNull();
  });
});
