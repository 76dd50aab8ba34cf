import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { opened } from '../../src/store/sealedSpecs.ts';
import { SSH_KEYS } from '../support/sshKeys.ts';
import { statuses, type Statuses } from './statuses.ts';
import { SEALING } from './management/support.ts';
import { testApi, UBUNTU, type Got, type TestApi } from './support.ts';

let it: TestApi;
let write: Statuses;
beforeAll(async () => {
  it = await testApi();
  write = statuses(it.pool);
});
beforeEach(() => it.clear());
afterAll(() => it.close());

const OLDEST = '2016-02-01.3.0';
const ELEVATED = '2016-07-01.3.1';
const FOUR = '2017-01-01.4.0';
const FIVE = '2017-05-01.5.0';

function post(url: string, version: string, body: unknown): Promise<Got> {
  return it.ask({ method: 'POST', url: `${url}?api-version=${version}`, body });
}
async function read(url: string, version: string): Promise<Got['json']> {
  return (await it.ask({ url: `${url}?api-version=${version}` })).json;
}
function pool(members: object): object {
  return { id: 'p', vmSize: 'standard_a1', virtualMachineConfiguration: UBUNTU, ...members };
}
const FAILURE = { category: 'UserError', code: 'CommandProgramNotFound', message: 'not found', details: [] } as const;

test('from 2022-10-01.16.0 to 2024-07-01.20.0 a pool that has nodes says how they and the service talk', async () => {
  const [before, first, last, after] = ['2022-01-01.15.0', '2022-10-01.16.0', '2024-07-01.20.0', '2025-06-01'] as const;
  expect((await post('/pools', last, pool({ targetDedicatedNodes: 3, targetNodeCommunicationMode: 'classic' }))).status).toBe(201);
  expect(await read('/pools/p', last)).not.toHaveProperty('currentNodeCommunicationMode');
  await write.pool('p', { currentDedicated: 2 });
  for (const version of [first, last]) expect(await read('/pools/p', version)).toMatchObject({ targetNodeCommunicationMode: 'classic', currentNodeCommunicationMode: 'simplified' });
  for (const version of [before, after]) for (const name of ['targetNodeCommunicationMode', 'currentNodeCommunicationMode']) expect(await read('/pools/p', version)).not.toHaveProperty(name);
});

test('since 2021-06-01.14.0 a node says which image exactly it was made of, where the pool does', async () => {
  for (const [id, version] of [['exact', '22.04.202301010'], ['latest', 'latest'], ['unsaid', undefined]] as const) {
    await post('/pools', '2021-06-01.14.0', pool({ id, virtualMachineConfiguration: { ...UBUNTU, imageReference: { ...UBUNTU.imageReference, version } } }));
    await write.node(id, { id: `${id}-1` });
  }
  const image = async (id: string, version: string): Promise<unknown> => (await read(`/pools/${id}/nodes/${id}-1`, version)).virtualMachineInfo?.imageReference;
  expect(await image('exact', '2021-06-01.14.0')).toEqual({ ...UBUNTU.imageReference, version: '22.04.202301010', exactVersion: '22.04.202301010' });
  expect(await image('exact', '2021-01-01.13.0')).toBeUndefined();
  // Which one is the latest nobody here knows.
  for (const id of ['latest', 'unsaid']) expect(await image(id, '2021-06-01.14.0')).toEqual({ ...UBUNTU.imageReference, version: 'latest' });
});

describe('versions before 2017-05-01.5.0', () => {
  test.each([OLDEST, ELEVATED, FOUR])('%s counts nodes of one kind: targetDedicated, currentDedicated, and one resizeError', async (version) => {
    expect((await post('/pools', version, pool({ targetDedicated: 3, maxTasksPerNode: 2 }))).status).toBe(201);
    const errors = ['AllocationFailed', 'AllocationTimedout'].map((code) => ({ code, message: code, values: [] }));
    await write.pool('p', { currentDedicated: 2, resizeErrors: errors });
    const old = await read('/pools/p', version);
    expect(old).toMatchObject({ targetDedicated: 3, currentDedicated: 2, maxTasksPerNode: 2, resizeError: { code: 'AllocationFailed' } });
    for (const name of ['targetDedicatedNodes', 'currentDedicatedNodes', 'targetLowPriorityNodes', 'resizeErrors']) expect(old).not.toHaveProperty(name);
    const young = await read('/pools/p', FIVE);
    expect(young).toMatchObject({ targetDedicatedNodes: 3, currentDedicatedNodes: 2, targetLowPriorityNodes: 0, resizeErrors: [{ code: 'AllocationFailed' }, { code: 'AllocationTimedout' }] });
    expect(young).not.toHaveProperty('resizeError');
    expect((await post('/pools/p/resize', version, { targetDedicated: 5 })).status).toBe(202);
    expect((await read('/pools/p', FIVE)).targetDedicatedNodes).toBe(5);
  });

  test('take no names of later ones, nor those the old', async () => {
    const codes = [
      await post('/pools', FOUR, pool({ targetDedicatedNodes: 1 })),
      await post('/pools', FIVE, pool({ targetDedicated: 1 })),
      await post('/pools', ELEVATED, pool({ userAccounts: [] })),
      await post('/pools', ELEVATED, pool({ startTask: { commandLine: 'x', userIdentity: { autoUser: {} } } })),
      await post('/pools', FOUR, pool({ startTask: { commandLine: 'x', runElevated: true } })),
    ].map(({ status, json }) => `${status} ${json?.code}`);
    expect(codes).toEqual(codes.map(() => '400 InvalidRequestBody'));
  });

  test('runElevated is a user with elevation admin, and is read as it was sent', async () => {
    await post('/pools', ELEVATED, pool({ startTask: { commandLine: 'x', runElevated: true } }));
    expect((await read('/pools/p', ELEVATED)).startTask).toMatchObject({ runElevated: true });
    expect((await read('/pools/p', FOUR)).startTask).toMatchObject({ userIdentity: { autoUser: { elevationLevel: 'admin', scope: 'pool' } } });
    await post('/jobs', ELEVATED, { id: 'j', poolInfo: { poolId: 'p' } });
    for (const runElevated of [true, false]) expect((await post('/jobs/j/tasks', ELEVATED, { id: `t-${runElevated}`, commandLine: 'x', runElevated })).status).toBe(201);
    const seen = async (version: string) => Promise.all(['t-true', 't-false'].map(async (id) => read(`/jobs/j/tasks/${id}`, version)));
    expect((await seen(ELEVATED)).map(({ runElevated, userIdentity }) => [runElevated, userIdentity])).toEqual([[true, undefined], [false, undefined]]);
    expect((await seen('2025-06-01')).map(({ runElevated, userIdentity }) => [runElevated, userIdentity.autoUser.elevationLevel])).toEqual([[undefined, 'admin'], [undefined, 'nonadmin']]);
    expect((await read('/jobs/j/tasks', '2025-06-01')).value).toEqual([expect.not.objectContaining({ runElevated: false }), expect.not.objectContaining({ runElevated: true })]);
  });

  test('a task that could not be started has a schedulingError and no result', async () => {
    await post('/jobs', FOUR, { id: 'j', poolInfo: { poolId: 'p' }, onTaskFailure: 'performexitoptionsjobaction' });
    expect((await post('/jobs/j/tasks', FOUR, { id: 't', commandLine: 'x', exitConditions: { schedulingError: { jobAction: 'disable' } } })).status).toBe(201);
    await write.task('j', 't', { state: 'completed', result: 'failure', failure: FAILURE, attempt: 1, startedAt: 1, endedAt: 2 });
    const old = await read('/jobs/j/tasks/t', FOUR);
    expect(old.executionInfo).toMatchObject({ schedulingError: { code: 'CommandProgramNotFound' } });
    for (const name of ['failureInfo', 'result']) expect(old.executionInfo).not.toHaveProperty(name);
    expect(old.exitConditions).toEqual({ schedulingError: { jobAction: 'disable' } });
    const young = await read('/jobs/j/tasks/t', FIVE);
    expect(young).toMatchObject({ executionInfo: { failureInfo: { code: 'CommandProgramNotFound' }, result: 'failure' }, exitConditions: { preProcessingError: { jobAction: 'disable' } } });
  });

  test('a user account has its key in itself', async () => {
    const userAccounts = [{ name: 'user', password: 'secret', sshPrivateKey: SSH_KEYS.ed25519.private }];
    expect((await post('/pools', FOUR, pool({ userAccounts }))).status).toBe(201);
    const { rows } = await it.pool.query<{ spec: { userAccounts: readonly object[] } }>('select spec from pool');
    const [account] = opened('pool.spec', rows[0]?.spec, SEALING)?.userAccounts ?? [];
    expect(account).toMatchObject({ linuxUserConfiguration: { sshPrivateKey: SSH_KEYS.ed25519.private } });
    expect(account).not.toHaveProperty('sshPrivateKey');
    expect((await post('/pools', FOUR, pool({ id: 'q', userAccounts: [{ ...userAccounts[0], sshPrivateKey: 'none' }] }))).json.code).toBe('InvalidPropertyValue');
  });
});

test('a disk of the system could be asked for until 2018-08-01.7.0, and again since 2021-06-01.14.0', async () => {
  const statuses = [];
  for (const [version, osDisk] of [['2018-08-01.7.0', { caching: 'readonly' }], ['2018-12-01.8.0', { caching: 'readonly' }], ['2020-09-01.12.0', { caching: 'readonly' }], ['2021-06-01.14.0', { ephemeralOSDiskSettings: {} }], ['2021-06-01.14.0', { caching: 'readonly' }], ['2023-11-01.18.0', { caching: 'readonly' }]] as const) {
    await it.clear();
    statuses.push((await post('/pools', version, pool({ virtualMachineConfiguration: { ...UBUNTU, osDisk } }))).status);
  }
  expect(statuses).toEqual([201, 400, 400, 201, 400, 201]);
});
