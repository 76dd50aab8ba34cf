import { randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Pool } from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Decisions } from '../../src/core/decisions.ts';
import { connect } from '../../src/store/connect.ts';
import { NewerDatabase, migrate } from '../../src/store/migrate.ts';
import { AccountOwned, Deposed, type OwnerStore, type TickCommit } from '../../src/store/ownerStore.ts';
import { postgresOwnerStore } from '../../src/store/owner/store.ts';
import { createSealing } from '../../src/store/sealing.ts';
import { transaction } from '../../src/store/intents/statement.ts';
import { countActive, countActiveJobs, lockJobForTasks } from '../../src/store/intents/jobs.ts';
import { lockTask, updateTask } from '../../src/store/intents/tasks.ts';
import type { IntentWriter } from '../../src/simulation/intentWriter.ts';
import { until } from '../support/deadline.ts';
import { jobIntent, taskIntent } from '../support/intents.ts';
import { endingOf, jobStatus } from '../support/statuses.ts';
import { tickNumbers } from '../support/ticks.ts';
import { temporaryDatabase, temporaryPostgres } from '../support/postgres.ts';
import { postgresIntents } from '../support/postgresIntents.ts';

const NOW = 472_500 * 3_600_000 + 1000;

const nextTick = tickNumbers();

describe('PostgreSQL', () => {
  let postgres: Awaited<ReturnType<typeof temporaryDatabase>>;
  let pool: Pool;
  let store: OwnerStore;
  let intents: IntentWriter;
  let account = 0;
  let epoch: number;
  beforeAll(async () => {
    postgres = await temporaryDatabase({ maxConnections: 10 });
    ({ pool } = postgres);
    store = postgresOwnerStore(pool);
    intents = postgresIntents(pool);
    account = 1;
    ({ epoch } = await store.claim(account, randomUUID(), 'http://here'));
  });
  afterAll(() => postgres.remove());

  const tick = (decisions: Partial<Decisions>, given: Partial<TickCommit> = {}): TickCommit => ({
    account,
    epoch,
    tick: given.tick ?? nextTick(given.account ?? account, given.epoch ?? epoch),
    now: NOW,
    decisions: { tasks: [], jobs: [], pools: [], nodes: [], jobNodes: [], gone: { tasks: [], jobs: [], pools: [] }, satisfied: [], guards: [], commands: [], isIdle: false, ...decisions },
    inboxEntries: [],
    specs: [],
    journal: null,
    ...given,
  });
  const waiting = async (): Promise<number> =>
    (await pool.query<{ count: number }>("select count(*) from pg_stat_activity where wait_event_type = 'Lock'")).rows[0]?.count ?? 0;

  describe('migrations', () => {
    it('are applied once, also when services start together', async () => {
      await pool.query('create database fresh');
      const fresh = connect({ ...postgres.connection, database: 'fresh' }, 'api');
      const applied = await Promise.all([migrate(fresh), migrate(fresh), migrate(fresh)]);
      expect(applied.flat()).toEqual([...new Set(applied.flat())]);
      expect(applied.flat()).toContain('0001_first');
      await fresh.end();
    });

    it('refuse a database of a newer version by the names of what they do not know', async () => {
      await pool.query('create database newer');
      const newer = connect({ ...postgres.connection, database: 'newer' }, 'api');
      await migrate(newer);
      await newer.query("insert into migration (name, run_on) values ('0999_future', now())");
      const refused = await migrate(newer).catch((error: unknown) => error);
      expect(refused).toBeInstanceOf(NewerDatabase);
      expect(refused).toMatchObject({ message: expect.stringContaining('0999_future'), migrations: ['0999_future'] });
      await newer.end();
    });
  });

  it('lets a job not end while an add to it is under way', async () => {
    const job = await intents.addJob(account, jobIntent({ id: 'guarded' }));
    const handler = await pool.connect();
    await handler.query('begin');
    await handler.query('update job set next_task = next_task + 1 where job = $1', [job]);
    const ending = store.commit(tick(ends(job)));
    await until('the commit waits', async () => (await waiting()) === 1);
    await handler.query('commit');
    handler.release();
    expect(await ending).toEqual({ refused: [job], specs: [] });
    const { rows } = await pool.query('select state, (select count(*) from open_job where job = $1) as open from job_status where job = $1', [job]);
    expect(rows).toEqual([{ state: 'active', open: 1 }]);
  });

  it('lets a job not end beside a task that a handler makes active again', async () => {
    const job = await intents.addJob(account, jobIntent({ id: 'again' }));
    await intents.addTasks(job, [taskIntent('a')]);
    await transaction(pool, async (tx) => {
      const task = await lockTask(tx, job, 'a');
      if (task === null) throw new Error('no task');
      await updateTask(tx, createSealing(new Uint8Array(32)), job, task, { reactivateSequence: 1 }, 1);
    });
    expect(await store.commit(tick(ends(job, 1, 0)))).toMatchObject({ refused: [job] });
    expect(await store.commit(tick(ends(job, 1, 1)))).toMatchObject({ refused: [] });
    await transaction(pool, async (tx) => {
      const task = await lockTask(tx, job, 'a');
      if (task === null) throw new Error('no task');
      await updateTask(tx, createSealing(new Uint8Array(32)), job, task, { terminateAt: 1 }, 1);
    });
    expect(await store.commit(tick(ends(job, 1, 1)))).toMatchObject({ refused: [] });
  });

  it('commits nothing when the write that travels with the commit fails', async () => {
    const api = connect(postgres.connection, 'api');
    const failure = await transaction(api, async (tx, last) => {
      await tx.query("insert into account (account, name, created) values (70, 'seventy', 0)");
      last(tx.query("insert into account (account, name, created) values (70, 'again', 0)"));
    }).catch((error: unknown) => error);
    expect(failure).toMatchObject({ code: '23505' });
    expect((await api.query('select from account where account = 70')).rowCount).toBe(0);
    await api.end();
  });

  it('shows an add what the one before it has committed while it waited for the job', async () => {
    const api = connect(postgres.connection, 'api');
    const job = await intents.addJob(account, jobIntent({ id: 'contended' }));
    const before = await pool.connect();
    await before.query('begin');
    await before.query('select from job where job = $1 for update', [job]);
    const adding = transaction(api, (tx) => lockJobForTasks(tx, account, 'Contended', ['a', 'b']));
    await until('the add waits', async () => (await waiting()) === 1);
    await before.query("insert into task (job, task, id, id_key, spec, created, modified, required_slots) values ($1, 1, 'A', 'a', '{}', 0, 0, 1)", [job]);
    await before.query('commit');
    before.release();
    expect((await adding)?.taken).toEqual(new Set(['a']));
    await api.end();
  });

  it('gives an account to one of many that ask at the same time', async () => {
    await pool.query("insert into account (account, name, created) values (2, 'two', 0)");
    const claims = await Promise.allSettled(Array.from({ length: 8 }, () => store.claim(2, randomUUID(), 'http://one-of-many')));
    expect(claims.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
    for (const claim of claims) if (claim.status === 'rejected') expect(claim.reason).toBeInstanceOf(AccountOwned);
  });

  it('makes a claim wait for the commit that is under way', async () => {
    await pool.query("insert into account (account, name, created) values (3, 'three', 0)");
    const process = randomUUID();
    const first = await store.claim(3, process, 'http://here');
    const slow = await pool.connect();
    await slow.query('begin');
    await slow.query('select from ownership where account = 3 and epoch = $1 for share', [first.epoch]);
    let claimed = false;
    const second = store.claim(3, process, 'http://here').then((claim) => {
      claimed = true;
      return claim;
    });
    await until('the claim waits', async () => (await waiting()) === 1);
    expect(claimed).toBe(false);
    await slow.query('commit');
    slow.release();
    expect((await second).epoch).toBe(first.epoch + 1);
    await expect(store.commit(tick({}, { account: 3, epoch: first.epoch }))).rejects.toThrow(Deposed);
  });

  it('that loses the connection during a commit leaves its outcome open, which is neither deposed nor refused', async () => {
    const job = await intents.addJob(account, jobIntent({ id: 'unlucky' }));
    const handler = await pool.connect();
    await handler.query('begin');
    await handler.query('update job set next_task = next_task + 1 where job = $1', [job]);
    const unlucky = tick(ends(job));
    const lost = store.commit(unlucky).catch((error: unknown) => error);
    await until('the commit waits', async () => (await waiting()) === 1);
    await pool.query("select pg_terminate_backend(pid) from pg_stat_activity where wait_event_type = 'Lock'");
    const error = await lost;
    await handler.query('rollback');
    handler.release();
    expect(error).toBeInstanceOf(Error);
    expect(error).not.toBeInstanceOf(Deposed);
    expect(await store.commit(tick({}, { tick: unlucky.tick }))).toEqual({ specs: [], refused: [] });
  });

  it('that loses the connection loses all commits on it, and makes none of those behind without the first', async () => {
    const job = await intents.addJob(account, jobIntent({ id: 'unlucky-too' }));
    const handler = await pool.connect();
    await handler.query('begin');
    await handler.query('update job set next_task = next_task + 1 where job = $1', [job]);
    const unlucky = [tick(ends(job)), tick({ jobs: [jobStatus(job)] }), tick({ jobs: [jobStatus(job)] })];
    const lost = Promise.all(unlucky.map((one) => store.commit(one).catch((error: unknown) => error)));
    await until('the first commit waits', async () => (await waiting()) === 1);
    await pool.query("select pg_terminate_backend(pid) from pg_stat_activity where wait_event_type = 'Lock'");
    const errors = await lost;
    await handler.query('rollback');
    handler.release();
    for (const error of errors) {
      expect(error).toBeInstanceOf(Error);
      expect(error).not.toBeInstanceOf(Deposed);
    }
    expect((await pool.query('select from job_status where job = $1', [job])).rowCount).toBe(0);
    for (const one of unlucky) expect(await store.commit(tick({}, { tick: one.tick }))).toEqual({ specs: [], refused: [] });
  });

  it('takes what an agent says of a failure, whatever characters are in it', async () => {
    const job = await intents.addJob(account, jobIntent({ id: 'strange', usesTaskDependencies: true }));
    await intents.addTasks(job, [taskIntent('a')]);
    const failure = { category: 'UserError' as const, code: 'Zero', message: `a\0b${String.fromCharCode(0xd800)}c\u{1f600}` };
    const status = {
      job, task: 1, state: 'completed' as const, since: 1, previousState: null, previousSince: null, cause: 'exited' as const, attempt: 1, node: null, startedAt: 1, endedAt: 1,
      exitCode: 1, result: 'failure' as const, failure, container: null, retryCount: 0, lastRetryAt: null, requeueCount: 0, lastRequeueAt: null, reactivateSequence: 0, dependency: null, used: null, earlierMs: 0,
    };
    await store.commit(tick({ tasks: [status] }));
    const { tasks } = await store.readTasks(job, 0, 1);
    expect(tasks[0]?.status?.failure?.message).toBe('a\uFFFDb\uFFFDc\u{1f600}');
  });

  it('keeps which tasks have failed for as long as they are there, and of none that goes in the same tick', async () => {
    const job = await intents.addJob(account, jobIntent({ id: 'failures' }));
    await intents.addTasks(job, ['a', 'b', 'c', 'd'].map((id) => taskIntent(id)));
    const ended = (task: number, result: 'success' | 'failure') => ({
      job, task, state: 'completed' as const, since: 1, previousState: null, previousSince: null, cause: 'exited' as const, attempt: 1, node: null, startedAt: 1, endedAt: 1,
      exitCode: 1, result, failure: null, container: null, retryCount: 0, lastRetryAt: null, requeueCount: 0, lastRequeueAt: null, reactivateSequence: 0, dependency: null, used: null, earlierMs: 0,
    });
    const failed = async (): Promise<number[]> => (await pool.query<{ task: number }>('select task from failed_task where job = $1 order by task', [job])).rows.map(({ task }) => task);
    await store.commit(tick({ tasks: [ended(1, 'failure'), ended(2, 'success'), ended(3, 'failure')] }));
    expect(await failed()).toEqual([1, 3]);
    await store.commit(tick({ tasks: [ended(3, 'failure'), ended(4, 'failure')], gone: { tasks: [{ job, task: 1 }, { job, task: 4 }], jobs: [], pools: [] } }));
    expect(await failed()).toEqual([3]);
    await expect(store.commit(tick({ tasks: [ended(2, 'failure')] }, { epoch: epoch - 1 }))).rejects.toThrow(Deposed);
    expect(await failed()).toEqual([3]);
  });

  it('loads of 200,000 satisfied ids those that waiting tasks name', async () => {
    await pool.query("insert into account (account, name, created) values (8, 'eight', 0)");
    const job = await intents.addJob(8, jobIntent({ id: 'satisfied', usesTaskDependencies: true }));
    await intents.addTasks(job, ['17', '199999'].map((parent) => taskIntent(`after-${parent}`, { dependsOn: { ids: [parent, `not-${parent}`], ranges: [] } })));
    await pool.query("insert into satisfied_id (job, id_key) select $1, n::text from generate_series(1, 200000) n", [job]);
    const { epoch: own } = await store.claim(8, randomUUID(), 'http://here');
    await store.commit(tick({ jobs: [jobStatus(job, { ingested: 2 })] }, { account: 8, epoch: own }));
    const { satisfied, tasks } = await store.load(8);
    expect(satisfied).toEqual([{ job, ids: ['17', '199999'], isWhole: false }]);
    expect(tasks).toMatchObject([{ job, tasks: [{ intent: { task: 1 } }, { intent: { task: 2 } }] }]);
  });

  it('counts and loads the jobs that are open without a look at those that are completed', async () => {
    await pool.query("insert into account (account, name, created) values (7, 'seven', 0)");
    await completedJobs(pool, 7, 5_000);
    await intents.addJob(7, jobIntent({ id: 'open' }));
    await intents.addJob(7, jobIntent({ id: 'deleted', deletedAt: 3 }));
    expect(await countActiveJobs(pool, 7)).toBe(1);
    const plan = await pool.query<{ 'QUERY PLAN': readonly [{ readonly Plan: PlanNode }] }>(`explain (analyze, format json) ${countActive.text.replace('$1', '7')}`);
    expect(rowsRead(plan.rows[0]?.['QUERY PLAN'][0].Plan)).toBeLessThan(20);
    expect((await store.load(7)).jobs.map(({ intent }) => intent.id)).toEqual(['open', 'deleted']);
  });

  it('made by the version before is brought forward with all that is open', async () => {
    const older = await temporaryPostgres();
    const old = connect(older.connection, 'owner');
    try {
      await old.query(readFileSync(join(import.meta.dirname, '../../src/store/migrations/0001_first.sql'), 'utf8'));
      await old.query('create table migration (id serial primary key, name varchar(255) not null, run_on timestamp not null)');
      await old.query("insert into migration (name, run_on) values ('0001_first', now()); insert into account (account, name, created) values (1, 'one', 0)");
      await completedJobs(old, 1, 10);
      await old.query(`insert into job (account, id, id_key, spec, rules, created, modified, action_at, next_task)
        select 1, id, id, '{}', (select rules from job limit 1), 0, 0, 0, 4 from unnest(array['running', 'new']) as u(id)`);
      await old.query(`insert into job_status (job, state, since, action_sequence, ingested, tasks_active, tasks_running, tasks_succeeded, tasks_failed, slots_active, slots_running, slots_succeeded, slots_failed)
        select job, 'active', 0, 0, 3, 1, 1, 1, 0, 1, 1, 1, 0 from job where id = 'running'`);
      await old.query("insert into task (job, task, id, id_key, spec, created, modified, required_slots) select job, n, n, n, '{}', 0, 0, 1 from job, generate_series(1, 3) n where job.id = 'running'");
      await old.query(`insert into task_status (job, task, state, since, cause, attempt, result, retry_count, requeue_count, reactivate_sequence)
        select job, n, (array['completed', 'running'])[n], 0, 'started', 1, (array['failure', null])[n], 0, 0, 0 from job, generate_series(1, 2) n where job.id = 'running'`);
      await old.query(`with added as (insert into pool (account, id, id_key, spec, rules, created, modified, target_dedicated, target_low_priority, resize_timeout_ms, node_deallocation, resize_requested_at)
        values (1, 'p', 'p', '{}', '{}', 0, 0, 4, 2, 0, 'requeue', 0) returning pool)
        insert into pool_status (pool, allocation_state, allocation_since, resize_sequence, stop_sequence, current_dedicated, current_low_priority) select pool, 'steady', 0, 1, 0, 4, 2 from added`);
      expect(await migrate(old)).toContain('0002_open_work');
      const { pools, jobs, tasks } = await postgresOwnerStore(old).load(1);
      expect(jobs.map(({ intent, status }) => [intent.id, status?.state])).toEqual([['running', 'active'], ['new', undefined]]);
      expect(tasks.map(({ tasks: open, plain }) => [open.map(({ intent }) => intent.task), plain.numbers])).toEqual([[[2], [3]]]);
      expect(pools.map(({ status }) => [status?.targetDedicated, status?.targetLowPriority]), 'a pool without targets of its own works towards those asked for').toEqual([[4, 2]]);
      expect(await countActiveJobs(old, 1)).toBe(2);
      expect((await old.query('select task from failed_task')).rows).toEqual([{ task: 1 }]);
    } finally {
      await old.end();
      await older.remove();
    }
  });
});

function ends(job: number, ingested = 0, reactivations = 0): Partial<Decisions> {
  const { row, guards } = endingOf(job, { ingested }, reactivations);
  return { jobs: [row], guards };
}

/** Jobs that are over, as the owner left them. */
async function completedJobs(pool: Pool, account: number, count: number): Promise<void> {
  const { id: _id, createdAt: _at, action: _action, actionSequence: _sequence, actionAt: _actionAt, deletedAt: _deleted, ...rules } = jobIntent();
  await pool.query(
    `with added as (insert into job (account, id, id_key, spec, rules, created, modified, action_at)
       select $1, 'done' || n, 'done' || n, '{}', $2, 0, 0, 0 from generate_series(1, $3::int) n returning job)
     insert into job_status (job, state, since, action_sequence, ingested, tasks_active, tasks_running, tasks_succeeded, tasks_failed, slots_active, slots_running, slots_succeeded, slots_failed)
     select job, 'completed', 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0 from added`,
    [account, rules, count],
  );
}

interface PlanNode {
  readonly 'Actual Rows': number;
  readonly 'Actual Loops': number;
  readonly Plans?: readonly PlanNode[];
}

/** Of all steps of a plan together. */
function rowsRead(node: PlanNode | undefined): number {
  return node === undefined ? Number.NaN : node['Actual Rows'] * node['Actual Loops'] + (node.Plans ?? []).reduce((sum, step) => sum + rowsRead(step), 0);
}
