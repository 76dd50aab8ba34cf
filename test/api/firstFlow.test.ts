import { afterAll, beforeAll, expect, test } from 'vitest';
import { testApi, UBUNTU, type TestApi } from './support.ts';

let it: TestApi;
beforeAll(async () => {
  it = await testApi();
});
afterAll(async () => {
  await it.close();
});

test('a pool, a job and its tasks are added and read back, the id in any case', async () => {
  const pool = { id: 'Pool-1', vmSize: 'STANDARD_D1_V2', virtualMachineConfiguration: UBUNTU, targetDedicatedNodes: 1 };
  expect((await it.ask({ method: 'POST', url: '/pools', body: pool })).status).toBe(201);
  expect((await it.ask({ url: '/pools/pool-1' })).json).toMatchObject({ id: 'Pool-1', vmSize: 'standard_d1_v2', allocationState: 'resizing' });
  expect((await it.ask({ method: 'POST', url: '/jobs', body: { id: 'job', poolInfo: { poolId: 'Pool-1' } } })).status).toBe(201);
  expect((await it.ask({ method: 'POST', url: '/JOBS/Job/tasks', body: { id: 'first', commandLine: '/bin/true' } })).status).toBe(201);
  const collection = { value: [{ id: 'FIRST', commandLine: '/bin/true' }, { id: 'second', commandLine: '/bin/true' }] };
  const added = await it.ask({ method: 'POST', url: '/jobs/job/addtaskcollection', body: collection });
  expect(added.json.value).toMatchObject([{ status: 'ClientError', error: { code: 'TaskExists' } }, { status: 'Success', taskId: 'second' }]);
  const listed = await it.ask({ url: "/jobs/job/tasks?$filter=state eq 'active'&$select=id,state".replaceAll(' ', '%20') });
  expect(listed.json.value).toEqual([{ id: 'first', state: 'active' }, { id: 'second', state: 'active' }]);
  expect((await it.ask({ url: '/jobs/job/taskcounts' })).json.taskCounts).toMatchObject({ active: 2, running: 0, completed: 0 });
});
