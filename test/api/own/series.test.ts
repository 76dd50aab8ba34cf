import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { PoolTransition, Transition } from '../../../src/core/transitions/transition.ts';
import { postgresOwnerStore } from '../../../src/store/owner/store.ts';
import { statuses } from '../statuses.ts';
import { testApi, UBUNTU, type TestApi } from '../support.ts';

const NOTHING = { tasks: [], jobs: [], pools: [], nodes: [], jobNodes: [], gone: { tasks: [], jobs: [], pools: [] }, satisfied: [], guards: [], commands: [], isIdle: false };
const MINUTE_MS = 60_000;

let it: TestApi;
let begin: number;
let number: number;
beforeAll(async () => {
  it = await testApi();
  begin = it.now.value;
  for (const id of ['P', 'Q']) await it.ask({ method: 'POST', url: '/pools', body: { id, vmSize: 'standard_a1_v2', targetDedicatedNodes: 3, virtualMachineConfiguration: { imageReference: UBUNTU.imageReference, nodeAgentSKUId: UBUNTU.nodeAgentSKUId } } });
  await statuses(it.pool).pool('P', { targetDedicated: 3, currentDedicated: 2 });
  number = Number((await it.pool.query("select pool from pool where id = 'P'")).rows[0].pool);
  const store = postgresOwnerStore(it.pool);
  const { epoch } = await store.claim(1, randomUUID(), 'http://here');
  const tell = async (tick: number, now: number, ...all: Transition[]): Promise<void> => {
    await store.commit({ account: 1, epoch, tick, now, decisions: NOTHING, inboxEntries: [], specs: [], journal: null, transitions: { all, endings: [], unnamed: [] } });
  };
  const at = (minutes: number): number => begin + minutes * MINUTE_MS;
  await tell(1, at(1), resize(at(1), 'pool.resizing', { targetDedicatedNodes: 3, currentDedicatedNodes: 0 }), resize(at(1), 'pool.resizing', { pool: number + 100, targetDedicatedNodes: 77 }));
  await tell(2, at(2), { kind: 'pool.evaluated', at: at(2), pool: number, poolId: 'P', from: 'resizing', state: 'resizing', results: '$TargetDedicatedNodes=3' });
  await tell(3, at(3), resize(at(3), 'pool.resized', { targetDedicatedNodes: 3, currentDedicatedNodes: 2 }), { kind: 'pool.evaluated', at: at(3), pool: number, poolId: 'P', from: 'steady', state: 'steady', results: '', errors: [{ code: 'E', message: 'bad', values: [] }] });
  await it.pool.query('insert into pool_sample (pool, at, sample) values ($1, $2, $3)', [number, at(2), { $ActiveTasks: 9, $RunningTasks: 1, $CurrentDedicatedNodes: 1, $CurrentLowPriorityNodes: 0 }]);
  it.now.value = at(10);
});
afterAll(() => it.close());

function resize(at: number, kind: 'pool.resizing' | 'pool.resized', more: Partial<PoolTransition>): PoolTransition {
  return { kind, at, pool: number, poolId: 'P', from: 'steady', state: 'resizing', ...more };
}
async function answer(url: string) {
  const { status, json } = await it.ask({ url: `/linarite${url}` });
  return { status, json };
}

test('the series of a pool has its resizes, its samples and what it is now, and says what there is none of', async () => {
  const { json } = await answer('/pools/P/series');
  const minutes = (points: readonly (readonly [number, number])[]) => points.map(([at, value]) => [(at - begin) / MINUTE_MS, value]);
  expect(minutes(json.series.targetDedicatedNodes)).toEqual([[1, 3], [3, 3], [10, 3]]);
  expect(minutes(json.series.currentDedicatedNodes)).toEqual([[1, 0], [2, 1], [3, 2], [10, 2]]);
  expect(minutes(json.series.waitingTasks)).toEqual([[2, 9]]);
  expect(json.missing).toEqual({ cpuPercent: 'No node of the pool has measured it in that time.', memoryMiB: 'No node of the pool has measured it in that time.' });
  expect(json.since).toBe(json.from);
});

test('a pool that was not resized has had its targets since it was made', async () => {
  const { json } = await answer('/pools/Q/series?names=targetDedicatedNodes,waitingTasks');
  expect(json.series.targetDedicatedNodes).toEqual([[begin, 3], [it.now.value, 3]]);
  expect(json.missing).toEqual({ waitingTasks: 'It is sampled of pools whose size a formula decides, and kept for a day.' });
});

test('runs of a formula come the newest first, with what they gave or why they failed', async () => {
  const { json } = await answer('/pools/p/evaluations');
  expect(json.evaluations.map(({ results, errors }: { readonly results: string; readonly errors: object }) => ({ results, errors }))).toEqual([
    { results: '', errors: [{ code: 'E', message: 'bad' }] },
    { results: '$TargetDedicatedNodes=3', errors: [] },
  ]);
  expect((await answer('/pools/P/evaluations?count=1')).json.evaluations).toHaveLength(1);
  expect((await answer(`/pools/P/evaluations?to=${new Date(begin + 2.5 * MINUTE_MS).toISOString()}`)).json.evaluations).toHaveLength(1);
});

test.each([['names=cpu', 'names'], ['points=3', 'points'], ['from=x', 'from'], ['from=2999-01-01T00:00:00Z', 'from'], ['colour=red', 'colour']])('a series with %s is refused, and named', async (query, name) => {
  const { status, json } = await answer(`/pools/P/series?${query}`);
  expect({ status, name: json.values[0].value }).toEqual({ status: 400, name });
});

test('of a pool that is not there', async () => {
  expect((await answer('/pools/none/series')).json.code).toBe('PoolNotFound');
});

test('a formula is tried over the time of samples: what it would have asked for, beside the load', async () => {
  const csv = 'time,$ActiveTasks,$RunningTasks\n2026-11-20T12:00:00Z,6,1\n2026-11-20T12:01:00Z,2,4\n';
  const { status, json } = await it.ask({ method: 'POST', url: '/linarite/autoscale/evaluate', body: { formula: '$TargetDedicatedNodes = $ActiveTasks.GetSample(1);', samples: { csv }, over: 3 } });
  expect([status, json.over]).toEqual([200, [
    { time: '2026-11-20T12:00:00Z', dedicated: 6, lowPriority: 0, waiting: 6, running: 1 },
    { time: '2026-11-20T12:00:30Z', dedicated: 6, lowPriority: 0, waiting: 6, running: 1 },
    { time: '2026-11-20T12:01:00Z', dedicated: 2, lowPriority: 0, waiting: 2, running: 4 },
  ]]);
  expect((await it.ask({ method: 'POST', url: '/linarite/autoscale/evaluate', body: { formula: 'x = 1;', samples: { csv }, over: 1 } })).json.values[0].value).toBe('over');
});

test('a formula is looked at, and tried on what a pool or a file has measured', async () => {
  const check = async (body: object) => (await it.ask({ method: 'POST', url: '/linarite/autoscale/evaluate', body })).json;
  const formula = '$TargetDedicatedNodes = $ActiveTasks.GetSample(1);';
  expect((await check({ formula })).evaluation).toBeUndefined();
  expect((await check({ formula: 'x = ;' })).problems).toHaveLength(1);
  expect((await check({ formula, samples: { csv: 'time,$ActiveTasks\n2026-11-20T12:00:00Z,6\n' } })).evaluation).toMatchObject({ timestamp: '2026-11-20T12:00:00Z', results: expect.stringContaining('$TargetDedicatedNodes=6') });
  expect((await check({ formula: '$TargetDedicatedNodes = $CurrentDedicatedNodes + 1;', samples: { pool: 'p' } })).evaluation.results).toContain('$TargetDedicatedNodes=3');
  expect((await check({ formula, samples: { pool: 'none' } })).code).toBe('PoolNotFound');
  for (const body of [{}, { formula, samples: {} }, { formula, samples: { csv: 'nothing' } }, { formula, colour: 'red' }]) expect((await check(body)).code).toMatch(/^InvalidPropertyValue|^MissingRequired/);
});
