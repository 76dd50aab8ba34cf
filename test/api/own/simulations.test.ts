import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { simulationThreads } from '../../../src/cli/service/simulations/threads.ts';
import type { Simulations } from '../../../src/ports.ts';
import type { Simulation } from '../../../src/wire/own/simulation.ts';
import { statuses, type Statuses } from '../statuses.ts';
import { testApi, UBUNTU, type Got, type TestApi } from '../support.ts';

/** What runs simulations, as a test wants it. */
const threads = { value: simulationThreads() };
const simulations: Simulations = { run: (ask, signal) => threads.value.run(ask, signal) };

let it: TestApi;
let write: Statuses;
beforeAll(async () => {
  it = await testApi({ simulations });
  write = statuses(it.pool);
});
beforeEach(async () => {
  threads.value = simulationThreads();
  await it.clear();
  expect((await it.ask({ method: 'POST', url: '/pools', body: { id: 'Render', vmSize: 'standard_d2s_v3', virtualMachineConfiguration: UBUNTU, targetDedicatedNodes: 2 } })).status).toBe(201);
});
afterAll(() => it.close());

function simulate(body: unknown): Promise<Got> {
  return it.ask({ method: 'POST', url: '/linarite/simulations', body });
}
async function simulated(body: unknown): Promise<Simulation> {
  const { status, json, text } = await simulate(body);
  expect(status, text).toBe(200);
  return json as Simulation;
}

const LOAD = { tasks: 8, duration: '10min' };
const FORMULA = '$TargetDedicatedNodes = min(8, max(1, $PendingTasks.GetSample(1)));';

describe('A simulation', () => {
  test('tells what a pool of the account makes of a load: times, waits, nodes over time, and cost', async () => {
    const { load, seed, assumed, startsAt, pools } = await simulated({ pools: [{ pool: 'render' }], load: LOAD, boot: '3min', price: 0.5 });
    expect({ load, seed, assumed, startsAt }).toEqual({ load: '8 tasks', seed: 1, assumed: ['a node boots in 3 min'], startsAt: '2026-11-30T00:00:00Z' });
    const [pool] = pools;
    expect(pool).toMatchObject({ name: 'Render', form: 'pool', vmSize: 'standard_d2s_v3', taskSlotsPerNode: 1, tasks: { all: 8, succeeded: 8, unfinished: 0 }, dedicated: { most: 2, boots: 2 }, formula: null, resizeErrors: [], notes: [] });
    // Two nodes, four tasks each, one after the other, once they have booted.
    expect(Math.round((pool?.makespanMs ?? 0) / 60_000)).toBe(43);
    expect(Math.round((pool?.waiting?.mostMs ?? 0) / 60_000)).toBe(33);
    expect(pool?.cost.total).toBeCloseTo((2 * 40) / 60 / 2, 1);
    expect(pool?.utilisation).toBeCloseTo(1, 1);
    expect(Math.max(...(pool?.series.dedicated ?? []))).toBe(2);
    expect(pool?.series.waiting.length).toBe(pool?.series.running.length);
  });

  test('changes nothing, and gives the same for the same seed', async () => {
    const asked = { pools: [{ pool: 'render' }], load: { tasks: 20, duration: 'exp(2min)' }, seed: 7 };
    const before = (await it.pool.query('select * from pool')).rows;
    const first = await simulated(asked);
    expect(await simulated(asked)).toEqual(first);
    expect(await simulated({ ...asked, seed: 8 })).not.toEqual(first);
    expect((await it.pool.query('select * from pool')).rows).toEqual(before);
  });

  test('puts a pool beside itself with a formula, another size, or other slots', async () => {
    const { pools } = await simulated({ pools: [{ pool: 'render' }, { pool: 'render', name: 'scaled', formula: FORMULA, taskSlotsPerNode: 2 }], load: LOAD });
    expect(pools.map(({ name, taskSlotsPerNode, formula }) => [name, taskSlotsPerNode, formula !== null])).toEqual([['Render', 1, false], ['scaled', 2, true]]);
    expect(pools[1]?.makespanMs).toBeLessThan(pools[0]?.makespanMs ?? 0);
    const sizes = await simulated({ pools: [{ pool: 'render', targetLowPriorityNodes: 8 }, { pool: 'render', vmSize: 'standard_d4s_v3' }], load: LOAD, preemption: '50%/h' });
    expect(sizes.pools.map(({ name, vmSize, dedicated, lowPriority }) => [name, vmSize, dedicated.most, lowPriority.most])).toEqual([['Render', 'standard_d2s_v3', 0, 8], ['Render (2)', 'standard_d4s_v3', 2, 0]]);
    expect(sizes.assumed).toContain('50.0 % of low-priority nodes are taken away in an hour');
  });

  test('takes a definition of a pool that there is not, and a load from a file', async () => {
    const definition = { id: 'planned', vmSize: 'standard_d1_v2', virtualMachineConfiguration: UBUNTU, enableAutoScale: true, autoScaleFormula: FORMULA, startTask: { commandLine: 'true', waitForSuccess: true } };
    const { load, pools, assumed } = await simulated({ pools: [{ definition }], load: { csv: 'id,arrival,duration,exit\na,0,60,0\nb,30,60,1\n', retries: 1 }, startTask: '1min' });
    expect([load, pools[0]?.name, pools[0]?.form, pools[0]?.tasks.failed, pools[0]?.tasks.retries]).toEqual(['csv', 'planned', 'rest', 1, 1]);
    expect(assumed).toContain('start tasks take 1 min');
  });

  test('takes a job that has run, on its own pool as it was, and on others', async () => {
    expect((await it.ask({ method: 'POST', url: '/jobs', body: { id: 'Job', poolInfo: { poolId: 'render' } } })).status).toBe(201);
    const value = ['a', 'b', 'c'].map((id) => ({ id, commandLine: 'x' }));
    expect((await it.ask({ method: 'POST', url: '/jobs/job/addtaskcollection', body: { value } })).status).toBe(200);
    expect((await simulate({ load: { job: 'job' } })).json).toMatchObject({ code: 'InvalidPropertyValue', values: expect.arrayContaining([{ key: 'PropertyName', value: 'load.job' }, { key: 'Reason', value: 'no task of job Job has ended: nothing is known of how long they take' }]) });
    const at = it.now.value;
    for (const id of ['a', 'b', 'c']) await write.task('job', id, { state: 'completed', result: 'success', exitCode: 0, startedAt: at + 1_000, endedAt: at + 61_000 });
    const { load, pools, startsAt } = await simulated({ load: { job: 'job' }, boot: '1min' });
    expect([load, startsAt, pools[0]?.name, pools[0]?.form, pools[0]?.tasks.succeeded]).toEqual(['job Job', '2026-11-20T12:00:00Z', 'Render', 'job', 3]);
    const wide = await simulated({ load: { job: 'job' }, pools: [{ pool: 'render', targetDedicatedNodes: 3 }], boot: '1min' });
    expect(wide.pools[0]?.makespanMs).toBeLessThan(pools[0]?.makespanMs ?? 0);
  });

  test.each([
    ['no load', { pools: [{ pool: 'render' }] }, 'MissingRequiredProperty', 'load'],
    ['no pool', { load: LOAD }, 'MissingRequiredProperty', 'pools'],
    ['what nobody knows', { pools: [{ pool: 'render' }], load: LOAD, cores: 4 }, 'InvalidPropertyValue', 'cores'],
    ['three pools', { pools: [{}, {}, {}], load: LOAD }, 'InvalidPropertyValue', 'pools'],
    ['a pool that is none', { pools: [{ name: 'x' }], load: LOAD }, 'InvalidPropertyValue', 'pools[0]'],
    ['a pool and a definition', { pools: [{ pool: 'render', definition: {} }], load: LOAD }, 'InvalidPropertyValue', 'pools[0]'],
    ['two loads', { pools: [{ pool: 'render' }], load: { tasks: 1, job: 'job' } }, 'InvalidPropertyValue', 'load'],
    ['a word of tasks beside a job', { load: { job: 'job', duration: '1min' } }, 'InvalidPropertyValue', 'load.duration'],
    ['no tasks', { pools: [{ pool: 'render' }], load: { tasks: 0 } }, 'InvalidPropertyValue', 'load.tasks'],
    ['too many tasks', { pools: [{ pool: 'render' }], load: { tasks: 100_001 } }, 'InvalidPropertyValue', 'load.tasks'],
    ['a time that is none', { pools: [{ pool: 'render' }], load: { tasks: 1, duration: 'long' } }, 'InvalidPropertyValue', 'load.duration'],
    ['a rate of all', { pools: [{ pool: 'render' }], load: LOAD, preemption: '100%/h' }, 'InvalidPropertyValue', 'preemption'],
    ['a negative price', { pools: [{ pool: 'render' }], load: LOAD, price: -1 }, 'InvalidPropertyValue', 'price'],
    ['a formula and a size', { pools: [{ pool: 'render', formula: 'x', targetDedicatedNodes: 1 }], load: LOAD }, 'InvalidPropertyValue', 'pools[0].formula'],
    ['a formula with a fault', { pools: [{ pool: 'render' }, { pool: 'render', formula: '$TargetDedicatedNodes = ;' }], load: LOAD }, 'InvalidPropertyValue', 'pools[1].formula'],
    ['a size that there is not', { pools: [{ pool: 'render', vmSize: 'enormous' }], load: LOAD }, 'InvalidPropertyValue', 'vmSize'],
    ['too many slots', { pools: [{ pool: 'render', taskSlotsPerNode: 1_000 }], load: LOAD }, 'InvalidPropertyValue', 'taskSlotsPerNode'],
    ['a file that is none', { pools: [{ pool: 'render' }], load: { csv: 'id,duration\na,soon\n' } }, 'InvalidPropertyValue', 'load.csv'],
  ])('is refused with %s', async (_what, body, code, name) => {
    const { status, json, text } = await simulate(body);
    expect([status, json.code, json.values?.find(({ key }: { key: string }) => key === 'PropertyName')?.value], text).toEqual([400, code, name]);
  });

  test('of a pool or a job that there is not is refused', async () => {
    expect((await simulate({ pools: [{ pool: 'none' }], load: LOAD })).json.code).toBe('PoolNotFound');
    expect((await simulate({ load: { job: 'none' } })).json.code).toBe('JobNotFound');
  });
});

describe('What a simulation may take is bounded', () => {
  const bounds = { mostMs: 60_000, mostMb: 512, mostWaiting: 3 };
  const long = { pools: [{ pool: 'render' }], load: { tasks: 100_000, duration: '1s' } };

  test('in time', async () => {
    threads.value = simulationThreads({ ...bounds, mostMs: 50 });
    const { status, json } = await simulate(long);
    expect([status, json.code, json.values]).toEqual([400, 'SimulationTooLarge', [{ key: 'Reason', value: 'It did not end within 0.05 s.' }]]);
  });

  test('in memory, and the service lives on', async () => {
    threads.value = simulationThreads({ ...bounds, mostMb: 32 });
    const { status, json } = await simulate(long);
    expect([status, json.code, json.values]).toEqual([400, 'SimulationTooLarge', [{ key: 'Reason', value: 'It needs more than 32 MB of memory.' }]]);
    expect((await it.ask({ url: '/pools/render' })).status).toBe(200);
  });

  test('in number: one runs, others wait their turn, and more are refused', async () => {
    threads.value = simulationThreads({ ...bounds, mostWaiting: 1 });
    const answers = await Promise.all([1, 2, 3].map((seed) => simulate({ pools: [{ pool: 'render' }], load: LOAD, seed })));
    expect(answers.map(({ status }) => status).sort()).toEqual([200, 200, 503]);
    expect(answers.find(({ status }) => status === 503)?.json.code).toBe('ServerBusy');
    expect((await simulate({ pools: [{ pool: 'render' }], load: LOAD })).status).toBe(200);
  });

  test('and one that nobody waits for any more makes room for the next', async () => {
    const own = simulationThreads({ ...bounds, mostWaiting: 0 });
    const gone = new AbortController();
    threads.value = { run: (ask) => own.run(ask, gone.signal) };
    const left = simulate(long);
    gone.abort(new Error('the client has gone'));
    await left;
    threads.value = own;
    expect((await simulate({ pools: [{ pool: 'render' }], load: LOAD })).status).toBe(200);
  });
});
