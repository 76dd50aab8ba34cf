import { describe, expect, test } from 'vitest';
import { testEnv } from './harness.ts';

describe('a task', () => {
  test('runs on a node of its pool and ends well', () => {
    const env = testEnv();
    const pool = env.pool();
    const job = env.job().task();
    env.settle();
    expect(pool.status).toMatchObject({ allocationState: 'steady', currentDedicated: 1, resizeErrors: [] });
    expect(pool.node(0)).toMatchObject({ state: 'running', runningTasks: 1, runningSlots: 1 });
    expect(job.of(1)).toMatchObject({ state: 'running', node: pool.node(0).node, attempt: 1, previousState: 'active' });
    expect(job.status.tasks).toEqual({ active: 0, running: 1, succeeded: 0, failed: 0 });
    env.now += 5000;
    job.end(1);
    expect(job.of(1)).toMatchObject({ state: 'completed', result: 'success', exitCode: 0, failure: null, previousState: 'running', endedAt: env.now });
    expect(job.status.tasks).toEqual({ active: 0, running: 0, succeeded: 1, failed: 0 });
    expect(pool.node(0)).toMatchObject({ state: 'idle', runningTasks: 0, totalTasksRun: 1, totalTasksSucceeded: 1 });
  });

  test('of ten, all run in the end', () => {
    const env = testEnv();
    env.pool({ slots: 4, nodes: 2 });
    const job = env.job().tasks(10);
    env.settle();
    expect(job.states).toEqual({ running: 8, offered: 2 });
    job.run();
    expect(job.states).toEqual({ completed: 10 });
    expect(job.status.tasks.succeeded).toBe(10);
  });
});
