import { describe, expect, test } from 'vitest';
import { testEnv, type TestEnv, type TestJob } from './harness.ts';
import type { PoolIntent } from '../../src/core/intent.ts';

/** Jobs of these priorities, each with as many tasks as it has, that waited before there was a pool. */
function waiting(jobOrder: PoolIntent['jobOrder'], jobs: readonly { readonly priority?: number; readonly tasks: number }[]): { readonly env: TestEnv; readonly jobs: readonly TestJob[] } {
  const env = testEnv();
  const made = jobs.map(({ tasks, priority = 0 }) => env.job({ priority }).tasks(tasks));
  env.pool({ id: 'pool', jobOrder });
  env.settle();
  return { env, jobs: made };
}

/** The jobs, by their index, in the order in which their tasks run on the one slot. */
function order({ env, jobs }: ReturnType<typeof waiting>): string {
  let order = '';
  for (;;) {
    const index = jobs.findIndex((job) => job.inState('running').length > 0);
    const task = jobs[index]?.inState('running')[0];
    if (task === undefined) return order;
    order += index;
    jobs[index]?.end(task);
    env.settle();
  }
}

describe('jobs of equal priority', () => {
  test('take turns, a task each', () => {
    expect(order(waiting('none', [{ tasks: 2 }, { tasks: 4 }, { tasks: 1 }]))).toBe('0120111');
  });

  test('go one after the other by their age where the pool says so', () => {
    expect(order(waiting('creationtime', [{ tasks: 2 }, { tasks: 4 }, { tasks: 1 }]))).toBe('0011112');
  });

  test('come after those of higher priority, whichever way they are served', () => {
    const jobs = [{ tasks: 2 }, { tasks: 2, priority: 1 }, { tasks: 2, priority: 1 }, { tasks: 1 }];
    expect(order(waiting('none', jobs))).toBe('1212030');
    expect(order(waiting('creationtime', jobs))).toBe('1122003');
  });

  test('get as many of many slots, and what one has no use for goes to the others', () => {
    const env = testEnv();
    const jobs = [100, 100, 2].map((tasks) => env.job().tasks(tasks));
    env.pool({ slots: 12 });
    env.settle();
    expect(jobs.map((job) => job.states.running)).toEqual([5, 5, 2]);
  });

  test('go on behind the one that was served last', () => {
    const env = testEnv();
    const jobs = [20, 20, 20].map((tasks) => env.job().tasks(tasks));
    const pool = env.pool({ slots: 1 });
    env.settle();
    const given = (): number[] => jobs.map((job) => (job.states.running ?? 0) + (job.states.offered ?? 0));
    expect(given()).toEqual([2, 2, 1]);
    pool.resize(2);
    env.settle();
    expect(given()).toEqual([4, 3, 3]);
  });

  test('that run no more than so many tasks, or whose tasks are too wide, lose their turns and hold up nobody', () => {
    const env = testEnv();
    const limited = env.job({ maxParallelTasks: 1 }).tasks(5);
    const wide = env.job().tasks(3, { requiredSlots: 20 });
    const [one, other] = [env.job().tasks(10), env.job().tasks(10)];
    env.pool({ slots: 7 });
    env.settle();
    expect([limited, wide, one, other].map((job) => job.states.running ?? 0)).toEqual([1, 0, 3, 3]);
  });
});
