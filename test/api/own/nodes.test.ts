import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { NodeTransition, Transition } from '../../../src/core/transitions/transition.ts';
import type { ClientAsk, NodeAnswer } from '../../../src/ports.ts';
import { postgresOwnerStore } from '../../../src/store/owner/store.ts';
import { statuses } from '../statuses.ts';
import { testApi, UBUNTU, type TestApi } from '../support.ts';

const NOTHING = { tasks: [], jobs: [], pools: [], nodes: [], jobNodes: [], gone: { tasks: [], jobs: [], pools: [] }, satisfied: [], guards: [], commands: [], isIdle: false };
const MIB = 2 ** 20;

let it: TestApi;
let begin: number;
let pool: number;
let node: number;
let answer: NodeAnswer;
const asked: ClientAsk[] = [];
beforeAll(async () => {
  it = await testApi({
    nodeRequests: {
      ask: (_account, _node, ask) => {
        asked.push(ask);
        return Promise.resolve(answer);
      },
    },
  });
  begin = it.now.value;
  await it.ask({ method: 'POST', url: '/pools', body: { id: 'P', vmSize: 'standard_a1_v2', taskSlotsPerNode: 4, virtualMachineConfiguration: UBUNTU } });
  await it.ask({ method: 'POST', url: '/jobs', body: { id: 'J', poolInfo: { poolId: 'P' } } });
  await it.ask({ method: 'POST', url: '/jobs/J/addtaskcollection', body: { value: ['wide', 'over', 'elsewhere'].map((id) => ({ id, commandLine: 'x', requiredSlots: id === 'wide' ? 2 : 1 })) } });
  const set = statuses(it.pool);
  node = await set.node('P', { id: 'tvmps_1_d', state: 'running', slots: 4 });
  const other = await set.node('P', { id: 'tvmps_2_d', state: 'running' });
  await set.task('J', 'wide', { state: 'running', attempt: 1, node, startedAt: begin });
  await set.task('J', 'over', { state: 'completed', attempt: 1, node, startedAt: begin, endedAt: begin + 1, exitCode: 0, result: 'success' });
  await set.task('J', 'elsewhere', { state: 'running', attempt: 1, node: other, startedAt: begin });
  pool = Number((await it.pool.query("select pool from pool where id = 'P'")).rows[0].pool);
  const store = postgresOwnerStore(it.pool);
  const { epoch } = await store.claim(1, randomUUID(), 'http://here');
  const all: Transition[] = [stepped(1, 'node.creating', { from: null, state: 'creating' }), stepped(2, 'node.idle', { state: 'idle' }), stepped(2, 'node.idle', { state: 'idle', nodeId: 'tvmps_2_d' }), stepped(3, 'node.running', { state: 'running' }), stepped(4, 'node.gone', { state: 'running', nodeId: 'tvmps_left_p', reason: 'scaled down' })];
  for (const [at, one] of all.entries()) await store.commit({ account: 1, epoch, tick: at + 1, now: one.at, decisions: NOTHING, inboxEntries: [], specs: [], journal: null, transitions: { all: [one], endings: [], unnamed: [] } });
  it.now.value = begin + 600_000;
});
afterAll(() => it.close());

function stepped(minutes: number, kind: NodeTransition['kind'], more: Pick<NodeTransition, 'state'> & Partial<NodeTransition>): NodeTransition {
  return { kind, at: begin + minutes * 60_000, node, nodeId: 'tvmps_1_d', pool, poolId: 'P', life: 1, from: 'idle', ...more };
}

async function get(url: string) {
  const { status, json } = await it.ask({ url: `/linarite/pools/${url}` });
  return { status, json };
}

test('what runs on a node is told with its slots, and nothing of what its agent says and others run', async () => {
  const { rows } = await it.pool.query<{ job: string; task: string }>('select job, task from task');
  answer = { kind: 'usage', measures: [], running: rows.map(({ job, task }) => ({ job: Number(job), task: Number(task) })) };
  const { json } = await get('P/nodes/TVMPS_1_D/usage');
  expect(asked.at(-1)).toEqual({ kind: 'usage' });
  expect(json).toMatchObject({ slots: 4, running: [{ job: 'J', task: 'wide', slots: 2, startedAt: new Date(begin).toISOString().replace('.000Z', 'Z') }] });
  expect(json.missing.cpuPercent).toContain('15 s');
});

test('what a node measures is told as shares, levels and rates; what cannot be told there has its reason', async () => {
  answer = { kind: 'usage', running: [], measures: [{ at: begin, measure: { overMs: 10_000, cpu: { ms: 10_000, cores: 4 }, memoryBytes: 3 * MIB, io: { readBytes: 20 * MIB, writeBytes: 0, readOps: 1, writeOps: 0 } } }] };
  const { series, missing } = (await get('P/nodes/tvmps_1_d/usage')).json;
  expect(series).toMatchObject({ cpuPercent: [[begin, 25]], memoryMiB: [[begin, 3]], diskReadMiBps: [[begin, 2]], diskWriteMiBps: [[begin, 0]], networkInMiBps: [] });
  expect(missing).toEqual({ diskMiB: 'It cannot be told of this node alone on its machine.', networkInMiBps: expect.any(String), networkOutMiBps: expect.any(String) });
});

test('of a node that cannot be reached the service tells what it knows', async () => {
  answer = { kind: 'error', code: 'NodeNotReady', message: 'The node cannot be reached now.' };
  expect((await get('P/nodes/tvmps_1_d/usage')).json.missing.cpuPercent).toBe('The node cannot be reached now.');
});

test('the states of a node come the oldest first, those of one that has left as well', async () => {
  const states = async (id: string) => (await get(`P/nodes/${id}/history`)).json.states.map(({ state, kind, reason }: { readonly state: string; readonly kind: string; readonly reason?: string }) => [state, kind, reason]);
  expect(await states('tvmps_1_D')).toEqual([['creating', 'node.creating', undefined], ['idle', 'node.idle', undefined], ['running', 'node.running', undefined]]);
  expect(await states('tvmps_left_p')).toEqual([['gone', 'node.gone', 'scaled down']]);
});

test.each([
  ['P/nodes/none/usage', 404, 'NodeNotFound'],
  ['P/nodes/none/history', 404, 'NodeNotFound'],
  ['none/nodes/tvmps_1_d/usage', 404, 'PoolNotFound'],
  ['P/nodes/tvmps_1_d/history?from=yesterday', 400, 'InvalidQueryParameterValue'],
  ['P/nodes/tvmps_1_d/usage?colour=red', 400, 'InvalidQueryParameterValue'],
])('%s answers %i %s', async (url, status, code) => {
  const got = await get(url);
  expect([got.status, got.json.code]).toEqual([status, code]);
});
