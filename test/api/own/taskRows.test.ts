import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Transition } from '../../../src/core/transitions/transition.ts';
import { postgresOwnerStore } from '../../../src/store/owner/store.ts';
import { formatTimestamp } from '../../../src/wire/timestamps.ts';
import { statuses } from '../statuses.ts';
import { testApi, type TestApi } from '../support.ts';

const NOTHING = { tasks: [], jobs: [], pools: [], nodes: [], jobNodes: [], gone: { tasks: [], jobs: [], pools: [] }, satisfied: [], guards: [], commands: [], isIdle: false };

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

  test('has each attempt, with its node, its times and why it ended, and each state between, from what was told then', async () => {
    const { rows: [found] } = await it.pool.query("select job, task from task where id = 'Alpha'");
    const [job, task] = [Number(found.job), Number(found.task)];
    const now = it.now.value;
    const names = { job, jobId: 'J', task, taskId: 'Alpha' };
    const on = { attempt: 1, node, nodeId: 'tvmps_0_d', poolId: 'P' };
    const again = { attempt: 2, node, nodeId: 'tvmps_1_d', poolId: 'P' };
    const store = postgresOwnerStore(it.pool);
    const { epoch } = await store.claim(1, randomUUID(), 'http://here');
    const told: readonly Transition[] = [
      { kind: 'task.created', at: now - 50_000, ...names, from: null, state: 'active', cause: 'added' },
      { kind: 'task.created', at: now - 50_000, ...names, task: task + 1, taskId: 'other', from: null, state: 'active', cause: 'added' },
      { kind: 'task.running', at: now - 40_000, ...names, ...on, from: 'active', state: 'running', cause: 'started', startedAt: now - 40_500 },
      { kind: 'task.running', at: now - 39_000, ...names, ...on, task: task + 1, from: 'active', state: 'running', cause: 'started' },
      { kind: 'task.requeued', at: now - 30_000, ...names, ...on, from: 'running', state: 'active', cause: 'nodePreempted', requeueCount: 1 },
      { kind: 'task.running', at: now - 9_000, ...names, ...again, from: 'active', state: 'running', cause: 'started', startedAt: now - 9_000 },
      { kind: 'task.failed', at: now - 8_000, ...names, ...again, from: 'running', state: 'completed', cause: 'exited', exitCode: -9, result: 'failure' },
    ];
    for (const [index, transition] of told.entries()) await store.commit({ account: 1, epoch, tick: index + 1, now: transition.at, decisions: NOTHING, inboxEntries: [], specs: [], journal: null, transitions: { all: [transition], endings: [], unnamed: [] } });
    const { attempts, events, complete } = await history('alpha');
    const time = (ago: number): string => formatTimestamp(now - ago);
    expect(complete).toBe(true);
    expect(attempts).toEqual([
      { attempt: 1, pool: 'P', node: 'tvmps_0_d', startedAt: time(40_500), endedAt: time(30_000), cause: 'nodePreempted' },
      { attempt: 2, pool: 'P', node: 'tvmps_1_d', startedAt: time(9_000), endedAt: time(8_000), cause: 'exited', exitCode: -9, result: 'failure', failure: { code: 'FailureExitCode', message: 'it failed' } },
    ]);
    expect(events.map(({ time: at, state, cause, attempt }: { time: string; state: string; cause: string; attempt: number }) => [at, state, cause, attempt])).toEqual([
      [time(50_000), 'active', 'added', 0],
      [time(40_000), 'running', 'started', 1],
      [time(30_000), 'active', 'nodePreempted', 1],
      [time(9_000), 'running', 'started', 2],
      [time(8_000), 'completed', 'exited', 2],
    ]);
  });

  test('of one that never ran is that it was added', async () => {
    expect(await history('bravo')).toMatchObject({ attempts: [], events: [{ state: 'active', cause: 'added' }], complete: true });
  });
});
