import { describe, expect, test } from 'vitest';
import type { JobIntent } from '../../src/core/intent.ts';
import { testEnv, TestPool, type TestEnv } from './harness.ts';
import { addSchedule } from './scheduleHarness.ts';

const HOUR = 3_600_000;
const GUID = '[0-9A-F]{8}-[0-9A-F]{4}-4[0-9A-F]{3}-8[0-9A-F]{3}-[0-9A-F]{12}';
const AUTO: Partial<JobIntent> = { poolId: '', autoPool: { lifetime: 'job', prefix: '' } };
const SHARED: Partial<JobIntent> = { poolId: '', autoPool: { lifetime: 'jobschedule', prefix: 'night' } };

/** The auto pools that are there, in the order in which they were made. */
function pools(env: TestEnv): TestPool[] {
  return [...env.pools].flatMap(([number, { intent }]) => (intent.id.startsWith('pool') ? [] : [new TestPool(env, number)]));
}

function onlyPool(env: TestEnv): TestPool {
  const [pool] = pools(env);
  if (pool === undefined || pools(env).length > 1) throw new Error(`there are ${pools(env).length} auto pools`);
  return pool;
}

describe('the auto pool of a job', () => {
  test.each([
    ['', new RegExp(`^${GUID}$`)],
    ['Hello', new RegExp(`^Hello_${GUID}$`)],
  ])('is made with the job, named with the prefix %j, and runs its tasks', (prefix, form) => {
    const env = testEnv();
    const job = env.job({ ...AUTO, autoPool: { lifetime: 'job', prefix } }).tasks(2);
    env.settle();
    const pool = onlyPool(env);
    expect(pool.row.intent).toMatchObject({ id: expect.stringMatching(form), isAuto: true });
    expect(job.status).toMatchObject({ state: 'active', autoPoolId: pool.row.intent.id, schedulingError: null });
    job.run();
    expect(job.states).toEqual({ completed: 2 });
  });

  test('is another one for each job, also of jobs that come together', () => {
    const env = testEnv();
    env.random = () => 0.5;
    const jobs = [1, 2, 3].map(() => env.job(AUTO));
    env.settle();
    expect(new Set(jobs.map((job) => job.status.autoPoolId)).size).toBe(3);
    expect(pools(env)).toHaveLength(3);
  });

  test.each(['terminated', 'ended by itself', 'deleted'] as const)('goes when the job is %s', (how) => {
    const env = testEnv();
    const job = env.job(AUTO).tasks(1);
    env.settle();
    job.run();
    if (how === 'terminated') job.terminate();
    if (how === 'deleted') job.delete();
    if (how === 'ended by itself') job.patch({ onAllTasksComplete: 'terminatejob' });
    env.settle();
    expect(pools(env)).toEqual([]);
    expect([...env.nodes.values()].every(({ goneAt }) => goneAt !== null)).toBe(true);
  });

  test('stays with a job whose end by itself was refused', () => {
    const env = testEnv();
    const job = env.job(AUTO).tasks(1);
    env.settle();
    job.patch({ onAllTasksComplete: 'terminatejob' });
    env.meanwhile(job, () => job.tasks(1));
    job.end(1);
    expect([job.status.state, pools(env).length]).toEqual(['active', 1]);
    job.end(2);
    env.settle();
    expect([job.status.state, pools(env)]).toEqual(['completed', []]);
  });

  test('that is to be kept stays when the job is over, whoever asks for that in time', () => {
    const env = testEnv();
    const kept = env.addJob(AUTO, { keepAlive: true });
    env.settle();
    kept.terminate();
    env.settle();
    expect(onlyPool(env).row.intent.isAuto).toBe(false);
    onlyPool(env).delete();
    const job = env.job(AUTO);
    env.settle();
    onlyPool(env).ask({ isAuto: false });
    job.terminate();
    env.settle();
    expect(pools(env)).toHaveLength(1);
  });

  test('goes if the job is deleted while the pool is resized, or before it has come', () => {
    const env = testEnv();
    env.bootsByItself = false;
    const resizing = env.addJob(AUTO, { pool: { targetDedicated: 3 } });
    env.settle();
    expect(onlyPool(env).status.allocationState).toBe('resizing');
    resizing.delete();
    env.settle();
    expect(pools(env)).toEqual([]);
    const early = env.job(AUTO);
    early.delete();
    env.settle();
    expect(pools(env)).toEqual([]);
    const hasty = env.job(AUTO);
    env.tick();
    hasty.terminate();
    env.settle();
    expect([hasty.status.state, pools(env)]).toEqual(['completed', []]);
  });

  test.each([0, 1, 2])('is made once and goes once, whoever owns the account then (restart after %i ticks)', (ticks) => {
    const env = testEnv();
    const job = env.job(AUTO).tasks(1);
    for (let tick = 0; tick < ticks; tick += 1) env.tick();
    env.restart().settle();
    const pool = onlyPool(env);
    job.run();
    job.terminate();
    for (let tick = 0; tick < ticks; tick += 1) env.tick();
    env.restart().settle();
    expect([pools(env), env.pools.has(pool.number)]).toEqual([[], false]);
  });

  test('is asked once to go, whatever comes of its nodes until it does', () => {
    const env = testEnv();
    env.bootsByItself = false;
    const job = env.addJob(AUTO, { pool: { targetDedicated: 4 } });
    env.settle();
    job.terminate();
    const asked = env.nodesOf(onlyPool(env)).flatMap(({ node, life }) => {
      env.apply({ kind: 'node', node, life, observed: { kind: 'running' } });
      return env.core.decide(env.now, env.random).requests ?? [];
    });
    expect(asked).toEqual([{ kind: 'deleteAutoPool', pool: onlyPool(env).number }]);
  });

  test('that a client has deleted is not made again, and a pool of a client under its name is left alone', () => {
    const env = testEnv();
    const job = env.job(AUTO).tasks(1);
    env.settle();
    const { id } = onlyPool(env).row.intent;
    onlyPool(env).delete();
    env.settle();
    expect(env.explain(job, 1)).toEqual([{ code: 'PoolNotFound', poolId: id, deleting: false }]);
    env.pool({ id, nodes: 1 });
    env.settle();
    job.run();
    job.terminate();
    env.settle();
    expect(onlyPool(env).row.intent.deletedAt).toBeNull();
  });

  test('goes when the job is moved to a pool that it names', () => {
    const env = testEnv();
    const named = env.pool();
    const job = env.job(AUTO).tasks(1);
    env.settle();
    job.disable('requeue');
    env.settle();
    job.patch({ poolId: named.row.intent.id, autoPool: null });
    job.enable();
    env.settle();
    expect(pools(env)).toEqual([]);
    expect(job.states).toEqual({ running: 1 });
  });
});

describe('an auto pool that cannot be made', () => {
  const refusal = { category: 'UserError', code: 'InvalidCertificatesInAutoPool', message: 'no', details: [] } as const;

  test('completes its job at once, and says why', () => {
    const env = testEnv();
    const job = env.job({ ...AUTO, autoPool: { lifetime: 'job', prefix: 'x', refusal } }).tasks(1);
    env.settle();
    expect(job.status).toMatchObject({ state: 'completed', previousState: 'active', endedAt: env.now, terminateReason: null, schedulingError: refusal, autoPoolId: expect.stringMatching(/^x_/) });
    expect(pools(env)).toEqual([]);
    expect(env.explain(job, 1)).toEqual([{ code: 'NotScheduled', jobId: `job-${job.number}`, poolId: job.status.autoPoolId, error: refusal }]);
  });

  test('for want of room for pools says so; those that are on their way count', () => {
    const env = testEnv();
    env.pool();
    env.apply({ kind: 'room', maxNodes: null, maxPools: 2 });
    const [first, second] = [env.job(AUTO), env.job(AUTO)];
    env.settle();
    expect([first.status.state, second.status.state]).toEqual(['active', 'completed']);
    expect(second.status.schedulingError).toMatchObject({ category: 'UserError', code: 'AutoPoolCreationFailedWithQuotaReached' });
    first.terminate();
    env.settle();
    const third = env.job(AUTO);
    env.settle();
    expect(third.status.state).toBe('active');
  });

  test('lets a schedule go on with its next job', () => {
    const env = testEnv();
    const schedule = addSchedule(env, { recurrenceMs: HOUR }, { ...AUTO, autoPool: { lifetime: 'job', prefix: '', refusal } });
    env.pass(HOUR);
    expect([schedule.status.state, schedule.states]).toEqual(['active', ['completed', 'completed']]);
  });
});

describe('auto pools of a schedule', () => {
  test('are one for each job if they live as long as the job', () => {
    const env = testEnv();
    const schedule = addSchedule(env, { recurrenceMs: HOUR }, AUTO);
    env.settle();
    const { number } = onlyPool(env);
    schedule.lastJob.terminate();
    env.settle();
    expect(pools(env)).toEqual([]);
    env.pass(HOUR);
    expect(onlyPool(env).number).not.toBe(number);
  });

  test('are one for all if it lives as long as the schedule: made with the first job, gone with the schedule', () => {
    const env = testEnv();
    const schedule = addSchedule(env, { recurrenceMs: HOUR, doNotRunUntil: 1_000_000 + HOUR }, SHARED);
    env.settle();
    expect(pools(env)).toEqual([]);
    env.pass(HOUR);
    const pool = onlyPool(env);
    expect([schedule.status.autoPoolId, schedule.lastJob.status.autoPoolId]).toEqual([pool.row.intent.id, pool.row.intent.id]);
    schedule.lastJob.terminate();
    env.restart().pass(HOUR);
    expect(schedule.states).toEqual(['completed', 'active']);
    expect([onlyPool(env).number, schedule.lastJob.status.autoPoolId]).toEqual([pool.number, pool.row.intent.id]);
    schedule.act('terminate');
    env.settle();
    expect([schedule.status.state, pools(env)]).toEqual(['completed', []]);
  });

  test('that a client has deleted are made anew with the next job', () => {
    const env = testEnv();
    const schedule = addSchedule(env, { recurrenceMs: HOUR }, SHARED);
    env.settle();
    const former = onlyPool(env);
    former.delete();
    schedule.lastJob.terminate();
    env.pass(HOUR);
    expect(onlyPool(env).number).not.toBe(former.number);
    expect(schedule.status.autoPoolId).toBe(onlyPool(env).row.intent.id);
  });

  test('that are being deleted take no new job', () => {
    const env = testEnv();
    const schedule = addSchedule(env, { recurrenceMs: HOUR }, SHARED);
    env.settle();
    const former = onlyPool(env);
    schedule.lastJob.terminate();
    env.settle();
    former.delete();
    env.now += HOUR;
    // Nobody obeys: its node stays, and so does the pool.
    for (let tick = 0; tick < 3; tick += 1) env.tick();
    const [stays, next] = pools(env);
    expect([stays?.number, schedule.lastJob.status.autoPoolId]).toEqual([former.number, next?.row.intent.id]);
    expect(next?.row.intent.id).not.toBe(former.row.intent.id);
  });

  test('go with a schedule that is deleted, and stay if they are to be kept', () => {
    const env = testEnv();
    for (const keepAlive of [false, true]) {
      const schedule = addSchedule(env, { recurrenceMs: HOUR }, SHARED, { keepAlive });
      env.settle();
      schedule.ask({ deletedAt: env.now });
      env.settle();
      expect([schedule.isGone, pools(env).length]).toEqual([true, Number(keepAlive)]);
    }
  });
});
