import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { JobExplanation } from '../../src/core/port.ts';
import type { Reason } from '../../src/core/explain/reasons.ts';
import { statuses } from './statuses.ts';
import { testApi, type TestApi } from './support.ts';

const NOWHERE: Reason = { code: 'PoolNotFound', poolId: 'nowhere', deleting: false };
const said: { task: readonly Reason[] | undefined; job: JobExplanation | null | undefined } = { task: undefined, job: undefined };
let it: TestApi;
beforeAll(async () => {
  it = await testApi({ explanations: { task: () => said.task, job: () => said.job } });
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
