import { randomUUID } from 'node:crypto';
import type { Pool } from 'pg';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { Decisions } from '../../src/core/decisions.ts';
import { type MaintenanceOptions, startMaintenance } from '../../src/store/maintain.ts';
import { clearGoneJobs } from '../../src/store/maintenance/goneJobs.ts';
import { clearGoneNodes } from '../../src/store/maintenance/goneNodes.ts';
import { type JournalLimits, trimJournal, trimTransitions } from '../../src/store/maintenance/partitions.ts';
import { clearUsage } from '../../src/store/maintenance/usage.ts';
import type { OwnerStore, TickCommit } from '../../src/store/ownerStore.ts';
import { postgresOwnerStore } from '../../src/store/owner/store.ts';
import { TASK_STATUS } from '../../src/store/status/taskStatus.ts';
import type { IntentWriter } from '../../src/simulation/intentWriter.ts';
import { headPosition, readTransitions } from '../../src/store/transitions.ts';
import { until } from '../support/deadline.ts';
import { jobIntent, taskIntent } from '../support/intents.ts';
import { temporaryDatabase } from '../support/postgres.ts';
import { postgresIntents } from '../support/postgresIntents.ts';

const { state: { choices: STATE }, cause: { choices: CAUSE } } = TASK_STATUS.columns;

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
const NOW = 472_500 * HOUR_MS + 1000;
const ACCOUNT = 1;

describe('the maintenance of the database', () => {
  let postgres: Awaited<ReturnType<typeof temporaryDatabase>>;
  let pool: Pool;
  let store: OwnerStore;
  let intents: IntentWriter;
  let epoch: number;
  let ticks = 0;
  beforeAll(async () => {
    postgres = await temporaryDatabase({ maxConnections: 10 });
    ({ pool } = postgres);
    store = postgresOwnerStore(pool);
    intents = postgresIntents(pool);
    ({ epoch } = await store.claim(ACCOUNT, randomUUID(), 'http://here'));
  });
  afterAll(() => postgres.remove());

  const tick = (decisions: Partial<Decisions>, given: Partial<TickCommit> = {}): TickCommit => ({
    account: ACCOUNT,
    epoch,
    tick: (ticks += 1),
    now: NOW,
    decisions: { tasks: [], jobs: [], pools: [], nodes: [], jobNodes: [], gone: { tasks: [], jobs: [], pools: [] }, satisfied: [], guards: [], commands: [], isIdle: false, ...decisions },
    inboxEntries: [],
    specs: [],
    journal: null,
    ...given,
  });

  describe('of jobs that are gone', () => {
    it('clears their tasks, in batches', async () => {
      const job = await intents.addJob(ACCOUNT, jobIntent({ id: 'large' }));
      await pool.query("insert into task (job, task, id, id_key, spec, created, modified, required_slots) select $1, n, n, n, '{}', 0, 0, 1 from generate_series(1, 12000) n", [job]);
      await pool.query('insert into failed_task (job, task) select $1, n from generate_series(1, 6000) n', [job]);
      await store.commit(tick({ gone: { tasks: [], jobs: [job], pools: [] } }));
      expect(await clearGoneJobs(pool)).toBe(18_000);
      for (const table of ['task', 'failed_task']) expect((await pool.query(`select from ${table} where job = $1`, [job])).rowCount, table).toBe(0);
      expect(await clearGoneJobs(pool)).toBe(0);
    });
  });

  describe('of nodes that are gone', () => {
    /** The first `living` of `count` nodes with the numbers from `first` on are still there. */
    const nodes = async (first: number, count: number, living = 0): Promise<void> => {
      await pool.query(
        `insert into node (node, account, pool, id, id_key, gone_at, status)
         select n, $1, 1, 'node-' || n, 'node-' || n, case when n >= $2::int + $4::int then 5 end, '{}' from generate_series($2::int, $2::int + $3::int - 1) n`,
        [ACCOUNT, first, count, living],
      );
    };
    const left = async (): Promise<number[]> => (await pool.query<{ node: number }>('select node from node order by node')).rows.map(({ node }) => node);
    /** A job of which each task has run on one of the nodes. */
    const jobOn = async (id: string, ...named: number[]): Promise<number> => {
      const job = await intents.addJob(ACCOUNT, jobIntent({ id }));
      await intents.addTasks(job, named.map((_, index) => taskIntent(`task-${index}`)));
      await pool.query(
        `insert into task_status (job, task, state, since, cause, attempt, node)
         select $1, place, ${STATE.completed}, 0, ${CAUSE.exited}, 1, node from unnest($2::bigint[]) with ordinality as named(node, place)`,
        [job, named],
      );
      return job;
    };
    beforeEach(async () => {
      await pool.query('delete from node; update account set last_node = null');
    });

    it('removes the rows that no task names, and none of a node that is there', async () => {
      await nodes(1, 6, 2);
      const [kept, deleted] = [await jobOn('kept', 3, 3), await jobOn('deleted', 3, 4)];
      expect(await clearGoneNodes(pool)).toBe(2);
      expect(await left()).toEqual([1, 2, 3, 4]);
      await store.commit(tick({ gone: { tasks: [], jobs: [deleted], pools: [] } }));
      await clearGoneJobs(pool);
      await clearGoneNodes(pool);
      expect(await left()).toEqual([1, 2, 3]);
      await store.commit(tick({ gone: { tasks: [1, 2].map((task) => ({ job: kept, task })), jobs: [], pools: [] } }));
      await clearGoneNodes(pool);
      expect(await left()).toEqual([1, 2]);
    });

    it('keeps the row of one that a job ran its preparation on, until the job is deleted', async () => {
      await nodes(1, 2);
      const job = await jobOn('prepared');
      await store.commit(tick({ jobNodes: [{ job, node: 2, preparation: null, release: null }] }));
      expect(await clearGoneNodes(pool)).toBe(1);
      expect(await left()).toEqual([2]);
      await store.commit(tick({ gone: { tasks: [], jobs: [job], pools: [] } }));
      await clearGoneNodes(pool);
      expect(await left()).toEqual([]);
    });

    it('keeps the row of one that a task ran another instance than its primary on, until the task is deleted', async () => {
      await nodes(1, 2);
      const job = await jobOn('gang');
      const ended = { state: 'completed', since: 1, previousState: null, previousSince: null, startedAt: 1, endedAt: 1, exitCode: 0, result: 'success', failure: null } as const;
      await store.commit(tick({ subtasks: [{ job, task: 1, instance: 1, attempt: 1, node: 2, ...ended }] }));
      expect(await clearGoneNodes(pool)).toBe(1);
      expect(await left()).toEqual([2]);
      await store.commit(tick({ gone: { tasks: [{ job, task: 1 }], jobs: [], pools: [] } }));
      await clearGoneNodes(pool);
      expect(await left()).toEqual([]);
    });

    it('gives no number twice, also when the row of the last one is gone', async () => {
      await nodes(1, 7, 1);
      expect((await store.load(ACCOUNT)).nextNode).toBe(8);
      await clearGoneNodes(pool);
      expect(await left()).toEqual([1]);
      expect((await store.load(ACCOUNT)).nextNode).toBe(8);
      await nodes(8, 1, 1);
      expect((await store.load(ACCOUNT)).nextNode).toBe(9);
    });

    it('finds those that are named among many statuses, and removes thousands', async () => {
      await nodes(1, 3_000);
      const job = await jobOn('many', 17);
      await pool.query(
        `insert into task_status (job, task, state, since, cause, attempt, node)
         select $1, n, ${STATE.completed}, 0, ${CAUSE.exited}, 1, case n when 9999 then 18 when 10000 then 19 when 10001 then 20 when 20500 then 3000 end from generate_series(2, 20500) n`,
        [job],
      );
      expect(await clearGoneNodes(pool)).toBe(2_995);
      expect(await left()).toEqual([17, 18, 19, 20, 3_000]);
    });
  });

  it('removes what nodes cost more than 400 days ago', async () => {
    const day = 86_400_000;
    const at = (ms: number): number => Math.floor(ms / 3_600_000);
    const insert = 'insert into usage_hour (account, hour, pool, pool_id, size, low_priority, node_ms, busy_ms, lost_ms) select 77, hour, 1, $2, $2, false, 1, 0, 0 from unnest($1::int[]) as hour';
    await pool.query(insert, [[at(599 * day), at(600 * day) - 1, at(600 * day), at(900 * day)], 'p']);
    await clearUsage(pool, 1_000 * day, new AbortController().signal);
    const { rows } = await pool.query<{ hour: number }>('select hour from usage_hour where account = 77 order by hour');
    expect(rows.map(({ hour }) => hour)).toEqual([at(600 * day), at(900 * day)]);
  });

  describe('of the journal', () => {
    const journal = { coreVersion: '1', seed: 1, inputs: new Uint8Array(1000) };
    const write = async (...instants: readonly number[]): Promise<void> => {
      for (const now of instants) await store.commit(tick({}, { now, journal }));
    };
    const partitions = async (): Promise<string[]> =>
      (await pool.query<{ name: string }>('select tableoid::regclass::text as name from journal order by at')).rows.map(({ name }) => name);
    const made = async (): Promise<string[]> =>
      (await pool.query<{ name: string }>("select inhrelid::regclass::text as name from pg_inherits where inhparent = 'journal'::regclass order by 1")).rows.map(({ name }) => name);
    const unlimited: JournalLimits = { maxAgeMs: 2 ** 40, maxBytes: 2 ** 40 };
    beforeEach(async () => {
      for (const name of await made()) await pool.query(name === 'journal_rest' ? 'truncate journal_rest' : `drop table ${name}`);
    });

    it('makes a partition for each ten minutes, an hour ahead', async () => {
      expect(await trimJournal(pool, NOW + 15 * MINUTE_MS)).toMatchObject({ dropped: [], heldUp: false });
      expect(await made()).toEqual([...['10', '20', '30', '40', '50'].map((minute) => `journal_0472500_${minute}`), 'journal_0472501_00', 'journal_0472501_10', 'journal_rest']);
      await write(NOW + 19 * MINUTE_MS, NOW + 20 * MINUTE_MS, NOW + HOUR_MS, NOW + 2 * HOUR_MS);
      expect(await partitions()).toEqual(['journal_0472500_10', 'journal_0472500_20', 'journal_0472501_00', 'journal_rest']);
    });

    it('keeps what is young enough, and no partition that is over and empty', async () => {
      await trimJournal(pool, NOW);
      await write(NOW, NOW + 10 * MINUTE_MS, NOW + 20 * MINUTE_MS);
      const { dropped } = await trimJournal(pool, NOW + 65 * MINUTE_MS, { ...unlimited, maxAgeMs: 50 * MINUTE_MS });
      expect(dropped).toEqual([{ partition: 'journal_0472500_00', bytes: expect.any(Number), why: 'age' }]);
      expect(await partitions()).toEqual(['journal_0472500_10', 'journal_0472500_20']);
      expect((await made()).filter((name) => name < 'journal_0472501')).toEqual(['journal_0472500_10', 'journal_0472500_20', 'journal_0472500_50']);
    });

    it('drops the oldest of an hour that goes on, until the rest is small enough', async () => {
      await trimJournal(pool, NOW);
      await write(NOW, NOW + 10 * MINUTE_MS, NOW + 20 * MINUTE_MS);
      const now = NOW + 25 * MINUTE_MS;
      await trimJournal(pool, now, unlimited);
      const { bytes } = await trimJournal(pool, now, unlimited);
      const trim = await trimJournal(pool, now, { ...unlimited, maxBytes: bytes - 1 });
      expect(trim.dropped).toEqual([{ partition: 'journal_0472500_00', bytes: expect.any(Number), why: 'size' }]);
      expect(trim.bytes).toBe(bytes - (trim.dropped[0]?.bytes ?? 0));
      expect(await partitions()).toEqual(['journal_0472500_10', 'journal_0472500_20']);
    });

    it('drops also what is being written if that alone is too large, and ticks go on being written', async () => {
      await trimJournal(pool, NOW);
      await write(NOW, NOW + 10 * MINUTE_MS);
      const { dropped } = await trimJournal(pool, NOW + 10 * MINUTE_MS, { ...unlimited, maxBytes: 1 });
      expect(dropped.map(({ partition, why }) => [partition, why])).toEqual([['journal_0472500_00', 'size'], ['journal_0472500_10', 'lastResort']]);
      await write(NOW + 11 * MINUTE_MS);
      expect(await partitions()).toEqual(['journal_0472500_10']);
    });

    it('knows the hours that an earlier release made partitions for', async () => {
      for (const hour of [472_499, 472_500]) {
        await pool.query(`create table journal_0${hour} partition of journal for values from (${hour * HOUR_MS}) to (${(hour + 1) * HOUR_MS})`);
      }
      await write(NOW - HOUR_MS, NOW);
      const now = NOW + 30 * MINUTE_MS;
      await trimJournal(pool, now, unlimited);
      expect(await made()).toEqual(['journal_0472499', 'journal_0472500', 'journal_0472501_00', 'journal_0472501_10', 'journal_0472501_20', 'journal_0472501_30', 'journal_rest']);
      expect((await trimJournal(pool, now, { ...unlimited, maxAgeMs: 25 * MINUTE_MS })).dropped).toMatchObject([{ partition: 'journal_0472499', why: 'age' }]);
      expect((await trimJournal(pool, now, { ...unlimited, maxBytes: 1 })).dropped).toMatchObject([{ partition: 'journal_0472500', why: 'lastResort' }]);
      await write(now, NOW + HOUR_MS);
      expect(await partitions()).toEqual(['journal_0472500', 'journal_0472501_00']);
    });

    it('loses nothing when nobody made the partition in time', async () => {
      await write(NOW);
      await trimJournal(pool, NOW, unlimited);
      await write(NOW + 1, NOW + 10 * MINUTE_MS);
      expect(await partitions()).toEqual(['journal_rest', 'journal_rest', 'journal_0472500_10']);
      await trimJournal(pool, NOW + 12 * MINUTE_MS, { ...unlimited, maxAgeMs: 11 * MINUTE_MS });
      expect(await partitions()).toEqual(['journal_0472500_10']);
    });

    it('holds to its part of the size what nobody made partitions for, so that a new partition is soon made', async () => {
      await write(NOW);
      await trimJournal(pool, NOW, unlimited);
      const { bytes } = await trimJournal(pool, NOW, unlimited);
      const { dropped } = await trimJournal(pool, NOW, { ...unlimited, maxBytes: bytes });
      expect(dropped).toEqual([{ partition: 'journal_rest', bytes: expect.any(Number), why: 'lastResort' }]);
      expect(await partitions()).toEqual([]);
    });

    it('does nothing while somebody reads it, and no tick waits for that', async () => {
      await trimJournal(pool, NOW);
      await write(NOW);
      const reader = await pool.connect();
      await reader.query('begin; select from journal');
      expect(await trimJournal(pool, NOW + 20 * MINUTE_MS, { ...unlimited, maxBytes: 1 })).toMatchObject({ dropped: [], heldUp: true });
      await write(NOW + 20 * MINUTE_MS);
      await reader.query('rollback');
      reader.release();
      expect(await trimJournal(pool, NOW + 20 * MINUTE_MS, { ...unlimited, maxBytes: 1 })).toMatchObject({ dropped: [{ why: 'size' }, { why: 'lastResort' }], heldUp: false });
    });
  });

  describe('of what ticks have told', () => {
    const tell = (now: number): Promise<unknown> => store.commit(tick({}, { now, transitions: { all: [{ kind: 'job.deleted', at: now, job: 1, jobId: 'j', from: 'deleting', state: 'deleted' }], endings: [], unnamed: [] } }));

    it('drops the oldest, and says to who has not heard of it that there is a gap', async () => {
      const before = await headPosition(pool, ACCOUNT, 0);
      await trimTransitions(pool, NOW);
      await tell(NOW);
      const after = await headPosition(pool, ACCOUNT, 0);
      await tell(NOW + 10 * MINUTE_MS);
      expect(await readTransitions(pool, ACCOUNT, before, 10)).toMatchObject({ isGap: false, rows: [{ at: NOW }, { at: NOW + 10 * MINUTE_MS }] });
      const { dropped } = await trimTransitions(pool, NOW + 25 * MINUTE_MS, { maxAgeMs: 2 ** 40, maxBytes: 1 });
      expect(dropped.at(0)).toMatchObject({ partition: 'transition_0472500_00', why: 'size' });
      await trimTransitions(pool, NOW, { maxAgeMs: 2 ** 40, maxBytes: 2 ** 40 });
      await tell(NOW + 26 * MINUTE_MS);
      expect(await readTransitions(pool, ACCOUNT, before, 10)).toMatchObject({ isGap: true, rows: [{ at: NOW + 26 * MINUTE_MS }] });
      expect(await readTransitions(pool, ACCOUNT, after, 10)).toMatchObject({ isGap: true });
      const now = await headPosition(pool, ACCOUNT, 0);
      expect(await readTransitions(pool, ACCOUNT, now, 10)).toEqual({ isGap: false, rows: [], next: now, isEnd: true });
    });

    it('counts what is too old in the default partition among what was dropped', async () => {
      const before = await headPosition(pool, ACCOUNT, 0);
      await tell(NOW - 100 * HOUR_MS);
      await trimTransitions(pool, NOW, { maxAgeMs: 50 * HOUR_MS, maxBytes: 2 ** 40 });
      expect(await readTransitions(pool, ACCOUNT, before, 10)).toMatchObject({ isGap: true, rows: [] });
    });
  });

  describe('while a service runs', () => {
    const lines: { level: string; fields: object; message: string }[] = [];
    const log = {
      info: (fields: object, message: string) => void lines.push({ level: 'info', fields, message }),
      warn: (fields: object, message: string) => void lines.push({ level: 'warn', fields, message }),
    };
    beforeEach(() => void lines.splice(0));
    /** A job that is gone is cleared away, and a node that its task named. */
    const maintained = async (options: Partial<MaintenanceOptions>): Promise<void> => {
      await pool.query("delete from node; insert into node (node, account, pool, id, id_key, gone_at, status) values (1, $1, 1, 'a', 'a', 5, '{}')".replace('$1', String(ACCOUNT)));
      const job = await intents.addJob(ACCOUNT, jobIntent({ id: `left-${ticks}` }));
      await intents.addTasks(job, [taskIntent('a')]);
      await pool.query(`insert into task_status (job, task, state, since, cause, attempt, node) values ($1, 1, ${STATE.completed}, 0, ${CAUSE.exited}, 1, 1)`, [job]);
      await store.commit(tick({ gone: { tasks: [], jobs: [job], pools: [] } }));
      const maintenance = startMaintenance(pool, { clock: () => NOW, log, ...options });
      await until('the node is cleared away', async () => (await pool.query('select from node')).rowCount === 0);
      await until('what became of the journal is told', () => lines.length > 0);
      await maintenance.stop();
      expect((await pool.query('select from gone_job')).rowCount).toBe(0);
      expect((await pool.query('select from task where job = $1', [job])).rowCount).toBe(0);
    };

    it('does it all, and says in one line what was dropped of the journal', async () => {
      await trimJournal(pool, NOW - 20 * MINUTE_MS);
      for (const minutes of [20, 10]) await store.commit(tick({}, { now: NOW - minutes * MINUTE_MS, journal: { coreVersion: '1', seed: 1, inputs: new Uint8Array(1000) } }));
      await maintained({ journalLimits: { maxAgeMs: 2 ** 40, maxBytes: 1 } });
      const fields = { why: ['size'], partitions: 2, first: 'journal_0472499_40', last: 'journal_0472499_50', droppedBytes: expect.any(Number), keptBytes: expect.any(Number) };
      expect(lines).toEqual([{ level: 'info', fields, message: 'the beginning of the journal was dropped' }]);
      expect((await pool.query("select to_regclass('journal_0472500_50') as there")).rows).not.toEqual([{ there: null }]);
    });

    it('clears what is gone also while neither journal nor transitions nor usage can be trimmed, nor a deletion of a certificate be ended', async () => {
      await maintained({ clock: () => Number.NaN });
      const line = { level: 'warn', fields: { error: expect.any(Error) }, message: 'the database could not be maintained' };
      expect(lines).toEqual([line, line, line, line]);
    });
  });
});
