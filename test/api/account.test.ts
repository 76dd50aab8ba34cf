import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { postgresOwnerStore } from '../../src/store/owner/store.ts';
import { testApi, UBUNTU, type Got, type TestApi } from './support.ts';

let it: TestApi;
beforeAll(async () => {
  it = await testApi();
});
afterAll(() => it.close());

const URL = '/linarite/account';
function set(quotas: object): Promise<Got> {
  return it.ask({ method: 'PATCH', url: URL, body: { quotas } });
}
function pool(id: string): Promise<Got> {
  return it.ask({ method: 'POST', url: '/pools', body: { id, vmSize: 'Standard_D2_v3', targetDedicatedNodes: 0, virtualMachineConfiguration: UBUNTU } });
}
function job(id: string): Promise<Got> {
  return it.ask({ method: 'POST', url: '/jobs', body: { id, poolInfo: { poolId: 'p' } } });
}
function told({ status, json }: Got): string {
  return status < 300 ? String(status) : `${status} ${json.code}`;
}

describe("an account's quotas", () => {
  test('are those of the service until some are set; each is set by itself, and can be no bound or the default again', async () => {
    const none = { dedicatedCores: null, lowPriorityCores: null, pools: 100, activeJobs: 300, families: {} };
    expect((await it.ask({ url: URL })).json).toEqual({ quotas: none, inUse: { dedicatedCores: 0, lowPriorityCores: 0, pools: 0, activeJobs: 0, families: {} } });
    expect((await set({ dedicatedCores: 4, pools: null, families: { standardDv3Family: 2, standardFFamily: 1 } })).json.quotas).toEqual({ ...none, dedicatedCores: 4, pools: null, families: { standarddv3family: 2, standardffamily: 1 } });
    expect((await set({ lowPriorityCores: 0, families: { STANDARDFFAMILY: 'default' } })).json.quotas).toMatchObject({ dedicatedCores: 4, lowPriorityCores: 0, families: { standarddv3family: 2 } });
    expect((await set({ dedicatedCores: 'default', lowPriorityCores: null, pools: 'default', families: { standardDv3Family: null } })).json.quotas).toEqual(none);
  });

  test.each([
    [{ quotas: { cores: 1 } }, '400 InvalidPropertyValue', 'cores'],
    [{ quotas: { pools: -1 } }, '400 InvalidPropertyValue', 'pools'],
    [{ quotas: { pools: 1.5 } }, '400 InvalidPropertyValue', 'pools'],
    [{ quotas: { pools: '5' } }, '400 InvalidPropertyValue', 'pools'],
    [{ quotas: { pools: 1_000_000_001 } }, '400 InvalidPropertyValue', 'pools'],
    [{ quotas: { families: { basicBFamily: 1 } } }, '400 InvalidPropertyValue', 'basicBFamily'],
    [{ quotas: 5 }, '400 InvalidRequestBody', 'quotas must be an object.'],
    [{ quota: {} }, '400 InvalidPropertyValue', 'quota'],
  ])('%j is refused by name', async (body, said, name) => {
    const got = await it.ask({ method: 'PATCH', url: URL, body });
    expect([told(got), got.text.includes(name)]).toEqual([said, true]);
  });

  test('of pools holds at once, one above and one below, also for two that are asked for at the same time', async () => {
    await set({ pools: 2 });
    expect(told(await pool('p'))).toBe('201');
    const both = await Promise.all([pool('a'), pool('b')]);
    expect(both.map(told).toSorted()).toEqual(['201', '409 PoolQuotaReached']);
    await set({ pools: 3 });
    expect(told(await pool('c'))).toBe('201');
    expect(told(await pool('d'))).toBe('409 PoolQuotaReached');
  });

  test('of active jobs holds at once, together with schedules, also for two at the same time', async () => {
    await set({ activeJobs: 2 });
    expect(told(await it.ask({ method: 'POST', url: '/jobschedules', body: { id: 's', schedule: {}, jobSpecification: { poolInfo: { poolId: 'p' } } } }))).toBe('201');
    const both = await Promise.all([job('a'), job('b')]);
    expect(both.map(told).toSorted()).toEqual(['201', '409 ActiveJobAndScheduleQuotaReached']);
    await set({ activeJobs: 'default' });
    expect(told(await job('c'))).toBe('201');
    expect((await it.ask({ url: URL })).json.inUse).toMatchObject({ pools: 3, activeJobs: 3 });
  });

  test('are told to the owner in the same transaction', async () => {
    await set({ dedicatedCores: 7 });
    expect(await postgresOwnerStore(it.pool).readInbox(1, 100)).toMatchObject({ quotas: { dedicatedCores: 7 } });
    expect(it.woken.at(-1)).toBe(1);
  });

  test('have two verbs alone', async () => {
    expect(told(await it.ask({ method: 'DELETE', url: URL }))).toBe('405 UnsupportedHttpVerb');
  });
});
