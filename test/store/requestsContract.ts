import { describe, expect, it } from 'vitest';
import type { Decisions, OwnerRequest } from '../../src/core/decisions.ts';
import type { AccountNumber } from '../../src/core/keys.ts';
import type { IntentWriter, NewAutoPool } from '../../src/simulation/intentWriter.ts';
import { Deposed, OutOfTurn, type OwnerStore, type TickCommit } from '../../src/store/ownerStore.ts';
import { jobIntent, poolIntent, scheduleIntent, taskIntent } from '../support/intents.ts';
import { jobStatus, scheduleStatus } from '../support/statuses.ts';

const NOW = 1_700_000_000_000;

/** An account that is ours. */
interface Owned {
  readonly store: OwnerStore;
  readonly intents: IntentWriter;
  readonly account: AccountNumber;
  readonly epoch: number;
}

function autoPool(keepAlive: boolean): NewAutoPool {
  const { id: _i, createdAt: _c, resizeRequestedAt: _r, isAuto: _a, ...pool } = poolIntent({ targetDedicated: 3, taskSlotsPerNode: 2, startTask: { waitForSuccess: true, maxTaskRetryCount: 1 } });
  return { pool, keepAlive };
}

function scheduledJob(change: Parameters<typeof jobIntent>[0] = {}) {
  const { id: _i, createdAt: _c, actionAt: _a, schedule: _s, ...job } = jobIntent(change);
  return job;
}

/** What every store does of what the rules themselves ask for, and keeps of job schedules. */
export function requestsContract({ owned, tick }: { readonly owned: () => Promise<Owned>; readonly tick: (given: { account: AccountNumber; epoch: number; decisions?: Partial<Decisions> } & Partial<Omit<TickCommit, 'decisions'>>) => TickCommit }): void {
  /** Commits these requests, with nothing else in the inbox, and returns what stands there then. */
  const asked = async ({ store, account, epoch }: Owned, requests: readonly OwnerRequest[], decisions: Partial<Decisions> = {}) => {
    const { entries } = await store.readInbox(account, 100);
    await store.commit(tick({ account, epoch, now: NOW, inboxEntries: entries, decisions: { ...decisions, requests } }));
    return store.readInbox(account, 100);
  };

  describe('what the rules ask for', () => {
    it('a job of a schedule: stands in the inbox after the commit, as a client would have added it', async () => {
      const one = await owned();
      const schedule = await one.intents.addSchedule(one.account, scheduleIntent({ id: 'Nightly' }), { job: scheduledJob({ priority: 7, poolId: 'p' }) });
      const { jobs } = await asked(one, [{ kind: 'addJob', schedule, run: 1, id: 'Nightly:job-1' }]);
      const intent = jobIntent({ id: 'Nightly:job-1', createdAt: NOW, actionAt: NOW, priority: 7, poolId: 'p', schedule: { schedule, run: 1 } });
      expect(jobs).toEqual([{ intent: { ...intent, actionAt: NOW, job: expect.any(Number), nextTask: 1, reactivations: 0 }, status: null }]);
      expect((await one.store.load(one.account)).jobs.map((job) => job.intent.id)).toContain('Nightly:job-1');
      expect(await one.store.readJobSpecs([jobs[0]?.intent.job ?? 0])).toMatchObject([{ id: 'Nightly:job-1' }]);
    });

    it('a job with a manager: that is its first task', async () => {
      const one = await owned();
      const { createdAt: _c, ...manager } = taskIntent('boss', { requiredSlots: 2, maxTaskRetryCount: 3 });
      const schedule = await one.intents.addSchedule(one.account, scheduleIntent(), { job: scheduledJob({ manager: { runExclusive: true, allowLowPriorityNode: true, killJobOnCompletion: true } }), manager });
      const { jobs: [job] } = await asked(one, [{ kind: 'addJob', schedule, run: 4, id: 'schedule:job-4' }]);
      expect(job?.intent).toMatchObject({ nextTask: 2, manager: { runExclusive: true } });
      expect(await one.store.readTasks(job?.intent.job ?? 0, 0, 10)).toEqual({ through: 1, newest: 1, tasks: [{ intent: { ...manager, createdAt: NOW, task: 1 }, status: null }] });
    });

    it('is made of what stands there when the commit is made', async () => {
      const one = await owned();
      const schedule = await one.intents.addSchedule(one.account, scheduleIntent(), { job: scheduledJob({ autoPool: { lifetime: 'job', prefix: 'x' }, poolId: '' }), autoPool: autoPool(false) });
      const { jobs: [job] } = await asked(one, [{ kind: 'addJob', schedule, run: 1, id: 'schedule:job-1' }]);
      expect(job?.intent.autoPool).toEqual({ lifetime: 'job', prefix: 'x' });
      const { pools } = await asked(one, [{ kind: 'addPool', job: job?.intent.job ?? 0, id: 'x_1' }]);
      expect(pools).toMatchObject([{ id: 'x_1', targetDedicated: 3 }]);
    });

    it.each([[false, true], [true, false]])('the auto pool of a job, keepAlive %j: is auto %j', async (keepAlive, isAuto) => {
      const one = await owned();
      const job = await one.intents.addJob(one.account, jobIntent({ id: 'auto', poolId: '', autoPool: { lifetime: 'job', prefix: '' } }), autoPool(keepAlive));
      const { pools } = await asked(one, [{ kind: 'addPool', job, id: 'A-1' }]);
      expect(pools).toEqual([{ ...autoPool(keepAlive).pool, id: 'A-1', createdAt: NOW, resizeRequestedAt: NOW, isAuto, pool: expect.any(Number) }]);
      expect(await one.store.readPoolSpecs([pools[0]?.pool ?? 0])).toMatchObject([{ id: 'A-1' }]);
    });

    it('a pool whose id is taken, or of a job that is gone, is not made', async () => {
      const one = await owned();
      const job = await one.intents.addJob(one.account, jobIntent({ id: 'auto', autoPool: { lifetime: 'job', prefix: '' } }), autoPool(false));
      expect(await asked(one, [{ kind: 'addPool', job, id: 'POOL' }, { kind: 'addPool', job: 2 ** 40, id: 'other' }])).toMatchObject({ pools: [], entries: [] });
    });

    it('the end of a pool: of an auto pool alone, once', async () => {
      const one = await owned();
      const job = await one.intents.addJob(one.account, jobIntent({ id: 'auto', autoPool: { lifetime: 'job', prefix: '' } }), autoPool(false));
      const made = await asked(one, [{ kind: 'addPool', job, id: 'a' }]);
      const pool = made.pools[0]?.pool ?? 0;
      const others = (await one.store.load(one.account)).pools.map(({ intent }) => intent.pool).filter((number) => number !== pool);
      const { pools } = await asked(one, [pool, ...others].map((number) => ({ kind: 'deleteAutoPool', pool: number })));
      expect(pools).toMatchObject([{ pool, deletedAt: NOW }]);
      expect((await asked(one, [{ kind: 'deleteAutoPool', pool }])).entries).toEqual([]);
      expect((await one.store.load(one.account)).pools.filter(({ intent }) => intent.deletedAt === null).map(({ intent }) => intent.pool)).toEqual(others);
    });

    it('the end of all jobs of a schedule: the oldest first, as many as are asked for, completed ones too', async () => {
      const one = await owned();
      const schedule = await one.intents.addSchedule(one.account, scheduleIntent(), { job: scheduledJob() });
      const jobs: number[] = [];
      for (const run of [1, 2, 3]) {
        const { jobs: [made] } = await asked(one, [{ kind: 'addJob', schedule, run, id: `schedule:job-${run}` }]);
        jobs.push(made?.intent.job ?? 0);
      }
      const over = jobs.map((job) => jobStatus(job, { state: 'completed', endedAt: 9 }));
      const first = await asked(one, [{ kind: 'deleteJobs', schedule, most: 2 }], { jobs: over });
      expect(first.jobs).toMatchObject([{ intent: { job: jobs[0], deletedAt: NOW }, status: { state: 'completed' } }, { intent: { job: jobs[1], deletedAt: NOW } }]);
      const rest = await asked(one, [{ kind: 'deleteJobs', schedule, most: 2 }]);
      expect(rest.jobs).toMatchObject([{ intent: { job: jobs[2], deletedAt: NOW } }]);
    });

    it('is made with the whole commit or not at all', async () => {
      const one = await owned();
      const { store, account, epoch } = one;
      const schedule = await one.intents.addSchedule(account, scheduleIntent(), { job: scheduledJob() });
      const requests = [{ kind: 'addJob', schedule, run: 1, id: 'schedule:job-1' }] as const;
      await expect(store.commit(tick({ account, epoch: epoch + 1, tick: 1, decisions: { requests } }))).rejects.toThrow(Deposed);
      await expect(store.commit(tick({ account, epoch, tick: 7, decisions: { requests } }))).rejects.toThrow(OutOfTurn);
      expect((await store.load(account)).jobs.map(({ intent }) => intent.id)).not.toContain('schedule:job-1');
    });
  });

  describe('job schedules', () => {
    it('stand in the inbox, and are loaded with their status until they are completed', async () => {
      const one = await owned();
      const { store, intents, account } = one;
      const intent = scheduleIntent({ id: 'S', createdAt: 3, doNotRunUntil: 5, doNotRunAfter: 9, startWindowMs: 60_000, recurrenceMs: 3_600_000 });
      const schedule = await intents.addSchedule(account, intent, { job: scheduledJob() });
      const whole = { ...intent, schedule };
      expect((await store.readInbox(account, 100)).schedules).toEqual([{ intent: whole, status: null, jobs: null }]);
      expect((await store.load(account)).schedules).toEqual([{ intent: whole, status: null, jobs: null }]);
      const status = scheduleStatus(schedule, { due: 7, lastDue: 6, runs: 2, previousState: 'disabled', previousSince: 4, timingSequence: 2, actionSequence: 1, autoPoolId: 'a' });
      await asked(one, [], { schedules: [status] });
      expect((await store.load(account)).schedules).toEqual([{ intent: whole, status, jobs: null }]);
      const completed = { ...status, state: 'completed', endedAt: 8 } as const;
      await asked(one, [], { schedules: [completed] });
      expect((await store.load(account)).schedules).toEqual([]);
      await intents.changeSchedule(schedule, { action: { kind: 'enable' }, actionSequence: 1, actionAt: 4 });
      expect((await store.readInbox(account, 100)).schedules).toMatchObject([{ intent: { action: { kind: 'enable' }, actionSequence: 1, actionAt: 4 }, status: completed }]);
    });

    it('that are being deleted say how many jobs they have, and are gone when the rules say so', async () => {
      const one = await owned();
      const { store, intents, account } = one;
      const schedule = await intents.addSchedule(account, scheduleIntent(), { job: scheduledJob() });
      const { jobs: [job] } = await asked(one, [{ kind: 'addJob', schedule, run: 1, id: 'schedule:job-1' }], { schedules: [scheduleStatus(schedule, { state: 'completed' })] });
      await asked(one, [], { jobs: [jobStatus(job?.intent.job ?? 0, { state: 'completed', endedAt: 9 })] });
      await intents.changeSchedule(schedule, { deletedAt: 4 });
      expect((await store.readInbox(account, 100)).schedules).toMatchObject([{ intent: { deletedAt: 4 }, jobs: 1 }]);
      expect((await store.load(account)).schedules).toMatchObject([{ intent: { deletedAt: 4 }, jobs: 1, status: { state: 'completed' } }]);
      await asked(one, [], { gone: { tasks: [], jobs: [], pools: [], schedules: [schedule] } });
      expect((await store.load(account)).schedules).toEqual([]);
    });
  });
}
