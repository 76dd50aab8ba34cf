import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { statuses } from '../statuses.ts';
import { testApi, type TestApi } from '../support.ts';

let it: TestApi;
let node: number;
beforeAll(async () => {
  it = await testApi();
  await it.ask({ method: 'POST', url: '/pools', body: { id: 'P', vmSize: 'standard_a1_v2', virtualMachineConfiguration: { imageReference: { publisher: 'canonical', offer: '0001-com-ubuntu-server-jammy', sku: '22_04-lts' }, nodeAgentSKUId: 'batch.node.ubuntu 22.04' } } });
  await it.ask({ method: 'POST', url: '/jobs', body: { id: 'J', poolInfo: { poolId: 'P' } } });
  const tasks = ['delta', 'Alpha', 'charlie', 'bravo', 'echo'].map((id, index) => ({ id, commandLine: `render --frame ${index}`, requiredSlots: 1 }));
  await it.ask({ method: 'POST', url: '/jobs/J/addtaskcollection', body: { value: tasks } });
  const set = statuses(it.pool);
  node = await set.node('P', { id: 'tvmps_1_d' });
  it.now.value += 60_000;
  const now = it.now.value;
  const failure = { category: 'UserError', code: 'FailureExitCode', message: 'it failed', details: [] } as const;
  await set.task('J', 'delta', { state: 'completed', attempt: 1, node, startedAt: now - 5_000, endedAt: now - 1_000, exitCode: 0, result: 'success' });
  await set.task('J', 'Alpha', { state: 'completed', since: now - 8_000, attempt: 2, node, startedAt: now - 9_000, endedAt: now - 8_000, exitCode: -9, result: 'failure', failure, retryCount: 1 });
  await set.task('J', 'charlie', { state: 'running', attempt: 1, node, startedAt: now - 30_000 });
  await set.job('J', { tasks: { active: 2, running: 1, succeeded: 1, failed: 1 } });
});
afterAll(() => it.close());

async function rows(query: string, job = 'J') {
  const { status, json } = await it.ask({ url: `/linarite/jobs/${job}/tasks?${query}` });
  return { status, json };
}
async function ids(query: string): Promise<readonly string[]> {
  const { json } = await rows(query);
  return (json.rows as { id: string }[]).map(({ id }) => id);
}

describe('rows of a job', () => {
  test('come in the order in which they were added, with all that a table shows', async () => {
    const { json } = await rows('count=3');
    expect(json).toMatchObject({ total: 5, exact: true, from: 0 });
    expect(json.rows.map(({ id }: { id: string }) => id)).toEqual(['delta', 'Alpha', 'charlie']);
    expect(json.rows[1]).toMatchObject({ number: 2, state: 'completed', result: 'failure', exitCode: -9, failure: { code: 'FailureExitCode' }, pool: 'P', node: 'tvmps_1_d', retries: 1, runMs: 1_000, requiredSlots: 1, commandLine: 'render --frame 1' });
    expect(json.rows[2]).toMatchObject({ state: 'running', runMs: 30_000 });
  });

  test.each([
    ['sort=-number', ['echo', 'bravo', 'charlie', 'Alpha', 'delta']],
    ['sort=id', ['Alpha', 'bravo', 'charlie', 'delta', 'echo']],
    ['sort=-id&from=1&count=2', ['delta', 'charlie']],
    ['sort=runTime', ['Alpha', 'delta', 'charlie', 'bravo', 'echo']],
    ['sort=-runTime', ['charlie', 'delta', 'Alpha', 'bravo', 'echo']],
    ['sort=exitCode', ['Alpha', 'delta', 'charlie', 'bravo', 'echo']],
    ['sort=-state', ['delta', 'Alpha', 'charlie', 'bravo', 'echo']],
    [`filter=${encodeURIComponent("state eq 'active'")}`, ['bravo', 'echo']],
    [`filter=${encodeURIComponent("executionInfo/result eq 'Failure'")}`, ['Alpha']],
    [`filter=${encodeURIComponent('executionInfo/exitCode lt 0')}`, ['Alpha']],
    [`filter=${encodeURIComponent('executionInfo/exitCode ne 0')}`, ['Alpha', 'charlie', 'bravo', 'echo']],
    [`filter=${encodeURIComponent("nodeInfo/nodeId eq 'TVMPS_1_D' and not (state eq 'completed')")}`, ['charlie']],
    // What the columns in memory do not have is compared by the database.
    [`filter=${encodeURIComponent("startswith(id,'a') or commandLine eq 'render --frame 4'")}&sort=-id`, ['echo', 'Alpha']],
    ['q=ALPH', ['Alpha']],
    ['q=frame&sort=-number&count=1', ['echo']],
    [`q=frame&filter=${encodeURIComponent("state eq 'running'")}`, ['charlie']],
  ])('%s: %j', async (query, expected) => {
    expect(await ids(query)).toEqual(expected);
  });

  test('what changes is seen by the next look: ends, new tasks, tasks that go', async () => {
    await it.ask({ method: 'POST', url: '/jobs', body: { id: 'Changing', poolInfo: { poolId: 'P' } } });
    await it.ask({ method: 'POST', url: '/jobs/Changing/addtaskcollection', body: { value: ['1', '2', '3'].map((id) => ({ id, commandLine: 'x' })) } });
    const set = statuses(it.pool);
    const active = `filter=${encodeURIComponent("state eq 'active'")}`;
    const seen = async () => (await rows(active, 'Changing')).json.rows.map(({ id }: { id: string }) => id);
    await set.job('Changing', { tasks: { active: 3, running: 0, succeeded: 0, failed: 0 } });
    expect(await seen()).toEqual(['1', '2', '3']);
    await set.task('Changing', '2', { state: 'completed', attempt: 1, startedAt: 1, endedAt: 2, exitCode: 3, result: 'failure' });
    await set.job('Changing', { open: [[1, 1], [3, 3]], tasks: { active: 2, running: 0, succeeded: 0, failed: 1 } });
    await expect.poll(seen, { interval: 50 }).toEqual(['1', '3']);
    await it.ask({ method: 'POST', url: '/jobs/Changing/tasks/2/reactivate' });
    await it.ask({ method: 'POST', url: '/jobs/Changing/tasks', body: { id: '4', commandLine: 'x' } });
    await expect.poll(seen, { interval: 50 }).toEqual(['1', '2', '3', '4']);
    await it.ask({ method: 'DELETE', url: '/jobs/Changing/tasks/3' });
    await expect.poll(seen, { interval: 50 }).toEqual(['1', '2', '4']);
  });

  test.each([
    ['sort=size', 'sort'],
    ['from=-1', 'from'],
    ['count=1001', 'count'],
    ['filter=nonsense', '$filter'],
    ['order=id', 'order'],
    ['q=a&q=b', 'q'],
  ])('%s is refused, and named', async (query, name) => {
    const { status, json } = await rows(query);
    expect({ status, name: json.values[0].value }).toEqual({ status: 400, name });
  });

  test('of a job that is not there', async () => {
    expect(await rows('', 'none')).toMatchObject({ status: 404, json: { code: 'JobNotFound' } });
  });
});

describe('the history of a task', () => {
  async function history(id: string) {
    return (await it.ask({ url: `/linarite/jobs/J/tasks/${id}/history` })).json;
  }

  test('has its last attempt, and says that one before it is not on record', async () => {
    const { attempts, events, complete } = await history('alpha');
    expect(attempts).toMatchObject([{ attempt: 2, node: 'tvmps_1_d', pool: 'P', exitCode: -9, result: 'failure', failure: { code: 'FailureExitCode' } }]);
    expect(events[0]).toMatchObject({ state: 'active', cause: 'added', attempt: 0 });
    expect(complete).toBe(false);
  });

  test('of one that never ran is that it was added', async () => {
    expect(await history('bravo')).toMatchObject({ attempts: [], events: [{ state: 'active', cause: 'added' }], complete: true });
  });
});
