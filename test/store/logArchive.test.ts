import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import type { Pool } from 'pg';
import { findArchived, noteDeletedFile } from '../../src/store/intents/logArchive.ts';
import { postgresLogArchive, type LogArchiveStore, type RecordedObject } from '../../src/store/logArchive.ts';
import { TASK_STATUS } from '../../src/store/status/taskStatus.ts';
import { jobIntent } from '../support/intents.ts';
import { temporaryDatabase } from '../support/postgres.ts';
import { postgresIntents } from '../support/postgresIntents.ts';

const ACCOUNT = 1;
const NODE = 7;
const { choices: STATE } = TASK_STATUS.columns.state;
const { choices: CAUSE } = TASK_STATUS.columns.cause;
const FILES = [{ name: 'stdout.txt', start: 0, sizeBytes: 3, leftOutBytes: 0, modifiedAt: 1, mode: '0o100644' }];

describe('what is kept of the log archive', () => {
  let postgres: Awaited<ReturnType<typeof temporaryDatabase>>;
  let pool: Pool;
  let store: LogArchiveStore;
  let job: number;
  let jobs = 0;
  beforeAll(async () => {
    postgres = await temporaryDatabase({ maxConnections: 4 });
    ({ pool } = postgres);
    store = postgresLogArchive(pool);
  });
  beforeEach(async () => {
    await pool.query('delete from archived_task; delete from archive_object; delete from deleted_file');
    jobs += 1;
    job = await postgresIntents(pool).addJob(ACCOUNT, jobIntent({ id: `j${jobs}` }));
  });
  afterAll(() => postgres.remove());

  async function addTask(task: number, { attempt = 1, node = NODE, state = STATE.completed }: { attempt?: number; node?: number; state?: number } = {}): Promise<void> {
    await pool.query("insert into task (job, task, id, id_key, spec, created, modified, required_slots) values ($1, $2::bigint, $2::bigint::text, $2::bigint::text, '{}', 0, 0, 1)", [job, task]);
    await pool.query('insert into task_status (job, task, state, since, cause, attempt, node) values ($1, $2, $3, 0, $4, $5, $6)', [job, task, state, CAUSE.exited, attempt, node]);
  }

  /** Returns the number of the object and of how many tasks it has something. */
  async function archive(tasks: readonly { readonly task: number; readonly attempt?: number; readonly dueAt?: number }[], changes: Partial<RecordedObject> = {}): Promise<{ object: number; kept: number }> {
    const object = await store.begin(ACCOUNT, 'acct/blob', 10);
    const recorded = tasks.map(({ task, attempt = 1, dueAt = null }) => ({ job, task, attempt, dueAt, files: FILES }));
    return { object, kept: await store.record({ account: ACCOUNT, object, node: NODE, sizeBytes: 100, now: 20, tasks: recorded, ...changes }) };
  }

  function sweep(changes: Partial<Parameters<LogArchiveStore['sweep']>[1]> = {}): ReturnType<LogArchiveStore['sweep']> {
    return store.sweep(ACCOUNT, { jobs: null, now: 100, begunBefore: 0, mostBytes: 1000, ...changes });
  }

  test('a completed task is found with what its node said of its files', async () => {
    await addTask(1);
    const { kept } = await archive([{ task: 1 }]);
    expect(kept).toBe(1);
    const found = await findArchived(pool, job, 1, 50);
    expect(found).toMatchObject({ blob: 'acct/blob', archivedAt: 20, deleted: [] });
    expect(JSON.parse(found?.files ?? '')).toEqual(FILES);
    expect(await findArchived(pool, job, 2, 50)).toBeNull();
  });

  test('only what the node’s attempt has completed is entered', async () => {
    await addTask(1, { state: STATE.active });
    await addTask(2, { attempt: 2 });
    await addTask(3, { node: 8 });
    await addTask(4);
    const { object, kept } = await archive([{ task: 1 }, { task: 2 }, { task: 3 }, { task: 4 }, { task: 5 }]);
    expect(kept).toBe(1);
    for (const task of [1, 2, 3, 5]) expect(await findArchived(pool, job, task, 50)).toBeNull();
    expect(await sweep()).toEqual([]);
    await pool.query('delete from archived_task');
    expect(await sweep()).toEqual([{ object, blob: 'acct/blob' }]);
  });

  test('of a task that has run again the earlier attempt is not shown, and its next one takes its place', async () => {
    await addTask(1);
    const { object: before } = await archive([{ task: 1 }]);
    await pool.query('update task_status set attempt = 2 where job = $1', [job]);
    expect(await findArchived(pool, job, 1, 50)).toBeNull();
    await archive([{ task: 1, attempt: 2 }]);
    expect(await findArchived(pool, job, 1, 50)).not.toBeNull();
    expect((await sweep()).map(({ object }) => object)).toEqual([before]);
  });

  test('what clients have deleted is told with it, of this attempt alone', async () => {
    await addTask(1);
    await noteDeletedFile(pool, job, 1, 'wd/x');
    await noteDeletedFile(pool, job, 1, 'wd/x');
    await archive([{ task: 1 }]);
    expect((await findArchived(pool, job, 1, 50))?.deleted).toEqual(['wd/x']);
    await pool.query('update task_status set attempt = 2 where job = $1', [job]);
    await archive([{ task: 1, attempt: 2 }]);
    expect((await findArchived(pool, job, 1, 50))?.deleted).toEqual([]);
  });

  test('it goes with its task or its job, and at the end of its time', async () => {
    for (const task of [1, 2, 3]) await addTask(task);
    const { object: one } = await archive([{ task: 1 }]);
    const { object: two } = await archive([{ task: 2, dueAt: 60 }]);
    const { object: three } = await archive([{ task: 3 }]);
    const empty = async (changes: Parameters<typeof sweep>[0]): Promise<readonly number[]> => (await sweep(changes)).map(({ object }) => object);
    expect(await findArchived(pool, job, 2, 59)).not.toBeNull();
    expect(await findArchived(pool, job, 2, 60)).toBeNull();
    expect(await empty({ now: 59 })).toEqual([]);
    expect(await empty({ now: 60 })).toEqual([two]);
    await pool.query('delete from task where job = $1 and task = 1', [job]);
    expect(await empty({ jobs: [job + 1] })).toEqual([two]);
    expect(await empty({ jobs: [job] })).toEqual([one, two]);
    await pool.query('insert into gone_job (job) values ($1)', [job]);
    expect(await empty({ jobs: [job] })).toEqual([one, two, three]);
    await store.drop([one, two]);
    expect(await empty({})).toEqual([three]);
    expect(await store.isUsed(ACCOUNT)).toBe(true);
    await store.drop([three]);
    expect(await store.isUsed(ACCOUNT)).toBe(false);
  });

  test('an object that nothing was entered for goes when it can be put no more', async () => {
    const object = await store.begin(ACCOUNT, 'acct/orphan', 10);
    expect(await sweep({ begunBefore: 10 })).toEqual([]);
    expect(await sweep({ begunBefore: 11 })).toEqual([{ object, blob: 'acct/orphan' }]);
  });

  test('beyond the bound the oldest go', async () => {
    for (const task of [1, 2, 3]) await addTask(task);
    const objects: number[] = [];
    for (const task of [1, 2, 3]) objects.push((await archive([{ task }])).object);
    expect(await sweep({ mostBytes: 300 })).toEqual([]);
    expect((await sweep({ mostBytes: 299 })).map(({ object }) => object)).toEqual(objects.slice(0, 1));
    expect(await findArchived(pool, job, 1, 50)).toBeNull();
    expect(await findArchived(pool, job, 2, 50)).not.toBeNull();
  });

  test('an object that still holds something is not dropped', async () => {
    await addTask(1);
    const { object } = await archive([{ task: 1 }]);
    await store.drop([object]);
    expect(await findArchived(pool, job, 1, 50)).not.toBeNull();
  });
});
