import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import type { CostSum } from '../../src/wire/own/cost.ts';
import { statuses, type Statuses } from './statuses.ts';
import { testApi, UBUNTU, type Got, type TestApi } from './support.ts';

let it: TestApi;
let set: Statuses;
beforeAll(async () => {
  it = await testApi();
  set = statuses(it.pool);
});
afterEach(() => it.clear());
afterAll(() => it.close());

const HOUR_MS = 3_600_000;

async function addPool(id: string, vmSize: string): Promise<void> {
  expect((await it.ask({ method: 'POST', url: '/pools', body: { id, vmSize, targetDedicatedNodes: 0, taskSlotsPerNode: 2, virtualMachineConfiguration: UBUNTU } })).status).toBe(201);
}
function hour(at: number, values: { readonly pool?: number; readonly id?: string; readonly size?: string; readonly low?: boolean; readonly node: number; readonly busy?: number; readonly lost?: number }): Promise<unknown> {
  const { pool = 7, id = 'gone', size = 'standard_a1_v2', low = false, node, busy = 0, lost = 0 } = values;
  return it.pool.query('insert into usage_hour (account, hour, pool, pool_id, size, low_priority, node_ms, busy_ms, lost_ms) values (1, $1, $2, $3, $4, $5, $6, $7, $8)', [Math.floor(at / HOUR_MS), pool, id, size, low, node, busy, lost]);
}
function cost(query = ''): Promise<Got> {
  return it.ask({ url: `/linarite/cost${query}` });
}

describe('GET /linarite/cost', () => {
  test('tells of an account without use that nothing was used, and what examples cost an hour', async () => {
    const { json } = await cost();
    expect(json).toMatchObject({ currency: 'USD', region: 'westeurope', lines: [], total: { nodeSeconds: 0, idleShare: 0, lostSeconds: 0, cost: 0, unknownPrices: [] } });
    expect(json.prices).toEqual([
      { size: 'standard_a1_v2', cores: 1, plain: 0.041, dedicated: 0.041, low: 0.008 },
      { size: 'standard_d2s_v3', cores: 2, plain: 0.12, dedicated: 0.12, low: 0.024 },
    ]);
  });

  test('adds up the hours of pools, those that are gone too, and what meters say until now; by pool, size and kind', async () => {
    const now = it.now.value;
    await hour(now - 5 * HOUR_MS, { node: 2 * HOUR_MS, busy: HOUR_MS, lost: 60_000 });
    await hour(now - 4 * HOUR_MS, { node: 2 * HOUR_MS });
    await hour(now - 4 * HOUR_MS, { node: HOUR_MS, low: true });
    await addPool('Mine', 'Standard_D2s_v3');
    await set.pool('mine', { currentDedicated: 2, meter: { at: now - 1.5 * HOUR_MS, dedicated: 2, lowPriority: 0 } });
    const { json } = await cost();
    expect(json.lines).toEqual([
      { pool: 'gone', size: 'standard_a1_v2', kind: 'dedicated', nodeSeconds: 14_400, idleSeconds: 10_800, idleShare: 0.75, lostSeconds: 60, hourlyPrice: 0.041, cost: 0.164 },
      { pool: 'Mine', size: 'standard_d2s_v3', kind: 'dedicated', nodeSeconds: 10_800, idleSeconds: 10_800, idleShare: 1, lostSeconds: 0, hourlyPrice: 0.12, cost: 0.36 },
      { pool: 'gone', size: 'standard_a1_v2', kind: 'low', nodeSeconds: 3_600, idleSeconds: 3_600, idleShare: 1, lostSeconds: 0, hourlyPrice: 0.008, cost: 0.008 },
    ]);
    expect(json.total).toEqual({ nodeSeconds: 28_800, idleShare: 0.875, lostSeconds: 60, cost: 0.532, unknownPrices: [] });
    expect((await cost('?pool=MINE')).json).toMatchObject({ pool: 'MINE', total: { nodeSeconds: 10_800, cost: 0.36 } });
    expect((await cost('?pool=nobody')).json.lines).toEqual([]);
    expect((await cost(`?region=East%20US&pool=mine`)).json).toMatchObject({ region: 'East US', total: { cost: 0.288 } });
    const since = new Date(now - HOUR_MS).toISOString();
    expect((await cost(`?since=${since}`)).json).toMatchObject({ lines: [{ pool: 'Mine', nodeSeconds: 7_200 }], total: { cost: 0.24 } });
  });

  test('adds up by pool, by day and by job, in a time', async () => {
    const noon = Math.floor(it.now.value / 86_400_000) * 86_400_000 - 12 * HOUR_MS;
    await hour(noon, { node: 2 * HOUR_MS, busy: HOUR_MS });
    await hour(noon - 24 * HOUR_MS, { node: HOUR_MS, lost: 60_000 });
    await hour(noon, { node: HOUR_MS, pool: 8, id: 'other', low: true });
    const [day, before] = [0, 24].map((hours) => new Date(noon - hours * HOUR_MS).toISOString().slice(0, 10));
    const sums = async (query: string) => (await cost(query)).json.rows.map(({ key, nodeSeconds, idleSeconds, cost: sum }: CostSum) => [key, nodeSeconds, idleSeconds, sum]);
    expect(await sums('?by=pool')).toEqual([['gone', 10_800, 7_200, 0.123], ['other', 3_600, 3_600, 0.008]]);
    expect(await sums('?by=day')).toEqual([[before, 3_600, 3_600, 0.041], [day, 10_800, 7_200, 0.09]]);
    expect(await sums(`?by=day&from=${day}T00:00:00Z&pool=gone`)).toEqual([[day, 7_200, 3_600, 0.082]]);
    expect(await sums(`?by=day&to=${day}T00:00:00Z`)).toEqual([[before, 3_600, 3_600, 0.041]]);
    expect(await sums('?by=job')).toEqual([]);
  });

  test.each([['by=week', 'by'], ['by=job&from=2026-01-01T00:00:00Z', 'from'], ['by=job&pool=p', 'pool'], ['by=day&job=j', 'job'], ['by=day&since=2026-01-01T00:00:00Z', 'since'], ['to=2026-01-01T00:00:00Z', 'to']])('with %s it is refused, and named', async (query, name) => {
    const { status, json } = await cost(`?${query}`);
    expect({ status, name: json.values[0].value }).toEqual({ status: 400, name });
  });

  test('says of what no price is known, and never that it is nothing', async () => {
    await hour(it.now.value, { node: HOUR_MS, size: 'standard_z1' });
    await hour(it.now.value, { node: HOUR_MS, pool: 8 });
    const { json } = await cost();
    expect(json.lines[0]).toMatchObject({ size: 'standard_z1', hourlyPrice: null, cost: null });
    expect(json.total).toMatchObject({ cost: 0.041, unknownPrices: ['standard_z1 dedicated'] });
  });

  test("of a job and a task is their tasks' part of the nodes, those that run until now", async () => {
    const now = it.now.value;
    await addPool('p', 'standard_a1_v2');
    expect((await it.ask({ method: 'POST', url: '/jobs', body: { id: 'Job', poolInfo: { poolId: 'p' } } })).status).toBe(201);
    for (const id of ['a', 'b']) expect((await it.ask({ method: 'POST', url: '/jobs/job/tasks', body: { id, commandLine: 'x' } })).status).toBe(201);
    const node = await set.node('p', { id: 'n', dedicated: true, slots: 2 });
    const { rows } = await it.pool.query<{ pool: number }>("select pool from pool where id = 'p'");
    const usage = [{ pool: Number(rows[0]?.pool), poolId: 'p', size: 'standard_a1_v2', lowPriority: false, ms: HOUR_MS, lostMs: 5_000, countedMs: 0, countedLostMs: 0 }];
    await set.job('job', { tasks: { active: 1, running: 1, succeeded: 0, failed: 0 } });
    await it.pool.query('update job_status set usage = $1', [JSON.stringify(usage)]);
    await set.task('job', 'a', { state: 'running', node, startedAt: now - 2 * HOUR_MS });
    expect((await cost('?job=job')).json).toMatchObject({ job: 'Job', lines: [{ pool: 'p', kind: 'dedicated', nodeSeconds: 7_200, lostSeconds: 5, cost: 0.082 }], total: { cost: 0.082 } });
    expect((await cost('?job=job&task=A')).json).toMatchObject({ job: 'Job', task: 'a', lines: [{ nodeSeconds: 3_600, cost: 0.041 }] });
    expect((await cost('?job=job&task=b')).json).toMatchObject({ lines: [], total: { cost: 0 } });
    expect((await cost('?by=job')).json.rows).toEqual([{ key: 'Job', nodeSeconds: 7_200, lostSeconds: 5, cost: 0.082, unknownPrices: [] }]);
    expect((await cost('?job=other')).json.code).toBe('JobNotFound');
    expect((await cost('?job=job&task=c')).json.code).toBe('TaskNotFound');
  });

  test.each(['?who=me', '?pool=a&pool=b', '?pool=a&job=b', '?task=a', '?since=yesterday', '?job=a&since=2026-01-01T00:00:00Z', '?region=mars'])('%s is refused by name', async (query) => {
    const got = await cost(query);
    expect([got.status, got.json.code]).toEqual([400, 'InvalidQueryParameterValue']);
  });
});
