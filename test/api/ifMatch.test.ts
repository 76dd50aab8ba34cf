import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { OPERATION_ROWS } from '../../src/wire/operationTable.ts';
import { statuses, type Statuses } from './statuses.ts';
import { testApi, UBUNTU, type Sent, type TestApi } from './support.ts';

let it: TestApi;
let write: Statuses;
beforeAll(async () => {
  it = await testApi();
  write = statuses(it.pool);
});
beforeEach(() => it.clear());
afterAll(() => it.close());

function post(url: string, body?: unknown): Sent {
  return { method: 'POST', url, ...(body === undefined ? {} : { body }) };
}
async function pool(): Promise<void> {
  await it.ask(post('/pools', { id: 'p', vmSize: 'standard_d1_v2', virtualMachineConfiguration: UBUNTU, targetDedicatedNodes: 1 }));
}
async function steadyPool(): Promise<void> {
  await pool();
  await write.pool('p', { currentDedicated: 1 });
  await write.node('p', { id: 'tvmps_1_d' });
}
async function job(): Promise<void> {
  await pool();
  await it.ask(post('/jobs', { id: 'j', poolInfo: { poolId: 'p' } }));
}
async function disabledJob(): Promise<void> {
  await job();
  await it.ask(post('/jobs/j/disable', { disableTasks: 'requeue' }));
}
async function task(): Promise<void> {
  await job();
  await it.ask(post('/jobs/j/tasks', { id: 't', commandLine: 'x' }));
}
async function failedTask(): Promise<void> {
  await task();
  await write.task('j', 't', { state: 'completed', result: 'failure', exitCode: 1 });
}
async function schedule(): Promise<void> {
  await pool();
  await it.ask(post('/jobschedules', { id: 's', schedule: { recurrenceInterval: 'PT1H' }, jobSpecification: { poolInfo: { poolId: 'p' } } }));
}

const WRITES: Readonly<Record<string, readonly [there: () => Promise<void>, url: string, sent: Sent]>> = {
  Pool_Delete: [pool, '/pools/p', { method: 'DELETE', url: '/pools/p' }],
  Pool_Patch: [pool, '/pools/p', { method: 'PATCH', url: '/pools/p', body: { metadata: [] } }],
  Pool_EnableAutoScale: [steadyPool, '/pools/p', post('/pools/p/enableautoscale', { autoScaleFormula: '$TargetDedicatedNodes = 1;' })],
  Pool_RemoveNodes: [steadyPool, '/pools/p', post('/pools/p/removenodes', { nodeList: ['tvmps_1_d'] })],
  Pool_Resize: [steadyPool, '/pools/p', post('/pools/p/resize', { targetDedicatedNodes: 2 })],
  Pool_StopResize: [pool, '/pools/p', post('/pools/p/stopresize')],
  Job_Delete: [job, '/jobs/j', { method: 'DELETE', url: '/jobs/j' }],
  Job_Patch: [job, '/jobs/j', { method: 'PATCH', url: '/jobs/j', body: { priority: 1 } }],
  Job_Update: [disabledJob, '/jobs/j', { method: 'PUT', url: '/jobs/j', body: { poolInfo: { poolId: 'p' } } }],
  Job_Disable: [job, '/jobs/j', post('/jobs/j/disable', { disableTasks: 'wait' })],
  Job_Enable: [disabledJob, '/jobs/j', post('/jobs/j/enable')],
  Job_Terminate: [job, '/jobs/j', post('/jobs/j/terminate')],
  Task_Delete: [task, '/jobs/j/tasks/t', { method: 'DELETE', url: '/jobs/j/tasks/t' }],
  Task_Update: [task, '/jobs/j/tasks/t', { method: 'PUT', url: '/jobs/j/tasks/t', body: {} }],
  Task_Reactivate: [failedTask, '/jobs/j/tasks/t', post('/jobs/j/tasks/t/reactivate')],
  Task_Terminate: [task, '/jobs/j/tasks/t', post('/jobs/j/tasks/t/terminate')],
  JobSchedule_Delete: [schedule, '/jobschedules/s', { method: 'DELETE', url: '/jobschedules/s' }],
  JobSchedule_Patch: [schedule, '/jobschedules/s', { method: 'PATCH', url: '/jobschedules/s', body: { metadata: [] } }],
  JobSchedule_Update: [schedule, '/jobschedules/s', { method: 'PUT', url: '/jobschedules/s', body: { schedule: { recurrenceInterval: 'PT2H' }, jobSpecification: { poolInfo: { poolId: 'p' } } } }],
  JobSchedule_Disable: [schedule, '/jobschedules/s', post('/jobschedules/s/disable')],
  JobSchedule_Enable: [schedule, '/jobschedules/s', post('/jobschedules/s/enable')],
  JobSchedule_Terminate: [schedule, '/jobschedules/s', post('/jobschedules/s/terminate')],
};

test('no operation that takes conditions is left out, but the one that refuses whatever it is asked', () => {
  const conditional = OPERATION_ROWS.filter(({ conditional: headers, right }) => headers === 'all4' && right !== 'read').map(({ id }) => id as string);
  expect(Object.keys(WRITES).toSorted()).toEqual(conditional.filter((id) => id !== 'Pool_UpgradeOS').toSorted());
});

test.each(Object.entries(WRITES))('%s of another version is 412 and changes nothing; of the present one it is done', async (_id, [there, url, sent]) => {
  await there();
  const before = await it.ask({ url });
  const tag = before.headers['etag'] ?? '';
  for (const headers of [{ 'if-match': '0x8D0000000000000' }, { 'if-none-match': tag }, { 'if-unmodified-since': 'Fri, 20 Nov 2026 11:59:59 GMT' }]) {
    const refused = await it.ask({ ...sent, headers });
    expect([refused.status, refused.json?.code], JSON.stringify(headers)).toEqual([412, 'ConditionNotMet']);
  }
  expect((await it.ask({ url })).json).toEqual(before.json);
  const done = await it.ask({ ...sent, headers: { 'if-match': tag } });
  expect([done.status < 300, done.text]).toEqual([true, done.text]);
});
