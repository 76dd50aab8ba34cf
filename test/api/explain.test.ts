import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { JobExplanation } from '../../src/core/port.ts';
import type { Reason } from '../../src/core/reasons.ts';
import { statuses } from './statuses.ts';
import { testApi, UBUNTU, type TestApi } from './support.ts';

const NOWHERE: Reason = { code: 'PoolNotFound', poolId: 'nowhere', deleting: false };
const said: { task: readonly Reason[] | undefined; job: JobExplanation | null | undefined; pool: readonly Reason[] | null | undefined; node: readonly Reason[] | null | undefined } = { task: undefined, job: undefined, pool: undefined, node: undefined };
let it: TestApi;
beforeAll(async () => {
  it = await testApi({ explanations: { task: async () => said.task, job: async () => said.job, pool: async () => said.pool, node: async () => said.node } });
  await it.ask({ method: 'POST', url: '/jobs', body: { id: 'J', poolInfo: { poolId: 'nowhere' } } });
  await it.ask({ method: 'POST', url: '/jobs/J/addtaskcollection', body: { value: [{ id: 'T', commandLine: 'x' }, { id: 'failed', commandLine: 'x' }] } });
});
afterAll(() => it.close());

async function answer(url: string, more: { readonly method?: string; readonly headers?: Readonly<Record<string, string>> } = {}) {
  const { status, json } = await it.ask({ url: `/linarite${url}`, ...more });
  return { status, json };
}

describe('why does it wait, over HTTP', () => {
  test('a task: what its owner says', async () => {
    said.task = [NOWHERE];
    const reasons = [{ ...NOWHERE, message: 'There is no pool nowhere.' }];
    expect(await answer('/jobs/j/tasks/t/explain')).toEqual({ status: 200, json: { jobId: 'J', taskId: 'T', state: 'active', reasons } });
  });

  test('a job: counted, with the id of an example', async () => {
    said.job = { open: 2, looked: 2, reasons: [{ reason: NOWHERE, tasks: 2, example: 1 }] };
    const reasons = [{ ...NOWHERE, message: 'There is no pool nowhere.', tasks: 2, example: 'T' }];
    expect(await answer('/jobs/J/explain')).toEqual({ status: 200, json: { jobId: 'J', state: 'active', open: 2, looked: 2, reasons } });
    said.job = null;
    expect((await answer('/jobs/J/explain')).json).toMatchObject({ open: 0, reasons: [] });
  });

  test('a task that has failed: how', async () => {
    const failure = { category: 'UserError', code: 'FailureExitCode', message: 'it failed', details: [{ name: 'Message', value: 'why' }] } as const;
    await statuses(it.pool).task('J', 'failed', { state: 'completed', attempt: 1, exitCode: 3, result: 'failure', failure });
    const { json } = await answer('/jobs/J/tasks/failed/explain');
    expect(json).toMatchObject({ state: 'completed', reasons: [{ code: 'TaskCompleted', message: expect.stringMatching(/exit code 3.*FailureExitCode.*why/), ended: { exitCode: 3, result: 'failure', failure } }] });
  });

  test('a task that depends on others: what has become of them, and that one that failed blocks it', async () => {
    await it.ask({ method: 'POST', url: '/jobs/J/addtaskcollection', body: { value: ['7', 'Waits'].map((id) => ({ id, commandLine: 'x' })) } });
    await statuses(it.pool).task('J', '7', { state: 'completed', attempt: 1, exitCode: 3, result: 'failure' });
    const missing = ['waits', 'none', '5-9 (7)', '10-20 (12)'];
    const other: Reason = { code: 'MaxParallelTasks', jobId: 'J', liveTasks: 1, maxParallelTasks: 1 };
    said.task = [other, { code: 'DependenciesNotMet', missing, more: false }];
    const parents = [{ id: 'Waits', state: 'active', exitCode: null }, { id: 'none', state: 'missing', exitCode: null }, { id: '7', state: 'completed', exitCode: 3 }];
    const message = expect.stringMatching(/Task Waits is active\. There is no task none\. Task 7 has ended with exit code 3, which blocks it/);
    expect((await answer('/jobs/J/tasks/T/explain')).json.reasons).toMatchObject([{ code: 'DependenciesNotMet', missing, parents, message }, { code: 'MaxParallelTasks' }]);
    said.job = { open: 1, looked: 1, reasons: [{ reason: { code: 'DependenciesNotMet', missing: ['7'], more: true }, tasks: 1, example: 1 }] };
    expect((await answer('/jobs/J/explain')).json.reasons).toMatchObject([{ parents: [{ id: '7', state: 'completed', exitCode: 3 }] }]);
  });

  test.each([
    ['/jobs/none/explain', {}, 404, 'JobNotFound'],
    ['/jobs/J/tasks/none/explain', {}, 404, 'TaskNotFound'],
    ['/jobs/%ZZ/explain', {}, 400, 'RequestUrlFailedToParse'],
    ['/jobs/J/explain', { method: 'POST' }, 405, 'UnsupportedHttpVerb'],
    ['/jobs/J/explain', { headers: { authorization: '' } }, 400, 'MissingRequiredHeader'],
    ['/jobs/J/explain', { headers: { authorization: `SharedKey mybatchaccount:${Buffer.alloc(32).toString('base64')}` } }, 403, 'AuthenticationFailed'],
  ])('%s %j: %d %s', async (url, more, status, code) => {
    expect(await answer(url, more)).toMatchObject({ status, json: { code } });
  });

  test('an owner that is not ready', async () => {
    said.task = undefined;
    expect(await answer('/jobs/J/tasks/T/explain')).toMatchObject({ status: 503, json: { code: 'ServerBusy' } });
  });
});

describe('why is it so, with what would mend it', () => {
  test('a task: sentence, reasons, what stays, what is never', async () => {
    said.task = [{ code: 'TooManySlots', poolId: 'P', requiredSlots: 4, taskSlotsPerNode: 2 }, { code: 'WaitingItsTurn', tasksBefore: 3 }];
    const { json } = await answer('/explain/jobs/j/tasks/t');
    expect(json).toMatchObject({ sentence: expect.stringContaining('needs 4 slots'), reasons: [{ code: 'TooManySlots', data: { requiredSlots: 4 }, stays: true, never: true }, { stays: false, never: false, fixes: [] }] });
  });

  test('a job: how many tasks, an example, and the parent to run again', async () => {
    said.job = { open: 1, looked: 1, reasons: [{ reason: { code: 'DependenciesNotMet', missing: ['7'], more: false }, tasks: 1, example: 1 }] };
    const fix = { label: 'Run 7 again', method: 'POST', path: '/jobs/J/tasks/7/reactivate?api-version=2025-06-01', body: null };
    expect((await answer('/explain/jobs/J')).json.reasons).toMatchObject([{ count: 1, example: 'T', stays: true, fixes: [fix] }]);
    said.job = null;
    expect((await answer('/explain/jobs/J')).json).toMatchObject({ sentence: 'No task of job J waits.', reasons: [] });
  });

  test('a pool and a node', async () => {
    await it.ask({ method: 'POST', url: '/pools', body: { id: 'P', vmSize: 'standard_a1_v2', virtualMachineConfiguration: { imageReference: UBUNTU.imageReference, nodeAgentSKUId: UBUNTU.nodeAgentSKUId } } });
    await statuses(it.pool).node('P', { id: 'tvmps_1_d' });
    said.pool = [{ code: 'NoNodes', poolId: 'P' }];
    expect((await answer('/explain/pools/p')).json).toMatchObject({ sentence: 'Pool P has no nodes, and none are asked for.', reasons: [{ fixes: [{ path: '/pools/P/resize?api-version=2025-06-01' }] }] });
    said.node = [{ code: 'NodeNotReady', nodeId: 'tvmps_1_d', state: 'idle', schedulingState: 'disabled', connected: true, errors: [] }];
    expect((await answer('/explain/pools/P/nodes/TVMPS_1_D')).json).toMatchObject({ reasons: [{ nodes: ['tvmps_1_d'], fixes: [{ path: '/pools/P/nodes/tvmps_1_d/enablescheduling?api-version=2025-06-01' }] }] });
    expect(await answer('/explain/pools/P/nodes/none')).toMatchObject({ status: 404, json: { code: 'NodeNotFound' } });
    said.pool = undefined;
    expect(await answer('/explain/pools/P')).toMatchObject({ status: 503, json: { code: 'ServerBusy' } });
  });
});
