import { describe, expect, test } from 'vitest';
import { exited, testEnv, type TestEnv, type TestJob } from './harness.ts';

const DAY_MS = 24 * 3_600_000;
const LIFETIME_MS = 180 * DAY_MS;

/** One slot; the job is ten days older than its tasks. */
function begun(tasks: number): { readonly env: TestEnv; readonly job: TestJob } {
  const env = testEnv();
  env.pool();
  const job = env.job({ usesTaskDependencies: true, maxTaskRetryCount: -1 });
  env.pass(10 * DAY_MS);
  job.tasks(tasks);
  env.settle();
  return { env, job };
}

describe('180 days after its addition', () => {
  test('a task that runs is ended, and says why', () => {
    const { env, job } = begun(1);
    env.pass(LIFETIME_MS - 1);
    expect(job.state(1)).toBe('running');
    env.pass(1);
    expect(job.of(1)).toMatchObject({ state: 'completed', result: 'failure', cause: 'overTime', retryCount: 0, failure: { code: 'TaskEnded', details: [{ value: expect.stringContaining('180 days') }] } });
  });

  test('one that waits, in its queue or on a node, stays active and never runs; explain says so', () => {
    const { env, job } = begun(20);
    env.pass(LIFETIME_MS);
    env.pass(DAY_MS);
    expect(job.states).toEqual({ completed: 1, active: 19 });
    expect(env.explain(job, 20)).toMatchObject([{ code: 'OverTime', days: 180 }]);
    job.task();
    env.settle();
    expect(job.state(21)).toBe('running');
  });

  test('one that was blocked does not run when what it depends on is satisfied', () => {
    const { env, job } = begun(0);
    job.task({ dependsOn: { ids: ['late'], ranges: [] } });
    env.pass(LIFETIME_MS);
    job.task({ idKey: 'late' });
    env.settle();
    job.end(2);
    env.pass(DAY_MS);
    expect(job.states).toEqual({ completed: 1, active: 1 });
  });

  test('one that fails is not tried again, and one that is made active again does not run', () => {
    const { env, job } = begun(1);
    env.pass(LIFETIME_MS - 1);
    job.patch({ maxTaskRetryCount: 0 });
    job.end(1, exited(1));
    env.pass(1);
    job.reactivate(1);
    env.pass(DAY_MS);
    expect(job.states).toEqual({ active: 1 });
  });

  test('it is the same to an owner that comes later', () => {
    const { env, job } = begun(2);
    const away = env.agent(job.of(1).node ?? 0);
    away.goSilent();
    env.now += LIFETIME_MS;
    env.restart().settle();
    expect(job.states).toEqual({ running: 1, offered: 1 });
    away.hello();
    env.settle();
    expect(job.states).toEqual({ completed: 1, active: 1 });
  });

  test('each of the tasks of a job ends at its own time', () => {
    const env = testEnv();
    env.pool({ slots: 3 });
    const job = env.job();
    for (let task = 0; task < 3; task += 1) {
      job.task();
      env.pass(DAY_MS);
    }
    env.pass(LIFETIME_MS - 3 * DAY_MS);
    expect(job.states).toEqual({ completed: 1, running: 2 });
    env.pass(DAY_MS);
    expect(job.states).toEqual({ completed: 2, running: 1 });
    env.pass(DAY_MS);
    expect(job.states).toEqual({ completed: 3 });
  });
});
