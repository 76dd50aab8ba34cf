import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { statuses, type Statuses } from './statuses.ts';
import { testApi, UBUNTU, type Got, type TestApi } from './support.ts';

let it: TestApi;
let write: Statuses;
beforeAll(async () => {
  it = await testApi();
  write = statuses(it.pool);
});
const NOON = Date.parse('2026-11-20T12:00:00Z');
beforeEach(async () => {
  it.now.value = NOON;
  await it.clear();
  const scaling = { enableAutoScale: true, autoScaleFormula: 'busy = $CPUPercent.GetSample(5);\n$TargetDedicatedNodes = max(0, busy) > 0.7 ? 4 : 1;' };
  expect((await it.ask({ method: 'POST', url: '/pools', body: { id: 'P', vmSize: 'standard_d1_v2', virtualMachineConfiguration: UBUNTU, ...scaling } })).status).toBe(201);
});
afterAll(() => it.close());

function evaluate(body?: object | null, pool = 'p'): Promise<Got> {
  return it.ask({ method: 'POST', url: `/linarite/pools/${pool}/evaluate`, ...(body === undefined ? {} : { body }) });
}
async function sequence(): Promise<unknown> {
  return (await it.pool.query('select auto_scale_sequence as sequence, auto_scale_at as at, modified from pool')).rows[0];
}

describe('an evaluation of a pool', () => {
  test('runs its own formula on what its nodes measured, which outlasts any process, and changes nothing', async () => {
    const before = await sequence();
    await it.pool.query(`insert into pool_sample (pool, at, sample) select pool, $1, '{"$CPUPercent": 0.9}' from pool`, [NOON - 30_000]);
    await it.pool.query(`insert into pool_sample (pool, at, sample) select pool, $1, '{"$ActiveTasks": 3}' from pool`, [NOON - 1_000]);
    const { status, json } = await evaluate();
    expect([status, json.timestamp, json.results]).toEqual([200, '2026-11-20T12:00:00Z', '$TargetDedicatedNodes=4;$TargetLowPriorityNodes=0;$NodeDeallocationOption=requeue;busy=[0.9]']);
    expect(json.formula).toMatch(/^busy = /);
    expect(await sequence()).toEqual(before);
  });

  test('runs another formula, good or bad', async () => {
    expect((await evaluate({ formula: '$TargetDedicatedNodes = 7' })).json.results).toMatch(/^\$TargetDedicatedNodes=7;/);
    expect((await evaluate({ formula: 'x = 1;\n$nothing' })).json).toMatchObject({ error: { code: 'AutoScalingFormulaEvaluationError', values: [{ value: 'Line 2, Col 1: Undefined symbol: $nothing' }] } });
  });

  test('is applied by the owner, who is asked for a run; answered with it where it has come', async () => {
    const { modified, at } = (await sequence()) as { modified: unknown; at: unknown };
    await write.pool('p', { autoScale: { sequence: 0, evaluatedAt: NOON - 1, results: '$TargetDedicatedNodes=9', error: null, option: 'requeue' } });
    expect(await evaluate({ apply: true })).toMatchObject({ status: 202, json: { formula: expect.stringMatching(/^busy/) } });
    expect(await sequence()).toEqual({ sequence: 1, at, modified });
    await write.pool('p', { autoScale: { sequence: 2, evaluatedAt: NOON, results: '$TargetDedicatedNodes=1', error: null, option: 'requeue' } });
    expect(await evaluate({ apply: true })).toMatchObject({ status: 200, json: { timestamp: '2026-11-20T12:00:00Z', results: '$TargetDedicatedNodes=1' } });
  });

  test.each([
    ['both', { formula: 'x = 1', apply: true }, 'apply', 'true'],
    ['a formula that is no text', { formula: 5 }, 'formula', '5'],
    ['an order that is none', { apply: 'yes' }, 'apply', '"yes"'],
    ['what nobody knows', { at: 'now' }, 'at', '"now"'],
  ])('is refused with %s', async (_what, body, name, value) => {
    expect(await evaluate(body)).toMatchObject({ status: 400, json: { code: 'InvalidPropertyValue', values: expect.arrayContaining([{ key: 'PropertyName', value: name }, { key: 'PropertyValue', value }]) } });
  });

  test('needs a pool that is there and has a formula, and is a POST', async () => {
    expect(await evaluate({}, 'nobody')).toMatchObject({ status: 404, json: { code: 'PoolNotFound' } });
    expect((await it.ask({ url: '/linarite/pools/p/evaluate' })).status).toBe(405);
    await it.ask({ method: 'POST', url: '/pools/p/disableautoscale' });
    expect(await evaluate({})).toMatchObject({ status: 409, json: { code: 'OperationInvalidForCurrentState' } });
    expect(await evaluate({ apply: true })).toMatchObject({ status: 409 });
  });
});
