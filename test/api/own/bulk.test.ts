import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { resumeBulk } from '../../../src/api/own/bulk/work.ts';
import type { Parts } from '../../../src/api/call.ts';
import { statuses, type Statuses } from '../statuses.ts';
import { testApi, type TestApi } from '../support.ts';

let it: TestApi;
let set: Statuses;
let job = '';
let jobs = 0;
beforeAll(async () => {
  it = await testApi();
  set = statuses(it.pool);
});
afterAll(() => it.close());

const FAILED = { state: 'completed', attempt: 1, startedAt: 1, endedAt: 2, exitCode: 1, result: 'failure' } as const;

beforeEach(async () => {
  jobs += 1;
  job = `J${jobs}`;
  await it.ask({ method: 'POST', url: '/jobs', body: { id: job, usesTaskDependencies: true, poolInfo: { poolId: 'P' } } });
  const tasks = ['failed', 'ok', 'running', 'waiting'].map((id) => ({ id, commandLine: 'render', constraints: { maxTaskRetryCount: 3 }, environmentSettings: [{ name: 'A', value: '1' }] }));
  await it.ask({ method: 'POST', url: `/jobs/${job}/addtaskcollection`, body: { value: tasks } });
  it.now.value += 10_000;
  await set.task(job, 'failed', { ...FAILED, since: it.now.value - 1 });
  await set.task(job, 'ok', { ...FAILED, since: it.now.value - 5_000, exitCode: 0, result: 'success' });
  await set.task(job, 'running', { state: 'running', attempt: 1, startedAt: 1 });
  await set.job(job, { tasks: { active: 1, running: 1, succeeded: 1, failed: 1 } });
});

async function bulk(body: object, url = `/linarite/jobs/${job}/bulk`) {
  const { status, json } = await it.ask({ method: 'POST', url, body });
  return { status, json };
}
async function task(id: string) {
  return (await it.ask({ url: `/jobs/${job}/tasks/${id}` })).json;
}
const ALL = ['failed', 'ok', 'running', 'waiting'];

describe('many tasks at once', () => {
  test('are run again if they have failed; each other one is told of by its reason', async () => {
    const { status, json } = await bulk({ action: 'rerun', ids: [...ALL, 'nobody'] });
    expect({ status, json }).toMatchObject({ status: 200, json: { job, action: 'rerun', state: 'completed', matched: 4, done: 4, changed: 1 } });
    const reasons = json.skipped.map(({ reason, count, examples }: { reason: string; count: number; examples: string[] }) => `${count} ${reason} ${examples.join()}`);
    expect(reasons.toSorted()).toEqual(['1 gone nobody', '1 running running', '1 succeeded ok', '1 waiting waiting']);
    expect(await task('failed')).toMatchObject({ state: 'active', previousState: 'completed' });
    expect((await it.ask({ url: `/linarite/operations/${json.operation}` })).json).toEqual(json);
    expect(it.woken.length).toBeGreaterThan(0);
  });

  test('a dry run says the same and does nothing', async () => {
    const { json } = await bulk({ action: 'rerun', filter: "state eq 'completed'", dryRun: true });
    expect(json).toMatchObject({ operation: null, matched: 2, changed: 1, skipped: [{ reason: 'succeeded', count: 1 }] });
    expect((await task('failed')).state).toBe('completed');
  });

  test('are ended, and removed', async () => {
    expect((await bulk({ action: 'terminate', filter: '' })).json).toMatchObject({ matched: 4, changed: 2, skipped: [{ reason: 'completed', count: 2 }] });
    const { rows } = await it.pool.query<{ id: string }>('select t.id from task t join job j using (job) where j.id = $1 and terminate_at is not null order by 1', [job]);
    expect(rows.map(({ id }) => id)).toEqual(['running', 'waiting']);
    expect((await bulk({ action: 'delete', ids: ['ok', 'failed'] })).json).toMatchObject({ changed: 2, skipped: [] });
    expect((await it.ask({ url: `/jobs/${job}/tasks/ok` })).status).toBe(404);
  });

  test('get other constraints, those that are named', async () => {
    await bulk({ action: 'change', ids: ALL, change: { constraints: { maxWallClockTime: 'PT5M' } } });
    expect((await task('waiting')).constraints).toMatchObject({ maxWallClockTime: 'PT5M', maxTaskRetryCount: 3 });
    expect((await task('ok')).constraints.maxWallClockTime).not.toBe('PT5M');
    await bulk({ action: 'rerun', ids: ['failed'], change: { constraints: { maxTaskRetryCount: 7 } } });
    expect(await task('failed')).toMatchObject({ state: 'active', constraints: { maxTaskRetryCount: 7 } });
  });

  test('with another program or width are other tasks under the same ids; what runs is left alone', async () => {
    const { json } = await bulk({ action: 'change', ids: ALL, change: { requiredSlots: 2, commandLine: 'better' } });
    expect(json).toMatchObject({ changed: 1 });
    expect(await task('waiting')).toMatchObject({ requiredSlots: 2, commandLine: 'better', state: 'active', constraints: { maxTaskRetryCount: 3 }, environmentSettings: [{ name: 'A', value: '1' }] });
    expect((await task('running')).commandLine).toBe('render');
    await bulk({ action: 'rerun', ids: ['failed'], change: { requiredSlots: 4 } });
    expect(await task('failed')).toMatchObject({ requiredSlots: 4, state: 'active', executionInfo: { retryCount: 0 } });
    const { rows } = await it.pool.query<{ next: number }>('select next_task::int as next from job where id = $1', [job]);
    expect(rows[0]?.next).toBe(7);
  });

  test('that changed since the client looked are left as they are', async () => {
    await it.pool.query('insert into ownership (account, epoch, tick) values (1, 5, 3) on conflict (account) do update set epoch = 5, tick = 3');
    await it.pool.query(`insert into journal (account, epoch, tick, at, core_version, seed, inputs) values (1, 5, ${100 + jobs}, $1, '1', 0, '')`, [it.now.value - 1_000]);
    const asOf = `5-${100 + jobs}`;
    expect((await bulk({ action: 'rerun', filter: "executionInfo/result eq 'failure'", asOf })).json).toMatchObject({ matched: 1, changed: 0, skipped: [{ reason: 'changedSince', examples: ['failed'] }] });
    expect((await bulk({ action: 'rerun', ids: ['failed'], asOf: '5-99' })).json.values[0].value).toBe('asOf');
  });

  test('go on where an earlier life of the service stopped, and each is done once', async () => {
    const ids = Array.from({ length: 450 }, (_, index) => `t${index}`);
    for (let from = 0; from < ids.length; from += 100) await it.ask({ method: 'POST', url: `/jobs/${job}/addtaskcollection`, body: { value: ids.slice(from, from + 100).map((id) => ({ id, commandLine: 'x' })) } });
    const { rows: [row] } = await it.pool.query<{ job: number }>('select job from job where id = $1', [job]);
    const operation = '11111111-2222-3333-4444-555555555555';
    const work = JSON.stringify({ action: 'delete' });
    await it.pool.query(`insert into bulk_operation (operation, account, job, work, numbers, done, changed, created) select $1, 1, $2, $3, array_agg(n), 200, 200, 0 from generate_series(5, 454) n`, [operation, row?.job, work]);
    const begun: Promise<void>[] = [];
    const parts = { database: it.pool, clock: () => it.now.value, wake: { wake: () => Promise.resolve() }, timeout: (ms: number) => AbortSignal.timeout(ms), later: { begin: (_what: string, _key: string, run: () => Promise<void>) => void begun.push(run()), resume: (_what: string, _key: string, run: () => Promise<void>) => void begun.push(run()), stop: () => undefined } } as unknown as Parts;
    await resumeBulk(parts);
    await Promise.all(begun);
    expect((await it.ask({ url: `/linarite/operations/${operation}` })).json).toMatchObject({ state: 'completed', matched: 450, done: 450, changed: 450 });
    const { rows } = await it.pool.query<{ left: number }>('select count(*)::int as left from task where job = $1 and task >= 5 and deleted_at is null', [row?.job]);
    expect(rows[0]?.left).toBe(200);
  });

  test('of a job that takes no such thing any more: the operation fails and says why', async () => {
    await set.job(job, { state: 'completed' });
    expect((await bulk({ action: 'rerun', ids: ['failed'] })).json).toMatchObject({ state: 'failed', changed: 0, failure: { code: 'JobCompleted' } });
  });

  test.each([
    [{ action: 'explode', ids: ['a'] }, 'action'],
    [{ action: 'rerun' }, 'ids'],
    [{ action: 'rerun', ids: [] }, 'ids'],
    [{ action: 'rerun', ids: ['a'], filter: '' }, 'ids'],
    [{ action: 'change', ids: ['a'] }, 'change'],
    [{ action: 'delete', ids: ['a'], change: { requiredSlots: 1 } }, 'change'],
    [{ action: 'change', ids: ['a'], change: { id: 'b' } }, 'id'],
    [{ action: 'change', ids: ['a'], change: { requiredSlots: 0 } }, 'requiredSlots'],
    [{ action: 'rerun', ids: ['a'], asOf: 'then' }, 'asOf'],
    [{ action: 'rerun', ids: ['a'], soon: true }, 'soon'],
    [{ action: 'rerun', filter: 'size eq 1' }, '$filter'],
  ])('%j is refused, and named', async (body, name) => {
    const { status, json } = await bulk(body);
    expect({ status, name: json.values[0].value }).toEqual({ status: 400, name });
  });
});
