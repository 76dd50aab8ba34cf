import { SEALING as sealing } from './management/support.ts';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { tasksTogether, type Add } from '../../src/api/data/task/addTogether.ts';
import { connect } from '../../src/store/connect.ts';
import { postgresOwnerStore } from '../../src/store/owner/store.ts';
import type { AddedTasks } from '../../src/store/ownerStore.ts';
import { until } from '../support/deadline.ts';
import { statuses } from './statuses.ts';
import { testApi, type Got, type TestApi } from './support.ts';

let it: TestApi;
beforeAll(async () => {
  it = await testApi();
});
beforeEach(async () => {
  await it.clear();
  for (const id of ['J', 'k']) await it.ask({ method: 'POST', url: '/jobs', body: { id, poolInfo: { poolId: 'p' } } });
});
afterAll(() => it.close());

function add(id: string, job = 'j'): Promise<Got> {
  return it.ask({ method: 'POST', url: `/jobs/${job}/tasks`, body: { id, commandLine: 'x' } });
}

async function query<Row extends object>(text: string): Promise<readonly Row[]> {
  return (await it.pool.query<Row>(text)).rows;
}

/** Keeps adds to the job waiting; returns what lets them go on. */
async function hold(job = 'j'): Promise<() => Promise<void>> {
  const holder = await it.pool.connect();
  await holder.query('begin');
  await holder.query('select from job where id_key = $1 for update', [job]);
  return async () => {
    await holder.query('rollback');
    holder.release();
  };
}

function blocked(): Promise<readonly { readonly pid: number }[]> {
  return query("select pid from pg_stat_activity where wait_event_type = 'Lock'");
}

/** Adds that wait: one is under way, which cannot go on. */
async function waiting(ids: readonly string[], job = 'j'): Promise<readonly Promise<Got>[]> {
  const first = ids.slice(0, 1).map((id) => add(id, job));
  await until('the first add waits for the job', async () => (await blocked()).length === 1);
  const all = [...first, ...ids.slice(1).map((id) => add(id, job))];
  // Those of before have been read when a later one has been answered.
  await it.ask({ url: '/jobs/k' });
  return all;
}

function oneTask(account: number, id: string): Add {
  const task = { id, commandLine: 'x' };
  return { account, jobId: 'j', tasks: [{ taskId: id, task, row: { id, spec: '{}', createdAt: 7, requiredSlots: 1, rules: null } }], count: 1, size: 2, now: 7, signal: new AbortController().signal };
}

test('adds that come while another is under way share a commit, and each is answered as if it were alone', async () => {
  const release = await hold();
  const ids = ['a', 'b', 'c', 'B', 'd', 'e'];
  const adds = await waiting(ids);
  it.now.value += 5_000;
  await release();
  const got = await Promise.all(adds);
  expect(got.map(({ status }) => status)).toEqual([201, 201, 201, 409, 201, 201]);
  expect(got[3]?.json.code).toBe('TaskExists');
  const [, b] = got;
  expect(b?.headers).toMatchObject({ location: expect.stringMatching(/\/jobs\/J\/tasks\/b$/), dataserviceid: expect.stringMatching(/\/jobs\/J\/tasks\/b$/) });
  const read = await it.ask({ url: '/jobs/j/tasks/b' });
  expect([read.json.eTag, read.headers['etag'], read.json.creationTime]).toEqual([b?.headers['etag'], b?.headers['etag'], read.json.lastModified]);
  expect(new Date(read.json.creationTime).getTime()).toBe(it.now.value - 5_000);
  const rows = await query<{ task: number; id: string; xmin: string }>('select task::int, id, xmin::text from task order by task');
  expect(rows.map(({ task }) => task)).toEqual([1, 2, 3, 4, 5]);
  expect(new Set(rows.map(({ id }) => id))).toEqual(new Set(['a', 'b', 'c', 'd', 'e']));
  expect(new Set(rows.map(({ xmin }) => xmin)).size).toBeLessThan(rows.length);
  expect(await query('select next_task::int as next, slots_added::int as slots from job where id_key = \'j\'')).toEqual([{ next: 6, slots: 5 }]);
});

test('collections and single adds share one, and what of them is refused is theirs alone', async () => {
  const release = await hold();
  const adds = await waiting(['a']);
  const collection = it.ask({ method: 'POST', url: '/jobs/j/addtaskcollection', body: { value: [{ id: 'x', commandLine: 'x' }, { id: 'A', commandLine: 'x' }, { id: 'bad', commandLine: 'x', multiInstanceSettings: {} }] } });
  await it.ask({ url: '/jobs/k' });
  await release();
  await Promise.all(adds);
  expect((await collection).json.value.map(({ taskId, status, error }: { taskId: string; status: string; error?: { code: string } }) => [taskId, status, error?.code])).toEqual([
    ['x', 'Success', undefined],
    ['A', 'ClientError', 'TaskExists'],
    ['bad', 'ClientError', expect.any(String)],
  ]);
});

test('a task that the database refuses fails alone', async () => {
  await it.pool.query("alter table task add constraint poison check (id <> 'poison')");
  const release = await hold();
  const adds = await waiting(['a', 'b', 'poison', 'c']);
  await release();
  expect((await Promise.all(adds)).map(({ status, json }) => [status, json?.code])).toEqual([[201, undefined], [201, undefined], [500, 'InternalError'], [201, undefined]]);
  await it.pool.query('alter table task drop constraint poison');
  expect((await query<{ id: string }>('select id from task')).map(({ id }) => id).toSorted()).toEqual(['a', 'b', 'c']);
});

test('a connection that is lost fails those whose commit it had, once and for all, and the next go on', async () => {
  const lock = 4711;
  await it.pool.query(`create function wait() returns trigger language plpgsql as $$ begin perform pg_advisory_xact_lock(${lock}); return new; end $$`);
  await it.pool.query("create trigger wait before insert on task for each row when (new.id = 'b') execute function wait()");
  const holder = await it.pool.connect();
  await holder.query('select pg_advisory_lock($1)', [lock]);
  const release = await hold();
  const [first, ...shared] = await waiting(['a', 'b', 'c']);
  await release();
  expect((await first)?.status).toBe(201);
  await until('the others wait for the lock', async () => (await blocked()).length === 1);
  const next = add('d');
  const [{ pid } = { pid: 0 }] = await blocked();
  await it.pool.query('select pg_terminate_backend($1)', [pid]);
  expect((await Promise.all(shared)).map(({ json }) => json.code)).toEqual(['ServerBusy', 'ServerBusy']);
  expect((await next).status).toBe(201);
  expect((await query<{ id: string }>('select id from task order by task')).map(({ id }) => id)).toEqual(['a', 'd']);
  await holder.query('select pg_advisory_unlock($1)', [lock]);
  holder.release();
  await it.pool.query('drop trigger wait on task; drop function wait');
});

test('adds to a job that is not there, or that has come to its end while they waited, are all told so', async () => {
  expect((await Promise.all(['a', 'b'].map((id) => add(id, 'none')))).map(({ status, json }) => [status, json.code])).toEqual([[404, 'JobNotFound'], [404, 'JobNotFound']]);
  const release = await hold();
  const adds = await waiting(['a', 'b', 'c']);
  await statuses(it.pool).job('j', { state: 'completed' });
  await release();
  expect((await Promise.all(adds)).map(({ json }) => json.code)).toEqual(['JobCompleted', 'JobCompleted', 'JobCompleted']);
});

test('the owner’s statement is on its way before an add is answered', async () => {
  const [{ account } = { account: 0 }] = await query<{ account: number }>('select account from account');
  const order: string[] = [];
  // As the driver of the database: what is said in a turn leaves at its end.
  const sweep = (): void => process.nextTick(() => order.push('the owner'));
  const tasks = tasksTogether({ database: it.pool, sealing, wake: { sweep, wake: () => Promise.resolve(), ended: () => Promise.resolve() } });
  await tasks(oneTask(account, 'a'));
  order.push('the answer');
  expect(order).toEqual(['the owner', 'the answer']);
});

test('the owner is woken once for a commit, whoever shares it', async () => {
  const swept: number[] = [];
  const [{ account } = { account: 0 }] = await query<{ account: number }>('select account from account');
  const tasks = tasksTogether({ database: it.pool, sealing, wake: { sweep: (number) => swept.push(number), wake: () => Promise.resolve(), ended: () => Promise.resolve() } });
  const added = await Promise.all(['a', 'b', 'a'].map((id) => tasks(oneTask(account, id))));
  expect(added.map(({ jobId, outcomes }) => [jobId, ...outcomes.map((outcome) => ('error' in outcome ? outcome.error.code : outcome.modifiedAt))])).toEqual([['J', 7], ['J', 7], ['J', 'TaskExists']]);
  expect(swept).toEqual([account]);
  expect(await query('select count(distinct xmin::text)::int as commits from task')).toEqual([{ commits: 1 }]);
  expect(await query("select count(*)::int as entries from inbox where kind = 'tasks'")).toEqual([{ entries: 1 }]);
});

test('what is handed over to the owner is what it would read', async () => {
  const handed: AddedTasks[] = [];
  const other = await testApi({ wake: { sweep: (_account, added) => void (added !== undefined && handed.push(added)), wake: () => Promise.resolve(), ended: () => Promise.resolve() } });
  const owner = connect(other.postgres.connection, 'owner');
  const post = (url: string, body: unknown): Promise<Got> => other.ask({ method: 'POST', url, body });
  await post('/jobs', { id: 'j', poolInfo: { poolId: 'p' }, usesTaskDependencies: true });
  const exitConditions = { exitCodes: [{ code: 3, exitOptions: { dependencyAction: 'satisfy' } }], default: { dependencyAction: 'block' } };
  const varied = [
    { id: 'Plain', commandLine: 'x' },
    { id: 'slots', commandLine: 'x', requiredSlots: 3, affinityInfo: { affinityId: 'A' }, constraints: { maxTaskRetryCount: -1, retentionTime: 'PT1H' } },
    { id: 'after', commandLine: 'x', dependsOn: { taskIds: ['Plain', 'SLOTS'], taskIdRanges: [{ start: 1, end: 4 }] }, exitConditions },
  ];
  await post('/jobs/j/tasks', { id: 'first', commandLine: 'x' });
  other.now.value += 17;
  await post('/jobs/j/addtaskcollection', { value: [...varied, { id: 'FIRST', commandLine: 'x' }] });
  await post('/jobs/j/tasks', { id: 'first', commandLine: 'x' });
  const store = postgresOwnerStore(owner);
  const [{ job } = { job: 0 }] = handed;
  const { tasks } = await store.readTasks(job, 0, 10);
  expect(tasks).toHaveLength(4);
  expect(handed.map((added) => added.tasks)).toEqual([tasks.slice(0, 1), tasks.slice(1)]);
  const jobEntry = 1;
  expect((await store.readInbox(1, 10)).entries.slice(jobEntry)).toEqual(handed.map(({ entry }) => entry));
  expect(handed.map(({ size }) => size > 0)).toEqual([true, true]);
  await owner.end();
  await other.close();
});
