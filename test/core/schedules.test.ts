import { describe, expect, test } from 'vitest';
import { testEnv } from './harness.ts';
import { addSchedule, type TestSchedule } from './scheduleHarness.ts';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const T0 = 1_000_000;

/** Ends the last job as a client would. */
function endJob(schedule: TestSchedule): void {
  schedule.lastJob.terminate('done');
  schedule.env.settle();
}

function ids(schedule: TestSchedule): string[] {
  return schedule.jobs.map((job) => schedule.env.jobs.get(job.number)?.intent.id ?? '');
}

describe('a schedule that recurs', () => {
  test('makes its first job at once, and names its jobs by number', () => {
    const env = testEnv();
    const schedule = addSchedule(env, { id: 'Nightly', recurrenceMs: HOUR });
    env.settle();
    expect(ids(schedule)).toEqual(['Nightly:job-1']);
    expect(schedule.status).toMatchObject({ state: 'active', runs: 1, lastDue: T0, due: T0 + HOUR });
    endJob(schedule);
    env.pass(HOUR);
    expect(ids(schedule)).toEqual(['Nightly:job-1', 'Nightly:job-2']);
  });

  test('makes no job while one is active, and the next one as soon as that is over, if that is within its interval', () => {
    const env = testEnv();
    const schedule = addSchedule(env, { recurrenceMs: HOUR });
    env.pass(HOUR + 20 * MINUTE);
    expect(ids(schedule)).toHaveLength(1);
    endJob(schedule);
    expect(schedule.states).toEqual(['completed', 'active']);
    expect(schedule.status).toMatchObject({ lastDue: T0 + HOUR, due: T0 + 2 * HOUR });
  });

  test('does not pile up jobs that became due while one was active', () => {
    const env = testEnv();
    const schedule = addSchedule(env, { recurrenceMs: HOUR });
    env.pass(3 * HOUR + 20 * MINUTE);
    endJob(schedule);
    expect(schedule.states).toEqual(['completed', 'active']);
    expect(schedule.status).toMatchObject({ lastDue: T0 + 3 * HOUR, due: T0 + 4 * HOUR });
    endJob(schedule);
    env.pass(39 * MINUTE);
    expect(schedule.jobs).toHaveLength(2);
    env.pass(MINUTE);
    expect(schedule.jobs).toHaveLength(3);
  });

  test.each([
    [5 * MINUTE, 2],
    [5 * MINUTE + 1, 1],
  ])('with a window of five minutes makes a job whose predecessor ended %i ms after it was due, or waits for the next time', (late, jobs) => {
    const env = testEnv();
    const schedule = addSchedule(env, { recurrenceMs: HOUR, startWindowMs: 5 * MINUTE });
    env.pass(HOUR + late);
    endJob(schedule);
    expect(schedule.jobs).toHaveLength(jobs);
    expect(schedule.status.due).toBe(T0 + 2 * HOUR);
    env.pass(HOUR - late);
    if (jobs === 1) expect(schedule.jobs).toHaveLength(2);
  });

  test('with a window as long as its interval or longer takes any time of it', () => {
    const env = testEnv();
    const schedule = addSchedule(env, { recurrenceMs: HOUR, startWindowMs: 5 * HOUR });
    env.pass(2 * HOUR - 1);
    endJob(schedule);
    expect(schedule.jobs).toHaveLength(2);
  });

  test('begins when it is told to, and ends after the time it is told', () => {
    const env = testEnv();
    const schedule = addSchedule(env, { recurrenceMs: HOUR, doNotRunUntil: T0 + 30 * MINUTE, doNotRunAfter: T0 + 90 * MINUTE });
    env.settle();
    expect([schedule.jobs.length, schedule.status.due]).toEqual([0, T0 + 30 * MINUTE]);
    env.pass(30 * MINUTE);
    endJob(schedule);
    env.pass(HOUR - 1);
    expect(schedule.jobs).toHaveLength(1);
    env.pass(1);
    expect([schedule.jobs.length, schedule.status.due]).toEqual([2, null]);
    env.pass(HOUR);
    expect(schedule.status.state).toBe('active');
    endJob(schedule);
    expect(schedule.status).toMatchObject({ state: 'completed', endedAt: env.now, previousState: 'active' });
  });

  test('completes when its time is over though no job is due any more', () => {
    const env = testEnv();
    const schedule = addSchedule(env, { recurrenceMs: HOUR, doNotRunAfter: T0 + 30 * MINUTE });
    env.settle();
    endJob(schedule);
    env.pass(30 * MINUTE);
    expect(schedule.status.state).toBe('active');
    env.pass(1);
    expect(schedule.status).toMatchObject({ state: 'completed', endedAt: T0 + 30 * MINUTE + 1 });
  });

  test('whose job is deleted goes on with the next one', () => {
    const env = testEnv();
    const schedule = addSchedule(env, { recurrenceMs: HOUR });
    env.settle();
    schedule.lastJob.delete();
    env.pass(HOUR);
    expect(ids(schedule)).toEqual([`s${schedule.number}:job-2`]);
  });

  test('that was made for a time that is past begins when it is made', () => {
    const env = testEnv();
    const schedule = addSchedule(env, { recurrenceMs: HOUR, startWindowMs: MINUTE, doNotRunUntil: T0 - 30 * MINUTE });
    env.settle();
    expect(schedule.status).toMatchObject({ runs: 1, due: T0 + HOUR });
  });
});

describe('a schedule without recurrence', () => {
  test('makes one job, and is complete with it', () => {
    const env = testEnv();
    const schedule = addSchedule(env);
    env.pass(HOUR);
    expect(schedule.status).toMatchObject({ state: 'active', runs: 1, due: null });
    endJob(schedule);
    expect(schedule.status).toMatchObject({ state: 'completed', endedAt: env.now });
    env.pass(HOUR);
    expect(schedule.jobs).toHaveLength(1);
  });

  test('waits for its job where that ends by itself and the end may still be refused', () => {
    const env = testEnv();
    const schedule = addSchedule(env, {}, { onAllTasksComplete: 'terminatejob' });
    env.settle();
    expect(schedule.states).toEqual(['completed']);
    expect(schedule.status.state).toBe('completed');
  });

  test('that was away for its whole window ends without a job', () => {
    const env = testEnv();
    const schedule = addSchedule(env, { doNotRunUntil: T0 + HOUR, startWindowMs: MINUTE });
    env.settle();
    env.now += 2 * HOUR;
    env.restart().settle();
    expect(schedule.status).toMatchObject({ state: 'completed', runs: 0 });
  });
});

describe('a job of a schedule', () => {
  test('whose end by itself was refused is not followed by another one', () => {
    const env = testEnv();
    const pool = env.pool();
    const schedule = addSchedule(env, { recurrenceMs: HOUR }, { poolId: pool.row.intent.id });
    env.settle();
    const job = schedule.lastJob.tasks(1);
    env.settle();
    env.pass(HOUR);
    job.patch({ onAllTasksComplete: 'terminatejob' });
    env.meanwhile(job, () => job.tasks(1));
    job.end(1);
    env.settle();
    expect(schedule.states).toEqual(['active']);
    job.end(2);
    env.settle();
    expect(schedule.states).toEqual(['completed', 'active']);
  });

  test.each(['none', 'before the job is known', 'after it is'] as const)('is made once, whoever owns the account then (restart: %s)', (when) => {
    const env = testEnv();
    const schedule = addSchedule(env, { recurrenceMs: HOUR });
    if (when === 'before the job is known') {
      env.tick();
      env.restart();
    }
    env.settle();
    if (when === 'after it is') env.restart().settle();
    env.pass(10 * MINUTE);
    expect(schedule.states).toEqual(['active']);
    endJob(schedule);
    env.restart().pass(50 * MINUTE);
    expect(schedule.states).toEqual(['completed', 'active']);
  });

  test('that became due while nobody owned the account is made when somebody does, the latest alone', () => {
    const env = testEnv();
    const schedule = addSchedule(env, { recurrenceMs: HOUR, startWindowMs: 30 * MINUTE });
    env.settle();
    endJob(schedule);
    env.now += 5 * HOUR + 10 * MINUTE;
    env.restart().settle();
    expect(schedule.status).toMatchObject({ runs: 2, lastDue: T0 + 5 * HOUR, due: T0 + 6 * HOUR });
    endJob(schedule);
    env.now += HOUR + 30 * MINUTE;
    env.restart().settle();
    expect(schedule.status).toMatchObject({ runs: 2, lastDue: T0 + 6 * HOUR, due: T0 + 7 * HOUR });
  });
});

describe('a schedule that is', () => {
  test('disabled makes no jobs, and lets its job go on; enabled again, what is due and not too late', () => {
    const env = testEnv();
    const schedule = addSchedule(env, { recurrenceMs: HOUR, startWindowMs: 10 * MINUTE });
    env.settle();
    schedule.act('disable');
    env.settle();
    expect(schedule.status).toMatchObject({ state: 'disabled', previousState: 'active', actionSequence: 1 });
    expect(schedule.states).toEqual(['active']);
    endJob(schedule);
    env.pass(HOUR + 5 * MINUTE);
    expect(schedule.jobs).toHaveLength(1);
    schedule.act('enable');
    env.settle();
    expect([schedule.status.state, schedule.states]).toEqual(['active', ['completed', 'active']]);
    endJob(schedule);
    schedule.act('disable');
    env.pass(HOUR + 15 * MINUTE);
    schedule.act('enable');
    env.settle();
    expect([schedule.jobs.length, schedule.status.due]).toEqual([2, T0 + 3 * HOUR]);
  });

  test.each(['active', 'disabled'] as const)('terminated while %s ends its job, says why, and completes with it', (state) => {
    const env = testEnv();
    const pool = env.pool();
    const schedule = addSchedule(env, { recurrenceMs: HOUR }, { poolId: pool.row.intent.id });
    env.settle();
    const job = schedule.lastJob.tasks(1);
    env.settle();
    if (state === 'disabled') schedule.act('disable');
    schedule.act('terminate');
    env.settle();
    expect(job.status).toMatchObject({ state: 'completed', previousState: 'terminating', terminateReason: 'TerminateJobSchedule' });
    expect(schedule.status).toMatchObject({ state: 'completed', previousState: 'terminating', endedAt: env.now, due: null });
    env.pass(HOUR);
    expect(schedule.jobs).toHaveLength(1);
  });

  test.each(['terminate', 'delete'] as const)('forced to end by %s waits for no node of its job', (how) => {
    const env = testEnv();
    const pool = env.pool();
    const schedule = addSchedule(env, { recurrenceMs: HOUR }, { poolId: pool.row.intent.id });
    env.settle();
    schedule.lastJob.tasks(1);
    env.settle();
    env.agents.clear();
    schedule.act('terminate');
    env.settle();
    expect([schedule.status.state, schedule.states]).toEqual(['terminating', ['terminating']]);
    schedule.ask({ action: { kind: 'terminate', force: true }, actionSequence: 2, ...(how === 'delete' ? { deletedAt: env.now } : {}) });
    env.settle();
    if (how === 'delete') expect([schedule.isGone, schedule.jobs]).toEqual([true, []]);
    else expect([schedule.status.state, schedule.states]).toEqual(['completed', ['completed']]);
  });

  test('terminated before its job has come ends that as well', () => {
    const env = testEnv();
    const schedule = addSchedule(env, { recurrenceMs: HOUR });
    env.tick();
    schedule.act('terminate');
    env.settle();
    expect([schedule.status.state, schedule.states]).toEqual(['completed', ['completed']]);
  });

  test('deleted deletes its jobs, completed ones too, and goes with the last', () => {
    const env = testEnv();
    const pool = env.pool();
    const schedule = addSchedule(env, { recurrenceMs: HOUR }, { poolId: pool.row.intent.id });
    env.settle();
    endJob(schedule);
    env.pass(HOUR);
    schedule.lastJob.tasks(1);
    env.settle();
    schedule.ask({ deletedAt: env.now });
    env.tick();
    expect(schedule.isGone).toBe(false);
    env.settle();
    expect([schedule.isGone, schedule.jobs]).toEqual([true, []]);
  });

  test.each([0, 1, 2])('deleted goes as well if its owner is replaced %i ticks later', (ticks) => {
    const env = testEnv();
    const schedule = addSchedule(env, { recurrenceMs: HOUR });
    for (let hours = 0; hours < 3; hours += 1) {
      env.pass(HOUR);
      endJob(schedule);
    }
    schedule.ask({ deletedAt: env.now });
    for (let tick = 0; tick < ticks; tick += 1) env.tick();
    env.restart().settle();
    expect([schedule.isGone, schedule.jobs]).toEqual([true, []]);
  });

  test('completed can still be deleted, with all its jobs', () => {
    const env = testEnv();
    const schedule = addSchedule(env);
    env.settle();
    endJob(schedule);
    expect(schedule.status.state).toBe('completed');
    env.restart().settle();
    schedule.ask({ deletedAt: env.now });
    env.settle();
    expect([schedule.isGone, schedule.jobs]).toEqual([true, []]);
  });

  test('given other times counts on from the last one: an interval that is over by now makes a job at once', () => {
    const env = testEnv();
    const schedule = addSchedule(env, { recurrenceMs: 6 * HOUR });
    env.settle();
    endJob(schedule);
    env.pass(4 * HOUR);
    schedule.ask({ recurrenceMs: 3 * HOUR, timingSequence: 2 });
    env.settle();
    expect(schedule.status).toMatchObject({ runs: 2, lastDue: T0 + 3 * HOUR, due: T0 + 6 * HOUR });
    schedule.ask({ recurrenceMs: 3 * HOUR, doNotRunUntil: T0 + 20 * HOUR, timingSequence: 3 });
    env.settle();
    expect(schedule.status.due).toBe(T0 + 20 * HOUR);
  });
});

describe('a year of a schedule', () => {
  test('that recurs every six hours passes in a moment: a job each time, one at a time', () => {
    const env = testEnv();
    const schedule = addSchedule(env, { recurrenceMs: 6 * HOUR }, { onAllTasksComplete: 'terminatejob' });
    const times = 365 * 4;
    env.pass(times * 6 * HOUR);
    expect(schedule.status).toMatchObject({ runs: times + 1, lastDue: T0 + times * 6 * HOUR });
    expect(schedule.jobs).toHaveLength(times + 1);
    expect(new Set(schedule.states)).toEqual(new Set(['completed']));
  });
});
