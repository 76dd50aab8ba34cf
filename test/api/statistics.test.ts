import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { statuses, type Statuses } from './statuses.ts';
import { testApi, UBUNTU, type Got, type TestApi } from './support.ts';

let it: TestApi;
let set: Statuses;
let now: number;
const HOUR_MS = 3_600_000;

async function post(url: string, body: object): Promise<void> {
  expect((await it.ask({ method: 'POST', url, body })).status).toBe(201);
}
beforeAll(async () => {
  it = await testApi();
  set = statuses(it.pool);
  now = it.now.value;
  await post('/pools', { id: 'P', vmSize: 'standard_d2_v3', targetDedicatedNodes: 0, virtualMachineConfiguration: UBUNTU });
  await post('/jobschedules', { id: 's', schedule: {}, jobSpecification: { poolInfo: { poolId: 'p' } } });
  await set.scheduledJob('s', 1);
  await post('/jobs', { id: 'j', poolInfo: { poolId: 'p' } });
  for (const job of ['j', 's:job-1']) for (const id of ['done', 'failed', 'new']) await post(`/jobs/${encodeURIComponent(job)}/tasks`, { id, commandLine: 'x' });
  for (const job of ['j', 's:job-1']) {
    await set.task(job, 'done', { state: 'completed', result: 'success', exitCode: 0, attempt: 1, startedAt: now + 2_000, endedAt: now + 5_500, used: [1_250_000, 30_600, 7, 8, 2 ** 29, 2 ** 30] });
    await set.task(job, 'failed', { state: 'completed', result: 'failure', exitCode: 1, attempt: 3, retryCount: 2, startedAt: now + 1_000, endedAt: now + 2_000, used: [250_000, 0, 1, 0, 0, 0], earlierMs: 500 });
  }
  await set.pool('p', { currentDedicated: 3, meter: { at: now - 3 * HOUR_MS, dedicated: 2, lowPriority: 1 } });
  const { rows } = await it.pool.query<{ pool: number }>('select pool from pool');
  const insert = 'insert into usage_hour (account, hour, pool, pool_id, size, low_priority, node_ms, busy_ms, lost_ms) values (1, $1, $2, $3, $4, $5, $6, 0, 0)';
  await it.pool.query(insert, [now / HOUR_MS - 4, rows[0]?.pool, 'P', 'standard_d2_v3', false, HOUR_MS]);
  await it.pool.query(insert, [now / HOUR_MS - 4, 999, 'gone', 'standard_f4', true, HOUR_MS / 2]);
  it.now.value = now + 10_000;
});
afterAll(() => it.close());

const RESOURCES = { userCPUTime: 'PT0S', kernelCPUTime: 'PT0S', readIOps: '0', writeIOps: '0', readIOGiB: 0, writeIOGiB: 0 };
/** Of both tasks that ran. */
const USED = { userCPUTime: 'PT1.5S', kernelCPUTime: 'PT0.031S', readIOps: '8', writeIOps: '8', readIOGiB: 0.5, writeIOGiB: 1 };
const OF_TASKS = { ...USED, startTime: expect.any(String), lastUpdateTime: '2026-11-20T12:00:10Z', wallClockTime: 'PT5S', waitTime: 'PT3S', numTaskRetries: '2', numSucceededTasks: '1', numFailedTasks: '1' };

describe('$expand=stats', () => {
  test('counts the tasks of a job, and of all jobs of a schedule, as they are now', async () => {
    expect((await it.ask({ url: '/jobs/j?$expand=stats' })).json.stats).toEqual({ ...OF_TASKS, url: expect.stringMatching(/\/jobs\/j\/jobstats$/) });
    const { value } = (await it.ask({ url: '/jobs?$expand=stats' })).json;
    expect(value.map(({ id, stats }: Got['json']) => [id, stats.numSucceededTasks])).toEqual([['j', '1'], ['s:job-1', '1']]);
    expect((await it.ask({ url: '/jobschedules/s?$expand=stats' })).json.stats).toMatchObject(OF_TASKS);
    expect((await it.ask({ url: '/jobschedules?$expand=stats' })).json.value[0].stats).toMatchObject(OF_TASKS);
    expect((await it.ask({ url: '/jobschedules/s/jobs?$expand=stats' })).json.value[0].stats).toMatchObject(OF_TASKS);
  });

  test('says how long a task waited and ran, its earlier tries as well, and what it used', async () => {
    const { url, ...stats } = (await it.ask({ url: '/jobs/j/tasks/done?$expand=stats' })).json.stats;
    expect([url, stats]).toEqual([expect.stringMatching(/\/jobs\/j\/tasks\/done\/taskstats$/), { ...USED, userCPUTime: 'PT1.25S', readIOps: '7', startTime: '2026-11-20T12:00:00Z', lastUpdateTime: '2026-11-20T12:00:10Z', wallClockTime: 'PT3.5S', waitTime: 'PT2S' }]);
    const { value } = (await it.ask({ url: '/jobs/j/tasks?$expand=stats' })).json;
    expect(value.map(({ id, stats: { wallClockTime, waitTime } }: Got['json']) => [id, wallClockTime, waitTime])).toEqual([['done', 'PT3.5S', 'PT2S'], ['failed', 'PT1.5S', 'PT1S'], ['new', 'PT0S', 'PT10S']]);
    expect(value[2].stats).toMatchObject(RESOURCES);
  });

  test('counts the cores of dedicated nodes of a pool until now', async () => {
    const { stats } = (await it.ask({ url: '/pools/p?$expand=stats' })).json;
    // An hour of one node, then two for three hours and ten seconds, of two cores.
    expect(stats.usageStats).toEqual({ startTime: '2026-11-20T12:00:00Z', lastUpdateTime: '2026-11-20T12:00:10Z', dedicatedCoreTime: 'PT40S' });
    expect(stats.resourceStats).toMatchObject({ avgCPUPercentage: 0, diskReadIOps: '0' });
    expect((await it.ask({ url: '/pools?$expand=stats' })).json.value[0].stats).toEqual(stats);
  });

  test('says what the nodes of a pool have used', async () => {
    const level = (gib: number, peakGib: number): object => ({ byteMs: gib * 2 ** 30 * 1_000, ms: 1_000, peakBytes: peakGib * 2 ** 30 });
    const io = { readBytes: 2 ** 29, writeBytes: 2 ** 31, readOps: 7, writeOps: 8 };
    await it.pool.query('update pool_status set resources = $1', [JSON.stringify({ nodeMs: 1_000, cpu: { ms: 500, coreMs: 2_000 }, memory: level(1.5, 3), disk: level(4, 5), io, network: { inBytes: 2 ** 30, outBytes: 0 } })]);
    const { resourceStats } = (await it.ask({ url: '/pools/p?$expand=stats' })).json.stats;
    expect(resourceStats).toEqual({
      startTime: '2026-11-20T12:00:00Z',
      lastUpdateTime: '2026-11-20T12:00:10Z',
      avgCPUPercentage: 25,
      avgMemoryGiB: 1.5,
      peakMemoryGiB: 3,
      avgDiskGiB: 4,
      peakDiskGiB: 5,
      diskReadIOps: '7',
      diskWriteIOps: '8',
      diskReadGiB: 0.5,
      diskWriteGiB: 2,
      networkReadGiB: 1,
      networkWriteGiB: 0,
    });
    await it.pool.query('update pool_status set resources = null');
  });

  test('is left out where nobody asks, or only for other properties; $select may name it', async () => {
    for (const url of ['/pools/p', '/jobs/j', '/jobs/j/tasks/done', '/jobschedules/s']) {
      expect((await it.ask({ url })).json.stats).toBeUndefined();
      expect(Object.keys((await it.ask({ url: `${url}?$select=id,state&$expand=stats` })).json)).toEqual(['odata.metadata', 'id', 'state']);
      expect(Object.keys((await it.ask({ url: `${url}?$select=id,stats` })).json)).toEqual(['odata.metadata', 'id', 'stats']);
    }
  });
});

describe('GET /poolusagemetrics', () => {
  const at = (hours: number): string => new Date(now + hours * HOUR_MS).toISOString().replace('.000Z', 'Z');
  const list = async (query: string): Promise<unknown[]> => (await it.ask({ url: `/poolusagemetrics${query}` })).json.value;

  test('without times is the last hour that is over', async () => {
    expect(await list('')).toEqual([{ poolId: 'P', startTime: at(-1), endTime: at(0), vmSize: 'standard_d2_v3', totalCoreHours: 6 }]);
  });

  test('between times has each hour that is over, of pools that are gone too, page by page and filtered', async () => {
    const all = await list(`?starttime=${at(-5)}&endtime=${at(1)}`);
    expect(all).toEqual([
      { poolId: 'gone', startTime: at(-4), endTime: at(-3), vmSize: 'standard_f4', totalCoreHours: 2 },
      { poolId: 'P', startTime: at(-4), endTime: at(-3), vmSize: 'standard_d2_v3', totalCoreHours: 2 },
      ...[-3, -2, -1].map((hour) => ({ poolId: 'P', startTime: at(hour), endTime: at(hour + 1), vmSize: 'standard_d2_v3', totalCoreHours: 6 })),
    ]);
    expect(await list(`?starttime=${at(-5)}&$filter=poolId%20eq%20%27gone%27`)).toEqual(all.slice(0, 1));
    expect(await list(`?starttime=${at(-2)}&endtime=${at(-1)}`)).toEqual(all.slice(3, 4));
    const paged: unknown[] = [];
    for (let url: string | undefined = `/poolusagemetrics?starttime=${at(-5)}&maxresults=2`; url !== undefined; ) {
      const { json }: Got = await it.ask({ url });
      expect(json.value.length).toBeLessThanOrEqual(2);
      paged.push(...json.value);
      url = json['odata.nextLink']?.replace(/^https?:\/\/[^/]+/, '');
    }
    expect(paged).toEqual(all);
  });

  test('refuses an end before the start', async () => {
    expect((await it.ask({ url: `/poolusagemetrics?starttime=${at(0)}&endtime=${at(-1)}` })).json.code).toBe('InvalidQueryParameterValue');
  });
});
