import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { testApi, UBUNTU, type Got, type TestApi } from './support.ts';

let it: TestApi;
beforeAll(async () => {
  it = await testApi();
  await it.ask({ method: 'POST', url: '/pools', body: { id: 'Spot', vmSize: 'standard_d2_v3', virtualMachineConfiguration: UBUNTU, targetLowPriorityNodes: 0 } });
});
afterEach(async () => {
  for (const { id } of (await list()).json.value) await stop(id);
});
afterAll(() => it.close());

function add(body: object): Promise<Got> {
  return it.ask({ method: 'POST', url: '/linarite/drills', body });
}
function list(): Promise<Got> {
  return it.ask({ url: '/linarite/drills' });
}
function stop(id: string): Promise<Got> {
  return it.ask({ method: 'POST', url: `/linarite/drills/${id}/stop` });
}

describe('a drill', () => {
  test('is made with defaults, found, listed, and stopped; a second stop changes nothing', async () => {
    const made = await add({ rate: '10%/min' });
    expect(made).toMatchObject({ status: 201, json: { id: expect.stringMatching(/^\d+$/), state: 'active', rate: '10%/min', seed: 1, grace: 'PT30S', creationTime: expect.any(String) } });
    const { id } = made.json;
    expect(Object.keys(made.json)).not.toContain('endTime');
    expect((await it.ask({ url: `/linarite/drills/${id}` })).json).toEqual(made.json);
    expect((await list()).json.value).toContainEqual(made.json);
    it.now.value += 5_000;
    const stopped = await stop(id);
    expect(stopped).toMatchObject({ status: 200, json: { id, state: 'stopped', endTime: expect.any(String) } });
    it.now.value += 5_000;
    expect((await stop(id)).json).toEqual(stopped.json);
  });

  test('keeps all that it is given, and is completed when its time is over', async () => {
    const { json } = await add({ rate: '0.5%/s', pools: ['SPOT', 'spot'], seed: 4_294_967_295, duration: 'PT10M', grace: 'PT0S' });
    expect(json).toMatchObject({ state: 'active', pools: ['spot'], rate: '0.5%/s', seed: 4_294_967_295, grace: 'PT0S', endTime: expect.any(String) });
    it.now.value += 10 * 60_000 + 1;
    expect((await it.ask({ url: `/linarite/drills/${json.id}` })).json).toMatchObject({ state: 'completed', endTime: json.endTime });
  });

  test('is one of 16 at most that run', async () => {
    for (let count = 0; count < 16; count += 1) expect((await add({ rate: '1%/d' })).status).toBe(201);
    expect(await add({ rate: '1%/d' })).toMatchObject({ status: 409, json: { code: 'OperationInvalidForCurrentState' } });
  });

  test.each<[string, unknown, string]>([
    ['no rate', {}, 'MissingRequiredProperty'],
    ['a rate that is a number', { rate: 10 }, 'InvalidPropertyValue'],
    ['a rate without a time', { rate: '10%' }, 'InvalidPropertyValue'],
    ['a rate of nothing', { rate: '0%/min' }, 'InvalidPropertyValue'],
    ['a rate below zero', { rate: '-1%/min' }, 'InvalidPropertyValue'],
    ['more than all in a second', { rate: '101%/s' }, 'InvalidPropertyValue'],
    ['another time', { rate: '1%/week' }, 'InvalidPropertyValue'],
    ['pools that are no list', { rate: '1%/min', pools: 'spot' }, 'InvalidPropertyValue'],
    ['no pools at all', { rate: '1%/min', pools: [] }, 'InvalidPropertyValue'],
    ['a pool that is a number', { rate: '1%/min', pools: [1] }, 'InvalidPropertyValue'],
    ['101 pools', { rate: '1%/min', pools: Array.from({ length: 101 }, (_, index) => `p${index}`) }, 'InvalidPropertyValue'],
    ['a seed that is a text', { rate: '1%/min', seed: '1' }, 'InvalidPropertyValue'],
    ['a seed below zero', { rate: '1%/min', seed: -1 }, 'InvalidPropertyValue'],
    ['a seed beyond 32 bits', { rate: '1%/min', seed: 2 ** 32 }, 'InvalidPropertyValue'],
    ['a duration that is none', { rate: '1%/min', duration: '10m' }, 'InvalidPropertyValue'],
    ['a duration of nothing', { rate: '1%/min', duration: 'PT0S' }, 'InvalidPropertyValue'],
    ['a duration of more than 30 days', { rate: '1%/min', duration: 'P30DT1S' }, 'InvalidPropertyValue'],
    ['a grace of more than an hour', { rate: '1%/min', grace: 'PT1H1S' }, 'InvalidPropertyValue'],
    ['a property that is none', { rate: '1%/min', speed: 1 }, 'InvalidPropertyValue'],
    ['a list as a body', [], 'InvalidRequestBody'],
  ])('is not made of %s', async (_, body, code) => {
    expect(await add(body as object)).toMatchObject({ status: 400, json: { code } });
    expect((await list()).json.value.filter(({ state }: { state: string }) => state === 'active')).toEqual([]);
  });

  test('is not made for a pool that is not there, and not found by another id', async () => {
    expect(await add({ rate: '1%/min', pools: ['spot', 'gone'] })).toMatchObject({ status: 404, json: { code: 'PoolNotFound' } });
    for (const id of ['0', 'x', '99999999', '1e3', '%00']) {
      expect((await it.ask({ url: `/linarite/drills/${id}` })).status).toBe(id === '%00' ? 400 : 404);
    }
    expect((await stop('99999999')).status).toBe(404);
    expect(await it.ask({ method: 'DELETE', url: '/linarite/drills/1' })).toMatchObject({ status: 405 });
  });
});
