import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { postgresOwnerStore } from '../../src/store/owner/store.ts';
import { testApi, UBUNTU, type Got, type TestApi } from './support.ts';

let it: TestApi;
beforeAll(async () => {
  it = await testApi();
});
const NOON = Date.parse('2026-11-20T12:00:00Z');
const FORMULA = 'n = $Own_queue.Count(); $TargetDedicatedNodes = min(5, max(0, $Own_queue) / 10);';
beforeEach(async () => {
  it.now.value = NOON;
  await it.clear();
  const scaling = { enableAutoScale: true, autoScaleFormula: FORMULA };
  expect((await it.ask({ method: 'POST', url: '/pools', body: { id: 'P', vmSize: 'standard_d1_v2', virtualMachineConfiguration: UBUNTU, ...scaling } })).status).toBe(201);
});
afterAll(() => it.close());

function post(body: unknown, pool = 'p'): Promise<Got> {
  return it.ask({ method: 'POST', url: `/linarite/pools/${pool}/samples`, body: body as object });
}
async function kept(): Promise<unknown> {
  return (await it.pool.query('select name, at, value from own_sample order by name, at')).rows;
}
const MINUTE_MS = 60_000;

describe('samples of a program', () => {
  test('are read by the formula of their pool, and by another that is tried', async () => {
    expect(await post({ samples: [{ name: 'queue', value: 37 }] })).toMatchObject({ status: 200, json: { variables: ['$Own_queue'] } });
    const own = await it.ask({ method: 'POST', url: '/linarite/pools/p/evaluate' });
    expect(own.json.results).toBe('$TargetDedicatedNodes=3;$TargetLowPriorityNodes=0;$NodeDeallocationOption=requeue;n=1');
    it.now.value += MINUTE_MS;
    await post({ samples: [{ name: 'queue', value: 5 }] });
    const other = await it.ask({ method: 'POST', url: '/pools/p/evaluateautoscale', body: { autoScaleFormula: 'v = $Own_queue.GetSample(9); e = max(7, $Own_QUEUE.GetSample(1));' } });
    expect(other.json['results']).toMatch(/;e=7;v=\[37,5\]$/);
  });

  test('are told to the owner with the inbox, and are there when the account is loaded', async () => {
    await post({ samples: [{ name: 'queue', value: 1, time: '2026-11-20T11:50:00Z' }, { name: 'queue', value: -2.5 }, { name: 'a_1', value: 1e300 }] });
    const store = postgresOwnerStore(it.pool);
    const { rows } = await it.pool.query<{ account: number; pool: number }>('select account, pool from pool');
    const { account = 0, pool = 0 } = rows[0] ?? {};
    const samples = [['queue', NOON - 10 * MINUTE_MS, 1], ['queue', NOON, -2.5], ['a_1', NOON, 1e300]];
    expect((await store.readInbox(account, 100)).ownSamples).toEqual([{ pool, samples }]);
    const loaded = (await store.load(account)).pools[0]?.ownSamples ?? [];
    expect(loaded.toSorted(([, one], [, other]) => one - other)).toEqual(expect.arrayContaining(samples));
    expect(loaded).toHaveLength(3);
  });

  test('are one a name and half minute: the newest, whenever it comes', async () => {
    const at = (seconds: number): string => new Date(NOON + seconds * 1000).toISOString();
    await post({ samples: [{ name: 'q', value: 3, time: at(-10) }, { name: 'q', value: 2, time: at(-20) }, { name: 'q', value: 1, time: at(-31) }] });
    await post({ samples: [{ name: 'q', value: 9, time: at(-29) }] });
    expect(await kept()).toEqual([{ name: 'q', at: NOON - 31_000, value: 1 }, { name: 'q', at: NOON - 10_000, value: 3 }]);
    await post({ samples: [{ name: 'q', value: 4, time: at(-5) }] });
    expect(await kept()).toEqual([{ name: 'q', at: NOON - 31_000, value: 1 }, { name: 'q', at: NOON - 5_000, value: 4 }]);
  });

  test('are kept for a day, of 50 names at most, and go with their pool', async () => {
    const names = Array.from({ length: 50 }, (_, index) => ({ name: `n${index}`, value: index }));
    expect((await post({ samples: names })).status).toBe(200);
    expect((await post({ samples: [{ name: 'n49', value: 1 }] })).status).toBe(200);
    expect(await post({ samples: [{ name: 'more', value: 1 }] })).toMatchObject({ status: 400, json: { code: 'InvalidPropertyValue', values: expect.arrayContaining([{ key: 'PropertyValue', value: 'more' }]) } });
    it.now.value += 24 * 60 * MINUTE_MS + 1;
    expect((await post({ samples: [{ name: 'more', value: 1 }] })).status).toBe(200);
    expect(await kept()).toMatchObject([{ name: 'more' }]);
    await it.pool.query('delete from pool');
    expect(await kept()).toEqual([]);
  });

  test.each([
    ['no list', {}, 'MissingRequiredProperty', 'samples', undefined],
    ['an empty list', { samples: [] }, 'InvalidPropertyValue', 'samples', '[]'],
    ['no name', { samples: [{ value: 1 }] }, 'MissingRequiredProperty', 'samples[0].name', undefined],
    ['a name that begins with a digit', { samples: [{ name: 'a', value: 1 }, { name: '1a', value: 1 }] }, 'InvalidPropertyValue', 'samples[1].name', '1a'],
    ['a name of 65 letters', { samples: [{ name: 'a'.repeat(65), value: 1 }] }, 'InvalidPropertyValue', 'samples[0].name', 'a'.repeat(65)],
    ['a name with a sign', { samples: [{ name: 'a-b', value: 1 }] }, 'InvalidPropertyValue', 'samples[0].name', 'a-b'],
    ['no value', { samples: [{ name: 'a' }] }, 'MissingRequiredProperty', 'samples[0].value', undefined],
    ['a text as value', { samples: [{ name: 'a', value: '5' }] }, 'InvalidPropertyValue', 'samples[0].value', '5'],
    ['a time that is none', { samples: [{ name: 'a', value: 1, time: 'now' }] }, 'InvalidPropertyValue', 'samples[0].time', 'now'],
    ['a time to come', { samples: [{ name: 'a', value: 1, time: '2026-11-20T12:01:00.001Z' }] }, 'InvalidPropertyValue', 'samples[0].time', '2026-11-20T12:01:00.001Z'],
    ['a time a day ago', { samples: [{ name: 'a', value: 1, time: '2026-11-19T11:59:59.999Z' }] }, 'InvalidPropertyValue', 'samples[0].time', '2026-11-19T11:59:59.999Z'],
    ['what nobody knows', { samples: [{ name: 'a', value: 1, unit: 'm' }] }, 'InvalidPropertyValue', 'samples[0].unit', 'm'],
  ])('are refused with %s', async (_what, body, code, name, value) => {
    const { status, json } = await post(body);
    expect([status, json.code]).toEqual([400, code]);
    expect(json['values']).toEqual(expect.arrayContaining([{ key: 'PropertyName', value: name }, ...(value === undefined ? [] : [{ key: 'PropertyValue', value }])]));
    expect(await kept()).toEqual([]);
  });

  test('are taken 100 a request, a minute ahead and a day old at most', async () => {
    const sample = { name: 'a', value: 1 };
    expect((await post({ samples: Array.from({ length: 100 }, () => sample) })).status).toBe(200);
    expect((await post({ samples: Array.from({ length: 101 }, () => sample) })).status).toBe(400);
    expect((await post({ samples: [{ ...sample, time: '2026-11-20T12:01:00Z' }, { ...sample, time: '2026-11-19T12:00:00Z' }] })).status).toBe(200);
  });

  test('come back as a file, on which a formula gives what it gives on the pool', async () => {
    expect(await it.ask({ url: '/linarite/pools/p/samples' })).toMatchObject({ status: 200, headers: { 'content-type': 'text/csv; charset=utf-8' } });
    await post({ samples: [{ name: 'queue', value: 37, time: '2026-11-20T11:59:00Z' }, { name: 'queue', value: 40 }] });
    const { text } = await it.ask({ url: '/linarite/pools/p/samples' });
    expect(text).toBe('time,$Own_queue\n2026-11-20T11:59:00.000Z,37\n2026-11-20T12:00:00.000Z,40\n');
    const on = async (samples: object): Promise<string> => (await it.ask({ method: 'POST', url: '/linarite/autoscale/evaluate', body: { formula: FORMULA, samples } })).json['evaluation'].results;
    expect(await on({ csv: text })).toBe(await on({ pool: 'P' }));
    expect((await it.ask({ url: '/linarite/pools/nobody/samples' })).json.code).toBe('PoolNotFound');
    expect((await it.ask({ url: '/linarite/pools/p/samples?from=1' })).json.code).toBe('InvalidQueryParameterValue');
  });

  test('need a pool that is there and stays, and are a POST', async () => {
    const body = { samples: [{ name: 'a', value: 1 }] };
    expect(await post(body, 'nobody')).toMatchObject({ status: 404, json: { code: 'PoolNotFound' } });
    expect((await it.ask({ method: 'PUT', url: '/linarite/pools/p/samples', body })).status).toBe(405);
    await it.ask({ method: 'DELETE', url: '/pools/p' });
    expect(await post(body)).toMatchObject({ status: 409, json: { code: 'PoolBeingDeleted' } });
  });
});
