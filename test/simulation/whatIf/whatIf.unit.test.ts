import { describe, expect, it } from 'vitest';
import { PLAIN_JOB } from '../../../src/simulation/whatIf/load.ts';
import { syntheticLoad } from '../../../src/simulation/whatIf/synthetic.ts';
import { AT_ONCE, simulated, tasks } from './support.ts';

const [SECOND, MINUTE, HOUR] = [1_000, 60_000, 3_600_000];

describe('Tasks on a pool of a fixed size', () => {
  it('run one after the other on one slot, once its node has booted', async () => {
    const { makespanMs, waiting, dedicated, slots, idleNodeMs, starts, tasks: counts } = await simulated(tasks({ durationMs: 10 * SECOND }, { durationMs: 20 * SECOND }, { durationMs: 30 * SECOND }), {});
    expect([...starts]).toEqual([1, 1 + 10, 1 + 30].map((seconds) => expect.closeTo(seconds * SECOND + 59 * SECOND, -2) as number));
    expect(makespanMs).toBeCloseTo(2 * MINUTE, -3);
    expect(waiting?.medianMs).toBeCloseTo(70 * SECOND, -2);
    expect(waiting?.mostMs).toBeCloseTo(90 * SECOND, -2);
    expect(dedicated).toMatchObject({ most: 1, boots: 1, preemptions: 0 });
    expect(dedicated.nodeMs).toBeCloseTo(MINUTE, -3);
    expect(slots).toEqual({ thereMs: dedicated.nodeMs, busyMs: MINUTE, lostMs: 0 });
    expect(idleNodeMs).toBe(dedicated.nodeMs - MINUTE);
    expect(counts).toEqual({ all: 3, succeeded: 3, failed: 0, unfinished: 0, neverStarted: 0, retries: 0, cutShort: 0 });
  });

  it('fill its slots: one that takes two waits for two', async () => {
    const { starts } = await simulated(tasks({ durationMs: 10 * SECOND }, { durationMs: 20 * SECOND, slots: 2 }, { durationMs: 5 * SECOND }), { taskSlotsPerNode: 2 }, { warm: { dedicated: 1, lowPriority: 0 } });
    const [first = 0, second = 0, third = 0] = starts;
    expect(second - first).toBeCloseTo(10 * SECOND, -2);
    // What was sent ahead starts strictly in order.
    expect(third - second).toBeCloseTo(20 * SECOND, -2);
  });

  it('are tried again as often as their job lets them, and each of their runs ends as the load says', async () => {
    const load = tasks({ durationMs: SECOND, exits: [1, 1, 0] }, { durationMs: SECOND, exits: [3] });
    const { tasks: counts, slots } = await simulated({ ...load, jobs: load.jobs.map((job) => ({ ...job, maxTaskRetryCount: 2 })) }, {});
    expect(counts).toMatchObject({ succeeded: 1, failed: 1, retries: 4 });
    expect(slots.busyMs).toBe(6 * SECOND);
  });

  it('go first where their priority is higher', async () => {
    const jobs = [1, 100].map((priority) => ({ ...PLAIN_JOB, id: `p${priority}`, priority, tasks: [1, 2].map((id) => ({ id: String(id), arrivalMs: 0, durationMs: SECOND, slots: 1, exits: [] })) }));
    const { starts } = await simulated({ name: 'two jobs', jobs }, {});
    const [low = 0, , high = 0, higher = 0] = starts;
    expect(high).toBeLessThan(low);
    expect(higher).toBeLessThan(low);
  });

  it('wait for those that they depend on', async () => {
    const { jobs, name } = tasks({ durationMs: 5 * SECOND, id: 'a' }, { durationMs: SECOND, id: 'b', dependsOn: { ids: ['a'], ranges: [] } });
    const { starts } = await simulated({ name, jobs: jobs.map((job) => ({ ...job, usesTaskDependencies: true })) }, { targetDedicated: 2 });
    expect((starts[1] ?? 0) - (starts[0] ?? 0)).toBeCloseTo(5 * SECOND, -2);
  });

  it('on several nodes run there together', async () => {
    const { makespanMs, slots } = await simulated(tasks({ durationMs: MINUTE, instances: 3 }), { targetDedicated: 3, interNode: true });
    expect(makespanMs).toBeCloseTo(2 * MINUTE, -3);
    expect(slots.busyMs).toBeCloseTo(3 * MINUTE, -3);
  });

  it('wait for its start task', async () => {
    const model = { ...AT_ONCE, startTask: { kind: 'constant', ms: 30 * SECOND } as const };
    const startTask = { waitForSuccess: true, maxTaskRetryCount: 0 };
    const { waiting } = await simulated(tasks({ durationMs: SECOND }), { startTask }, { model });
    expect(waiting?.mostMs).toBeCloseTo(90 * SECOND, -2);
    expect((await simulated(tasks({ durationMs: SECOND }), { startTask: { ...startTask, waitForSuccess: false } }, { model })).waiting?.mostMs).toBeCloseTo(60 * SECOND, -2);
  });

  it('that fit nowhere never run, and the simulation says so instead of going on', async () => {
    const { tasks: counts, waiting, makespanMs } = await simulated(tasks({ durationMs: SECOND, slots: 4 }), {});
    expect(counts).toMatchObject({ unfinished: 1, neverStarted: 1 });
    expect([waiting, makespanMs]).toEqual([null, null]);
  });
});

const FORMULA = '$TargetDedicatedNodes = min(5, max(0, $PendingTasks.GetSample(1)));';

describe('A pool with a formula', () => {
  const autoScale = { formula: FORMULA, intervalMs: 5 * MINUTE, sequence: 0, at: 0 };

  it('grows with what waits and shrinks again', async () => {
    const load = tasks(...Array.from({ length: 5 }, () => ({ durationMs: 10 * MINUTE })));
    const { formula, dedicated, series, waiting } = await simulated(load, { targetDedicated: 0, autoScale }, { untilMs: HOUR });
    expect(formula).toEqual({ runs: 13, problems: [] });
    // The formula runs in the fifth minute for the first time with samples.
    expect(waiting?.mostMs).toBeCloseTo(6 * MINUTE, -3);
    expect(dedicated).toMatchObject({ most: 5, boots: 5 });
    // Tasks end in the sixteenth minute; the run in the twentieth sees that nothing waits.
    expect(dedicated.nodeMs / MINUTE).toBeCloseTo(5 * (20 - 6), -1);
    expect(Math.max(...series.targetDedicated)).toBe(5);
    expect(series.targetDedicated.at(-1)).toBe(0);
    expect(Math.max(...series.waiting)).toBe(5);
    expect(Math.max(...series.running)).toBe(5);
  });

  it('whose runs fail keeps its size, and the outcome says why, with line and column', async () => {
    const { formula, tasks: counts } = await simulated(tasks({ durationMs: SECOND }), { targetDedicated: 0, autoScale: { ...autoScale, formula: 'nodes = 0;\n$TargetDedicatedNodes = 12 / nodes;' } }, { untilMs: HOUR });
    expect(formula?.problems).toHaveLength(1);
    expect(formula?.problems[0]).toMatchObject({ times: 13, message: expect.stringMatching(/Line 2, Col 25: the number is out of range/) as unknown });
    expect(counts.neverStarted).toBe(1);
  });
});

describe('Low-priority nodes', () => {
  it('are taken away now and then: what ran there runs again elsewhere, and is no retry', async () => {
    const load = tasks(...Array.from({ length: 20 }, () => ({ durationMs: HOUR })));
    const pool = { targetDedicated: 0, targetLowPriority: 10 };
    const { tasks: counts, lowPriority, slots } = await simulated(load, pool, { model: { ...AT_ONCE, preemptedPerHour: 0.3 } });
    expect(counts).toMatchObject({ succeeded: 20, failed: 0, retries: 0 });
    expect(lowPriority.preemptions).toBeGreaterThan(0);
    expect(counts.cutShort).toBeGreaterThan(0);
    expect(slots.lostMs).toBeGreaterThan(0);
    expect(slots.busyMs).toBe(20 * HOUR + slots.lostMs);
    const kept = await simulated(load, pool);
    expect(kept.lowPriority.preemptions).toBe(0);
    expect(kept.slots.lostMs).toBe(0);
  });

  it('are taken away at the rate that was asked for', async () => {
    const { lowPriority } = await simulated(tasks({ durationMs: SECOND }), { targetDedicated: 0, targetLowPriority: 500 }, { untilMs: 10 * HOUR, model: { ...AT_ONCE, preemptedPerHour: 0.1 } });
    const expected = (500 * 10 * -Math.log(0.9)) / 1;
    expect(lowPriority.preemptions).toBeGreaterThan(expected * 0.85);
    expect(lowPriority.preemptions).toBeLessThan(expected * 1.15);
  });
});

describe('Simulated from the same seed', () => {
  const load = syntheticLoad(
    { tasks: 300, duration: { kind: 'lognormal', medianMs: 30_000, sigma: 1 }, arrival: { kind: 'poisson', perMs: 0.001 }, slots: [{ value: 1, weight: 3 }, { value: 2, weight: 1 }], priority: [{ value: 0, weight: 1 }, { value: 5, weight: 1 }], failures: 0.1, retries: 1 },
    7,
  );
  const rest = { model: { ...AT_ONCE, boot: { kind: 'uniform', leastMs: 10_000, mostMs: 90_000 } as const, preemptedPerHour: 0.9 } };
  const pool = { targetDedicated: 2, targetLowPriority: 6, taskSlotsPerNode: 2 };

  it('the outcome is the same; from another one it is not', async () => {
    const [first, second, other] = await Promise.all([simulated(load, pool, rest), simulated(load, pool, rest), simulated(load, pool, { ...rest, seed: 2 })]);
    expect(JSON.stringify(second)).toBe(JSON.stringify(first));
    expect(JSON.stringify(other)).not.toBe(JSON.stringify(first));
  });
});

describe('Whatever load and pool', () => {
  it.each(Array.from({ length: 40 }, (_, index) => index + 1))('each task ends once, and no slot is used twice (seed %i)', async (seed) => {
    const pick = (least: number, most: number, salt: number): number => least + ((seed * 2_654_435_761 + salt * 40_503) % (most - least + 1));
    const load = syntheticLoad(
      {
        tasks: pick(1, 200, 1),
        duration: { kind: 'exponential', meanMs: pick(10, 100_000, 2) },
        arrival: seed % 2 === 0 ? { kind: 'all' } : { kind: 'poisson', perMs: 1 / pick(1, 5_000, 3) },
        slots: [{ value: 1, weight: 2 }, { value: pick(1, 4, 4), weight: 1 }],
        priority: [{ value: 0, weight: 1 }, { value: pick(-1000, 1000, 5), weight: 1 }],
        failures: seed % 3 === 0 ? 0.3 : 0,
        retries: pick(0, 3, 6),
      },
      seed,
    );
    const jobs = load.jobs.map((job) => ({ ...job, allowTaskPreemption: seed % 5 === 0 }));
    const pool = { targetDedicated: pick(0, 3, 7) + 1, targetLowPriority: pick(0, 5, 8), taskSlotsPerNode: 4, fillType: seed % 2 === 0 ? 'pack' : 'spread' } as const;
    const late = { kind: 'uniform', leastMs: 0, mostMs: 5_000 } as const;
    const timing = seed % 2 === 0 ? AT_ONCE.timing : { intake: late, dispatch: { ...late, mostMs: 300 }, report: late };
    const { tasks: counts, slots, dedicated, lowPriority, idleNodeMs } = await simulated({ ...load, jobs }, pool, { seed, model: { ...AT_ONCE, timing, preemptedPerHour: seed % 4 === 0 ? 0.95 : 0 } });
    expect(counts.succeeded + counts.failed).toBe(counts.all);
    expect(counts).toMatchObject({ unfinished: 0, neverStarted: 0 });
    if (seed % 3 !== 0) expect(counts).toMatchObject({ failed: 0, retries: 0 });
    const work = load.jobs.flatMap((job) => job.tasks).reduce((sum, task) => sum + task.durationMs * task.slots, 0);
    // Each run is of its whole length, but for those that were cut short.
    if (counts.retries === 0) expect(slots.busyMs - slots.lostMs).toBe(work);
    expect(slots.busyMs).toBeLessThanOrEqual(slots.thereMs);
    expect(slots.thereMs).toBe(4 * (dedicated.nodeMs + lowPriority.nodeMs));
    expect(idleNodeMs).toBeGreaterThanOrEqual(0);
  });
});
