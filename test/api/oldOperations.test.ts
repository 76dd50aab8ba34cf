import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { statuses, type Statuses } from './statuses.ts';
import { testApi, UBUNTU, type Got, type TestApi } from './support.ts';

let it: TestApi;
let write: Statuses;
beforeAll(async () => {
  it = await testApi();
  write = statuses(it.pool);
});
beforeEach(() => it.clear());
afterAll(() => it.close());

const OLD = 'api-version=2018-08-01.7.0';
function codeOf({ status, json }: Got): string {
  return `${status} ${json?.code ?? ''}`.trim();
}
async function addPool(id: string, machine: object): Promise<void> {
  expect((await it.ask({ method: 'POST', url: `/pools?${OLD}`, body: { id, vmSize: 'standard_a1', ...machine } })).status).toBe(201);
}
const CLOUD = { cloudServiceConfiguration: { osFamily: '5' } };
const VIRTUAL = { virtualMachineConfiguration: UBUNTU };

describe('statistics of a lifetime', () => {
  test('are real counts with what is not measured as 0, in the form that was recorded', async () => {
    await addPool('p', VIRTUAL);
    await it.ask({ method: 'POST', url: '/jobs', body: { id: 'j', poolInfo: { poolId: 'p' } } });
    await it.ask({ method: 'POST', url: '/jobs/j/tasks', body: { id: 't', commandLine: 'x' } });
    const now = it.now.value;
    await write.task('j', 't', { state: 'completed', result: 'success', exitCode: 0, attempt: 1, retryCount: 1, startedAt: now + 1_000, endedAt: now + 3_500, used: [2_000, 3_000, 4, 5, 2 ** 30, 0] });
    await write.node('p', { id: 'n', dedicated: true, allocatedAt: now - 60_000 });
    const jobs = await it.ask({ url: '/lifetimejobstats?api-version=2020-03-01.11.0' });
    expect(jobs.json).toEqual({
      'odata.metadata': expect.stringMatching(/#jobstats\/@Element$/),
      url: expect.stringMatching(/\/lifetimejobstats$/),
      startTime: expect.any(String),
      lastUpdateTime: expect.any(String),
      userCPUTime: 'PT0.002S',
      kernelCPUTime: 'PT0.003S',
      wallClockTime: 'PT2.5S',
      readIOps: '4',
      writeIOps: '5',
      readIOGiB: 1,
      writeIOGiB: 0,
      numTaskRetries: '1',
      numSucceededTasks: '1',
      numFailedTasks: '0',
      waitTime: 'PT1S',
    });
    const pools = await it.ask({ url: '/lifetimepoolstats?api-version=2020-03-01.11.0' });
    const times = { startTime: expect.any(String), lastUpdateTime: expect.any(String) };
    expect(pools.json).toEqual({
      'odata.metadata': expect.stringMatching(/#poolstats\/@Element$/),
      url: expect.stringMatching(/\/lifetimepoolstats$/),
      usageStats: { ...times, dedicatedCoreTime: 'PT1M' },
      resourceStats: { ...times, diskReadIOps: '0', diskWriteIOps: '0', avgCPUPercentage: 0, avgMemoryGiB: 0, peakMemoryGiB: 0, avgDiskGiB: 0, peakDiskGiB: 0, diskReadGiB: 0, diskWriteGiB: 0, networkReadGiB: 0, networkWriteGiB: 0 },
    });
    for (const { headers } of [jobs, pools]) expect(headers['etag']).toBeUndefined();
  });

  test.each(['/lifetimejobstats', '/lifetimepoolstats'])('%s is refused in versions after 2022-10-01.16.0, as recorded', async (url) => {
    expect((await it.ask({ url: `${url}?api-version=2022-10-01.16.0` })).status).toBe(200);
    const got = await it.ask({ url: `${url}?api-version=2023-05-01.17.0` });
    expect([got.status, got.json.code, got.json.message.value.split('\n')[0]]).toEqual([400, 'LifetimeStatsAPIRetired', 'Lifetime statistics API was retired on 04/30/2023']);
  });
});

describe('an upgrade of the operating system', () => {
  function upgrade(id: string, body: unknown): Promise<Got> {
    return it.ask({ method: 'POST', url: `/pools/${id}/upgradeos?${OLD}`, body });
  }
  const VERSION = 'WA-GUEST-OS-5.12_201708-01';
  const osVersion = async (version: string): Promise<unknown> => (await it.ask({ url: `/pools/cloud?api-version=${version}` })).json.cloudServiceConfiguration;

  test('of a cloud service is what the pool then shows, under the name that the version has for it', async () => {
    await addPool('cloud', CLOUD);
    const before = (await it.ask({ url: `/pools/cloud?${OLD}` })).headers['etag'];
    const got = await upgrade('cloud', { targetOSVersion: VERSION });
    expect([got.status, got.headers['dataserviceid']]).toEqual([202, expect.stringMatching(/\/pools\/cloud\/upgradeos$/)]);
    expect(got.headers['etag']).not.toBe(before);
    expect([await osVersion('2018-08-01.7.0'), await osVersion('2018-12-01.8.0')]).toEqual([{ osFamily: '5', targetOSVersion: VERSION }, { osFamily: '5', osVersion: VERSION }]);
    expect(codeOf(await upgrade('cloud', { targetOSVersion: VERSION }))).toBe('400 PoolVersionEqualsUpgradeVersion');
    expect((await upgrade('cloud', { targetOSVersion: '*' })).status).toBe(202);
  });

  test.each([
    ['cloud', { targetOSVersion: 'latest' }, '400 OSVersionNotFound'],
    ['cloud', { targetOSVersion: 'WA-GUEST-OS-4.45_201708-01' }, '400 OSVersionNotFound'],
    ['cloud', {}, '400 MissingRequiredProperty'],
    ['cloud', { targetOSVersion: 1 }, '400 InvalidRequestBody'],
    ['cloud', { targetOSVersion: '*', more: 1 }, '400 InvalidRequestBody'],
    ['virtual', { targetOSVersion: '*' }, '400 PoolNotEligibleForOSVersionUpgrade'],
    ['nowhere', { targetOSVersion: '*' }, '404 PoolNotFound'],
  ])('of pool %s to %j is refused with %s', async (id, body, code) => {
    await addPool('cloud', CLOUD);
    await addPool('virtual', VIRTUAL);
    expect(codeOf(await upgrade(id, body))).toBe(code);
  });

  test('is bound to the ETag that it names, and asks nothing of a pool that is being deleted', async () => {
    await addPool('cloud', CLOUD);
    expect(codeOf(await it.ask({ method: 'POST', url: `/pools/cloud/upgradeos?${OLD}`, body: { targetOSVersion: VERSION }, headers: { 'if-match': '0x1' } }))).toBe('412 ConditionNotMet');
    await it.ask({ method: 'DELETE', url: '/pools/cloud' });
    expect(codeOf(await upgrade('cloud', { targetOSVersion: VERSION }))).toBe('409 PoolBeingDeleted');
  });

  test('is known to no later version', async () => {
    await addPool('cloud', CLOUD);
    expect(codeOf(await it.ask({ method: 'POST', url: '/pools/cloud/upgradeos?api-version=2018-12-01.8.0', body: { targetOSVersion: VERSION } }))).toBe('400 InvalidRequestBody');
  });
});

test('a Remote Desktop file is one of cloud services alone: a node of virtual machines has none', async () => {
  await addPool('p', VIRTUAL);
  await write.node('p', { id: 'n' });
  const rdp = (pool: string, node: string): Promise<Got> => it.ask({ url: `/pools/${pool}/nodes/${node}/rdp?api-version=2020-03-01.11.0` });
  expect([codeOf(await rdp('p', 'n')), codeOf(await rdp('p', 'other')), codeOf(await rdp('q', 'n'))]).toEqual(['409 OperationNotValidOnNode', '404 NodeNotFound', '404 PoolNotFound']);
});
