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

type Properties = Readonly<Record<string, unknown>>;

const POOL = { vmSize: 'standard_d2_v3', virtualMachineConfiguration: UBUNTU };
const FOREIGN = '0123456789abcdef0123456789abcdef01234567';

function auto(properties: Properties = {}, pool: Properties = {}): Properties {
  return { autoPoolSpecification: { poolLifetimeOption: 'job', ...properties, pool: { ...POOL, ...pool } } };
}
/** The last version that knows certificates. */
const V = 'api-version=2023-11-01.18.0';
function addJob(poolInfo: unknown): Promise<Got> {
  return it.ask({ method: 'POST', url: `/jobs?${V}`, body: { id: 'j', poolInfo } });
}
function addSchedule(poolInfo: unknown): Promise<Got> {
  return it.ask({ method: 'POST', url: `/jobschedules?${V}`, body: { id: 's', schedule: {}, jobSpecification: { poolInfo } } });
}
function patch(poolInfo: unknown): Promise<Got> {
  return it.ask({ method: 'PATCH', url: '/jobs/j', body: { poolInfo } });
}
async function shown(url = '/jobs/j'): Promise<Properties> {
  return (await it.ask({ url })).json;
}
async function told(what: 'rules' | 'auto_pool', from = 'job'): Promise<unknown> {
  return (await it.pool.query<{ readonly told: unknown }>(`select ${what} as told from ${from}`)).rows[0]?.told;
}
/** `201`, or `400 Code: property, value`. */
async function said(asked: Promise<Got>): Promise<string> {
  const { status, json } = await asked;
  if (status < 400) return String(status);
  const values = (json?.values ?? []) as readonly { readonly key: string; readonly value: string }[];
  const named = ['PropertyName', 'PropertyValue'].flatMap((name) => values.filter(({ key }) => key === name).map(({ value }) => value));
  return `${status} ${json?.code}${named.length === 0 ? '' : `: ${named.join(', ')}`}`;
}

describe('a job that has its pool made', () => {
  test('is read back with the defaults that a pool has; its pool is shown as soon as it is asked for', async () => {
    expect(await said(addJob(auto({ autoPoolIdPrefix: 'pre' })))).toBe('201');
    const pool = { taskSlotsPerNode: 1, taskSchedulingPolicy: { nodeFillType: 'Spread' }, resizeTimeout: 'PT15M', targetDedicatedNodes: 0, targetLowPriorityNodes: 0, enableAutoScale: false };
    expect(await shown()).toMatchObject({ poolInfo: auto({ autoPoolIdPrefix: 'pre', keepAlive: false }, pool) });
    expect((await shown())['executionInfo']).not.toHaveProperty('poolId');
    expect(await told('rules')).toMatchObject({ poolId: '', autoPool: { lifetime: 'job', prefix: 'pre' } });
    expect(await told('auto_pool')).toMatchObject({ keepAlive: false, targetDedicated: 0 });
    await write.job('j', { autoPoolId: 'pre_1' });
    expect((await shown())['executionInfo']).toMatchObject({ poolId: 'pre_1' });
  });

  test('shows why it has none', async () => {
    await addJob(auto());
    const schedulingError = { category: 'UserError', code: 'AutoPoolCreationFailedWithQuotaReached', message: 'no room', details: [{ name: 'a', value: 'b' }] } as const;
    await write.job('j', { state: 'completed', endedAt: 5, autoPoolId: 'P', schedulingError });
    expect((await shown())['executionInfo']).toMatchObject({ poolId: 'P', schedulingError });
  });

  test('keeps no password of the users of its pool, and shows none', async () => {
    const userAccounts = [{ name: 'anna', password: 'open sesame' }];
    await addJob(auto({}, { userAccounts }));
    await addSchedule(auto({}, { userAccounts }));
    const kept = (await it.pool.query('select to_jsonb(job) as text from job union all select to_jsonb(job_schedule) from job_schedule')).rows;
    expect(kept).toHaveLength(2);
    expect(JSON.stringify(kept)).not.toContain('open sesame');
    for (const url of ['/jobs/j', '/jobschedules/s']) expect(JSON.stringify(await shown(url))).toMatch(/^(?!.*"password").*"anna"/);
    expect(JSON.stringify(await told('auto_pool'))).toContain('anna');
  });

  test.each([
    [{ certificateReferences: [{ thumbprint: FOREIGN, thumbprintAlgorithm: 'sha1' }] }, 'InvalidCertificatesInAutoPool', `sha1-${FOREIGN}`],
    [{ applicationPackageReferences: [{ applicationId: 'app', version: '1' }] }, 'InvalidApplicationPackageReferencesInAutoPool', 'app'],
  ])('is added though its pool names what is not there, of which the rules are told: %j', async (pool, code, name) => {
    expect(await said(addJob(auto({}, pool)))).toBe('201');
    expect(await told('rules')).toMatchObject({ autoPool: { refusal: { category: 'UserError', code, details: [{ name: expect.stringContaining(name) }] } } });
    expect(await said(addSchedule(auto({}, pool)))).toBe('201');
    expect(await told('job' as 'rules', 'job_schedule')).toMatchObject({ rules: { autoPool: { refusal: { code } } } });
  });
});

describe('what is no auto pool is refused, for jobs and schedules', () => {
  const missing = '400 MissingRequiredProperty';
  const invalid = '400 InvalidPropertyValue';
  const refused: readonly (readonly [string, unknown, string])[] = [
    ['neither a pool nor an auto pool', {}, missing],
    ['both', { poolId: 'p', ...auto() }, `${invalid}: autoPoolSpecification`],
    ['no lifetime', { autoPoolSpecification: { pool: POOL } }, `${missing}: poolLifetimeOption`],
    ['an unknown lifetime', auto({ poolLifetimeOption: 'week' }), `${invalid}: poolLifetimeOption, week`],
    ['no pool', { autoPoolSpecification: { poolLifetimeOption: 'job' } }, `${missing}: pool`],
    ['a prefix that is too long', auto({ autoPoolIdPrefix: 'x'.repeat(21) }), `${invalid}: autoPoolIdPrefix, ${'x'.repeat(21)}`],
    ['a prefix that begins no id', auto({ autoPoolIdPrefix: 'a b' }), `${invalid}: autoPoolIdPrefix, a b`],
    ['keepAlive that is no truth value', auto({ keepAlive: 'yes' }), '400 InvalidRequestBody'],
    ['an unknown property', auto({ poolId: 'p' }), '400 InvalidRequestBody'],
    ['an id of the pool', auto({}, { id: 'p' }), '400 InvalidRequestBody'],
    ['no size of nodes', { autoPoolSpecification: { poolLifetimeOption: 'job', pool: { virtualMachineConfiguration: UBUNTU } } }, `${missing}: vmSize`],
    ['no configuration', { autoPoolSpecification: { poolLifetimeOption: 'job', pool: { vmSize: 'standard_d2_v3' } } }, missing],
    ['too many slots', auto({}, { taskSlotsPerNode: 257 }), `${invalid}: taskSlotsPerNode, 257`],
    ['fewer than no nodes', auto({}, { targetDedicatedNodes: -1 }), `${invalid}: targetDedicatedNodes, -1`],
    ['two users of one name', auto({}, { userAccounts: [{ name: 'a', password: 'b' }, { name: 'a', password: 'c' }] }), invalid],
    ['a start task that may try for too long', auto({}, { startTask: { commandLine: 'true', maxTaskRetryCount: -2 } }), `${invalid}: maxTaskRetryCount, -2`],
  ];
  test.each(refused)('%s', async (_what, poolInfo, answer) => {
    expect(await said(addJob(poolInfo))).toContain(answer);
    expect(await said(addSchedule(poolInfo))).toContain(answer);
    expect((await it.pool.query('select from job union all select from job_schedule')).rowCount).toBe(0);
  });

  test('a pool that lives as long as the schedule, for a job that has none', async () => {
    expect(await said(addJob(auto({ poolLifetimeOption: 'jobSchedule' })))).toBe('400 InvalidPropertyValue: poolLifetimeOption, jobschedule');
    expect(await said(addSchedule(auto({ poolLifetimeOption: 'jobSchedule' })))).toBe('201');
    expect(await told('job' as 'rules', 'job_schedule')).toMatchObject({ rules: { autoPool: { lifetime: 'jobschedule' } } });
  });
});

describe('a change of a job that has its pool made', () => {
  test('may say again what is there, in any state that can be changed; anything else only while the job is disabled', async () => {
    await addJob(auto({ autoPoolIdPrefix: 'pre' }, { userAccounts: [{ name: 'anna', password: 'b' }] }));
    const same = auto({ autoPoolIdPrefix: 'pre', keepAlive: false }, { userAccounts: [{ name: 'anna', password: 'b' }] });
    expect(await said(patch(same))).toBe('200');
    expect(await said(it.ask({ method: 'PUT', url: '/jobs/j', body: { poolInfo: same } }))).toBe('200');
    expect(await said(patch({ poolId: 'p' }))).toBe('409 OperationInvalidForCurrentState');
    const otherPassword = auto({ autoPoolIdPrefix: 'pre' }, { userAccounts: [{ name: 'anna', password: 'c' }] });
    expect(await said(patch(otherPassword))).toBe('400 InvalidPropertyValue: autoPoolSpecification, ');
    expect(await said(it.ask({ method: 'PUT', url: '/jobs/j', body: { poolInfo: otherPassword } }))).toBe('400 InvalidPropertyValue: autoPoolSpecification, ');
    expect(await said(patch(auto({ autoPoolIdPrefix: 'other' })))).toBe('400 InvalidPropertyValue: autoPoolSpecification, ');
    await write.job('j', { state: 'disabled' });
    expect(await said(patch(auto({ autoPoolIdPrefix: 'pre' })))).toBe('400 InvalidPropertyValue: autoPoolSpecification, ');
    expect(await said(patch({ poolId: 'p' }))).toBe('200');
    expect(await told('rules')).not.toHaveProperty('autoPool');
    expect(await said(patch(same))).toBe('400 InvalidPropertyValue: autoPoolSpecification, ');
  });

  test('says nothing of whether a pool is kept that lives as long as the schedule', async () => {
    await addSchedule(auto({ poolLifetimeOption: 'jobSchedule' }));
    await write.scheduledJob('s', 1);
    await write.job('s:job-1', { state: 'disabled' });
    const change = (keepAlive: boolean): Promise<string> => said(it.ask({ method: 'PATCH', url: '/jobs/s:job-1', body: { poolInfo: auto({ poolLifetimeOption: 'jobSchedule', keepAlive }) } }));
    expect(await change(true)).toBe('400 InvalidPropertyValue: autoPoolSpecification, ');
    expect(await change(false)).toBe('200');
  });

  test('tells the pool whether it is kept', async () => {
    const kept = async (): Promise<unknown> => (await it.pool.query<{ readonly goes: boolean }>('select is_auto as goes from pool')).rows[0]?.goes;
    await addJob(auto());
    await it.ask({ method: 'POST', url: '/pools', body: { id: 'made', ...POOL } });
    await it.pool.query('update pool set is_auto = true');
    await write.job('j', { state: 'active', autoPoolId: 'made' });
    expect(await said(patch(auto({ keepAlive: true })))).toBe('409 OperationInvalidForCurrentState');
    await write.job('j', { state: 'disabled', autoPoolId: 'made' });
    expect(await said(patch(auto({ keepAlive: true })))).toBe('200');
    expect([await kept(), await told('auto_pool')]).toEqual([false, expect.objectContaining({ keepAlive: true })]);
    expect(await said(patch(auto({ keepAlive: false })))).toBe('200');
    expect([await kept(), await told('auto_pool')]).toEqual([true, expect.objectContaining({ keepAlive: false })]);
  });
});
