import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { taskTokens } from '../../src/control/taskTokens.ts';
import type { TaskKey } from '../../src/ports.ts';
import { statuses, type Statuses } from './statuses.ts';
import { testApi, TOKENS, UBUNTU, withVersion, type TestApi } from './support.ts';

let it: TestApi;
let written: Statuses;
let task: TaskKey;
beforeAll(async () => {
  it = await testApi();
  written = statuses(it.pool);
});
afterAll(() => it.close());
beforeEach(async () => {
  await it.clear();
  await it.ask({ method: 'POST', url: '/pools', body: { id: 'p', vmSize: 'standard_d1_v2', virtualMachineConfiguration: UBUNTU } });
  for (const id of ['Own', 'other']) {
    await it.ask({ method: 'POST', url: '/jobs', body: { id, poolInfo: { poolId: 'p' } } });
    await it.ask({ method: 'POST', url: `/jobs/${id}/tasks`, body: { id: 't', commandLine: 'x' } });
  }
  const { rows } = await it.pool.query<{ account: string; job: string; task: string }>("select account, job, task from task join job using (job) where job.id = 'Own'");
  const [found] = rows;
  task = { account: Number(found?.account), job: Number(found?.job), task: Number(found?.task), attempt: 1 };
});

async function answerTo(token: string, method: string, url: string, body?: unknown) {
  const headers = { authorization: `Bearer ${token}` };
  const { status, json } = await it.ask({ method, url, headers, ...(body === undefined ? {} : { body }) });
  return { status, code: json?.code as string | undefined };
}

describe("A task's token", () => {
  test.each([
    ['GET', '/jobs/Own', undefined, 200],
    ['GET', '/jobs/own', undefined, 200],
    ['GET', '/jobs/Own/tasks', undefined, 200],
    ['POST', '/jobs/Own/tasks', { id: 'u', commandLine: 'x' }, 201],
    ['POST', '/jobs/Own/addtaskcollection', { value: [{ id: 'v', commandLine: 'x' }] }, 200],
    ['PATCH', '/jobs/Own', { priority: 5 }, 200],
    ['POST', '/jobs/Own/terminate', {}, 202],
    ['DELETE', '/jobs/Own', undefined, 202],
    ['GET', '/jobs/other', undefined, 403],
    ['POST', '/jobs/other/tasks', { id: 'u', commandLine: 'x' }, 403],
    ['GET', '/jobs', undefined, 403],
    ['POST', '/jobs', { id: 'new', poolInfo: { poolId: 'p' } }, 403],
    ['GET', '/pools/p', undefined, 403],
    ['GET', '/pools/p/nodes', undefined, 403],
  ] as const)('%s %s with %j: %i', async (method, url, body, status) => {
    expect((await answerTo(TOKENS.issue(task), method, url, body)).status).toBe(status);
  });

  test('lasts while the task runs and waits for its next try, and no longer', async () => {
    const token = TOKENS.issue(task);
    const status = async () => (await answerTo(token, 'GET', '/jobs/Own')).status;
    await written.task('Own', 't', { state: 'running', attempt: 1 });
    expect(await status()).toBe(200);
    await written.task('Own', 't', { state: 'active', attempt: 1 });
    expect(await status()).toBe(200);
    await written.task('Own', 't', { state: 'completed', attempt: 1 });
    expect(await status()).toBe(401);
  });

  test('is of no use once a later try has begun, or the task is gone', async () => {
    await written.task('Own', 't', { state: 'running', attempt: 2 });
    expect(await answerTo(TOKENS.issue(task), 'GET', '/jobs/Own')).toEqual({ status: 401, code: 'AuthenticationFailed' });
    expect((await answerTo(TOKENS.issue({ ...task, attempt: 2 }), 'GET', '/jobs/Own')).status).toBe(200);
    await it.ask({ method: 'DELETE', url: '/jobs/Own/tasks/t' });
    expect((await answerTo(TOKENS.issue({ ...task, attempt: 2 }), 'GET', '/jobs/Own')).status).toBe(401);
  });

  test('of another service, another account or with other numbers is refused', async () => {
    const right = TOKENS.issue(task);
    const wrong = [taskTokens(new Uint8Array(32).fill(1)).issue(task), TOKENS.issue({ ...task, account: 9 }), right.replace(/^(task\.\d+)\.\d+/, '$1.12345'), `${right.slice(0, -2)}xx`, 'task.1.1.1.1.x'];
    for (const token of wrong) expect(await answerTo(token, 'GET', '/jobs/Own')).toEqual({ status: 401, code: 'AuthenticationFailed' });
  });

  test('is told in no answer and no header', async () => {
    const token = taskTokens(new Uint8Array(32).fill(1)).issue(task);
    const { text, headers } = await it.askPlainly({ method: 'GET', url: withVersion('/jobs/Own'), headers: { host: 'x', authorization: `Bearer ${token}` } });
    expect(text + JSON.stringify(headers)).not.toContain(token);
  });
});
