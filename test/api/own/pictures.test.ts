import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { MATRIX_HEADER, MATRIX_LOW_PRIORITY, MATRIX_MAGIC, MATRIX_SCHEDULING_DISABLED, MATRIX_STATE_BITS, MATRIX_STATES } from '../../../src/wire/own/matrix.ts';
import { statuses, type Statuses } from '../statuses.ts';
import { testApi, UBUNTU, type TestApi } from '../support.ts';

let it: TestApi;
let set: Statuses;
let begin: number;
beforeAll(async () => {
  it = await testApi();
  set = statuses(it.pool);
  await it.ask({ method: 'POST', url: '/pools', body: { id: 'P', vmSize: 'standard_a1_v2', taskSlotsPerNode: 4, virtualMachineConfiguration: { imageReference: UBUNTU.imageReference, nodeAgentSKUId: UBUNTU.nodeAgentSKUId } } });
  await it.ask({ method: 'POST', url: '/jobs', body: { id: 'J', usesTaskDependencies: true, poolInfo: { poolId: 'P' } } });
  const tasks = [{ id: 'a' }, { id: 'b', dependsOn: { taskIds: ['a'] } }, { id: 'c', dependsOn: { taskIds: ['a'] } }, { id: 'd', dependsOn: { taskIds: ['b', 'c'] } }];
  await it.ask({ method: 'POST', url: '/jobs/J/addtaskcollection', body: { value: tasks.map((task) => ({ ...task, commandLine: 'x' })) } });
  begin = it.now.value;
  it.now.value += 100_000;
  const node = await set.node('P', { id: 'tvmps_1_d', state: 'running', runningSlots: 3, since: 5_000 });
  await set.node('P', { id: 'tvmps_2_p', dedicated: false, state: 'starttaskfailed', scheduling: 'disabled' });
  await set.task('J', 'a', { state: 'completed', attempt: 1, node, startedAt: begin, endedAt: begin + 50_000, exitCode: 0, result: 'success' });
  await set.task('J', 'b', { state: 'completed', attempt: 1, node, startedAt: begin + 50_000, endedAt: begin + 60_000, exitCode: 1, result: 'failure' });
  await set.task('J', 'c', { state: 'running', attempt: 1, node, startedAt: begin + 50_000 });
  await set.job('J', { tasks: { active: 1, running: 1, succeeded: 1, failed: 1 } });
});
afterAll(() => it.close());

async function answer(url: string) {
  const { status, json } = await it.ask({ url: `/linarite${url}` });
  return { status, json };
}

describe('the timeline of a job', () => {
  test('has a bar for each attempt, in the lane of a slot, and how many slots were in use', async () => {
    const { json } = await answer('/jobs/J/timeline?width=100&order=joined');
    expect(json).toMatchObject({ from: begin, to: begin + 100_000, width: 100, total: { lanes: 2, attempts: 3 } });
    expect(json.lanes).toEqual([
      { node: 'tvmps_1_d', pool: 'P', slot: 0, runs: [[0, 51, 0, 1, 1, 'a'], [50, 11, 2, 1, 2, 'b']] },
      { node: 'tvmps_1_d', pool: 'P', slot: 1, runs: [[50, 50, 1, 1, 3, 'c']] },
    ]);
    expect([json.busy[10], json.busy[55], json.busy[80]]).toEqual([1, 2, 1]);
  });

  test('of a window, with fewer pixels than attempts: one run of the worst outcome', async () => {
    const { json } = await answer('/jobs/J/timeline?width=1&lanes=0-0');
    expect(json.lanes).toEqual([{ node: 'tvmps_1_d', pool: 'P', slot: 0, runs: [[0, 1, 2, 2]] }]);
    const later = new Date(begin + 70_000).toISOString();
    expect((await answer(`/jobs/J/timeline?from=${later}&order=joined`)).json.lanes.map(({ runs }: { runs: unknown[] }) => runs.length)).toEqual([0, 1]);
  });

  test.each([['lanes=5', 'lanes'], ['lanes=0-1000', 'lanes'], ['width=0', 'width'], ['order=x', 'order'], ['from=yesterday', 'from']])('%s is refused, and named', async (query, name) => {
    const { status, json } = await answer(`/jobs/J/timeline?${query}`);
    expect({ status, name: json.values[0].value }).toEqual({ status: 400, name });
  });
});

test('the histogram of run times counts tasks that have ended, that of waits those that have begun', async () => {
  expect((await answer('/jobs/J/histogram')).json).toMatchObject({ of: 'run', n: 2, max: 50, p50: 10 });
  expect((await answer('/jobs/J/histogram?of=wait&bins=5')).json).toMatchObject({ of: 'wait', n: 3, max: 50, counts: { length: 5 } });
  expect((await answer('/jobs/J/histogram?of=x')).status).toBe(400);
});

test('the graph of a job: equal tasks together, with their states', async () => {
  const { json } = await answer('/jobs/J/graph');
  expect(json).toMatchObject({ edges: [[0, 1], [1, 2]], total: { tasks: 4, groups: 3 } });
  expect(json.groups).toEqual([
    { id: 0, rank: 0, first: 'a', count: 1, states: [0, 0, 0, 1, 0], longestMs: 50_000 },
    { id: 1, rank: 1, first: 'b', count: 2, states: [0, 0, 1, 0, 1], longestMs: 50_000 },
    { id: 2, rank: 2, first: 'd', count: 1, states: [1, 0, 0, 0, 0], longestMs: 0 },
  ]);
  const tasks = async (query: string) => (await answer(`/jobs/J/graph/tasks?${query}`)).json;
  expect(await tasks('first=b')).toMatchObject({ from: 0, total: 2, tasks: [{ id: 'b', state: 'failed' }, { id: 'c', state: 'running' }] });
  expect(await tasks('first=b&state=running')).toMatchObject({ total: 1, tasks: [{ id: 'c', state: 'running' }] });
  expect(await tasks('first=b&from=1&count=1')).toMatchObject({ from: 1, total: 2, tasks: [{ id: 'c' }] });
  expect([(await tasks('first=c')).code, (await tasks('first=none')).code, (await tasks('first=b&state=red')).code]).toEqual(['TaskNotFound', 'TaskNotFound', 'InvalidQueryParameterValue']);
});

test('the graph of a job without dependencies is one group', async () => {
  await it.ask({ method: 'POST', url: '/jobs', body: { id: 'Plain', poolInfo: { poolId: 'P' } } });
  expect((await answer('/jobs/Plain/graph')).json).toMatchObject({ groups: [], edges: [] });
  await it.ask({ method: 'POST', url: '/jobs/Plain/addtaskcollection', body: { value: ['a', 'b'].map((id) => ({ id, commandLine: 'x' })) } });
  await expect.poll(async () => (await answer('/jobs/Plain/graph')).json.groups).toMatchObject([{ count: 2, states: [2, 0, 0, 0, 0] }]);
});

describe('the matrix of a pool', () => {
  async function matrix() {
    // As bytes: `ask` reads text.
    const answered = await it.ask({ url: '/linarite/pools/P/matrix' });
    return { headers: answered.headers, bytes: Buffer.from(answered.bytes) };
  }

  test('has each node in six bytes, in the order in which they joined', async () => {
    const { headers, bytes } = await matrix();
    expect(headers['content-type']).toBe('application/octet-stream');
    expect(bytes.readUInt32LE(MATRIX_HEADER.magic)).toBe(MATRIX_MAGIC);
    expect([bytes.readUInt32LE(MATRIX_HEADER.count), bytes.readUInt32LE(MATRIX_HEADER.slotsPerNode)]).toEqual([2, 4]);
    const at = MATRIX_HEADER.bytes;
    expect([...bytes.subarray(at, at + 2)]).toEqual([MATRIX_STATES.indexOf('running'), MATRIX_STATES.indexOf('starttaskfailed') | MATRIX_LOW_PRIORITY | MATRIX_SCHEDULING_DISABLED]);
    expect([...bytes.subarray(at + 4, at + 6)]).toEqual([3, 0]);
    expect((bytes[at + 1] ?? 0) & MATRIX_STATE_BITS).toBe(MATRIX_STATES.indexOf('starttaskfailed'));
    expect(bytes.readUInt32LE(at + 8)).toBe(5);
    expect(bytes.length).toBe(at + 8 + 8);
  });

  test('names its nodes by index; the epoch stays while nodes join, and changes when one leaves', async () => {
    const epochOf = async (): Promise<number> => (await matrix()).bytes.readUInt32LE(MATRIX_HEADER.epoch);
    const epoch = await epochOf();
    const third = await set.node('P', { id: 'tvmps_3_d' });
    expect((await answer('/pools/P/matrix/ids?from=1')).json).toEqual({ epoch, from: 1, ids: ['tvmps_2_p', 'tvmps_3_d'] });
    await it.pool.query('update node set gone_at = 1 where node = $1', [third - 1]);
    expect(await epochOf()).toBe(epoch + 1);
    expect((await answer('/pools/P/matrix/ids')).json).toEqual({ epoch: epoch + 1, from: 0, ids: ['tvmps_1_d', 'tvmps_3_d'] });
  });
});
