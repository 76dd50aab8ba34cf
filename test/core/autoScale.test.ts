import { describe, expect, test } from 'vitest';
import type { AutoScale, PoolIntent } from '../../src/core/intent.ts';
import { measured, type Measure, withMeasure } from '../../src/core/pool/measure.ts';
import { exited, testEnv, type TestEnv, type TestPool } from './harness.ts';

const MINUTE_MS = 60_000;

function scaled(env: TestEnv, formula: string, more: Partial<PoolIntent> = {}, intervalMs = 5 * MINUTE_MS): TestPool {
  return env.pool({ nodes: 0, autoScale: { formula, intervalMs, sequence: 0, at: env.now }, ...more });
}

function give(pool: TestPool, formula: string, more: Partial<AutoScale> = {}): void {
  const before = pool.row.intent.autoScale;
  pool.ask({ autoScale: { formula, intervalMs: before?.intervalMs ?? 5 * MINUTE_MS, sequence: (before?.sequence ?? 0) + 1, at: pool.env.now, ...more } });
}

describe('a pool whose size a formula decides', () => {
  test('gets its first targets as it is made, and says what the formula gave', () => {
    const env = testEnv();
    const pool = scaled(env, '$TargetDedicatedNodes = 2; $TargetLowPriorityNodes = 1; x = 5;');
    env.settle();
    expect(pool.status).toMatchObject({ allocationState: 'steady', targetDedicated: 2, targetLowPriority: 1, currentDedicated: 2, currentLowPriority: 1, resizeSequence: 1 });
    expect(pool.status.autoScale).toEqual({ sequence: 0, evaluatedAt: env.now, results: '$TargetDedicatedNodes=2;$TargetLowPriorityNodes=1;$NodeDeallocationOption=requeue;x=5', error: null, option: 'requeue' });
  });

  test('runs its formula again when the interval has passed, not before, and is as large as its tasks ask', () => {
    const env = testEnv();
    const pool = scaled(env, '$TargetDedicatedNodes = min(3, max(0, $PendingTasks.GetSample(1)));');
    env.settle();
    expect(pool.status).toMatchObject({ targetDedicated: 0, allocationState: 'steady' });
    const job = env.job().tasks(5);
    env.pass(5 * MINUTE_MS - 1);
    expect(pool.status.targetDedicated).toBe(0);
    env.pass(1);
    expect(pool.status).toMatchObject({ targetDedicated: 3, currentDedicated: 3, allocationState: 'steady' });
    job.run();
    expect(job.states).toEqual({ completed: 5 });
    env.pass(5 * MINUTE_MS);
    expect(pool.status).toMatchObject({ targetDedicated: 0, currentDedicated: 0 });
  });

  test('is measured each 30 s, what fell into a time without an owner left out; what was measured outlasts the owner', () => {
    const env = testEnv();
    const pool = scaled(env, 'n = $PendingTasks.Count(); a = $ActiveTasks.GetSample(100); r = $RunningTasks.GetSample(100); s = $SucceededTasks.GetSample(100); f = $FailedTasks.GetSample(100); u = $UsableNodeCount.GetSample(100); $TargetDedicatedNodes = 1;');
    env.settle();
    const job = env.job({ usesTaskDependencies: true }).tasks(3).task({ dependsOn: { ids: ['t1'], ranges: [] } });
    env.settle();
    env.pass(30_000);
    job.end(1);
    job.end(2, exited(1));
    env.pass(30_000);
    env.restart();
    env.now += 90_000;
    env.settle();
    env.pass(30_000);
    env.pass(2 * MINUTE_MS);
    expect(env.samples.get(pool.number)?.map(([at]) => (at - pool.row.intent.createdAt) / 30_000)).toEqual([1, 2, 5, 6, 7, 8, 9, 10]);
    expect(pool.status.autoScale?.results).toMatch(/;a=\[2(,1){7}\];f=\[0(,1){7}\];n=8;r=\[1(,1){7}\];s=\[0(,1){7}\];u=\[1(,1){7}\]$/);
  });

  test('forgets what is older than a day', () => {
    const env = testEnv();
    const pool = scaled(env, 'n = $PendingTasks.Count(); begin = $PendingTasks.HistoryBeginTime();', {}, 7 * 24 * 60 * MINUTE_MS);
    env.settle();
    for (let step = 0; step < 2_890; step += 1) env.pass(30_000);
    give(pool, 'n = $PendingTasks.Count();');
    env.settle();
    expect(pool.status.autoScale?.results).toMatch(/;n=2881$/);
  });

  test('stays as it is when a run fails, says why with its place, and runs in its time again', () => {
    const env = testEnv();
    const pool = scaled(env, '$TargetDedicatedNodes = max($PendingTasks.GetSample(TimeInterval_Minute * 2, 100)) + 2;');
    env.settle();
    expect(pool.status).toMatchObject({ allocationState: 'steady', targetDedicated: 0 });
    expect(pool.status.autoScale).toMatchObject({ error: { code: 'InsufficientSampleData', values: [{ name: 'Message', value: expect.stringMatching(/^Line 1, Col \d+: /) }] }, results: '$TargetDedicatedNodes=0;$TargetLowPriorityNodes=0;$NodeDeallocationOption=requeue' });
    for (let step = 0; step < 10; step += 1) env.pass(30_000);
    expect(pool.status).toMatchObject({ targetDedicated: 2, currentDedicated: 2, autoScale: { error: null } });
  });

  test.each([
    ['requeue', { active: 1 }],
    ['terminate', { completed: 1 }],
    ['taskcompletion', { running: 1 }],
    ['retaineddata', { running: 1 }],
  ] as const)('lets nodes go with %s, as the formula says', (option, states) => {
    const env = testEnv();
    const pool = scaled(env, '$TargetDedicatedNodes = 1;');
    const job = env.job().task({ retentionMs: 0 });
    env.settle();
    give(pool, `$TargetDedicatedNodes = 0; $NodeDeallocationOption = ${option};`);
    env.settle();
    expect(job.states).toEqual(states);
    if (option === 'taskcompletion' || option === 'retaineddata') job.end(1);
    expect(pool.status).toMatchObject({ allocationState: 'steady', currentDedicated: 0, resizeErrors: [], autoScale: { option } });
  });

  test('takes up new targets in the middle of a resize: nodes that were to leave stay after all', () => {
    const env = testEnv();
    const pool = scaled(env, '$TargetDedicatedNodes = 2;');
    const job = env.job().tasks(2);
    env.settle();
    const nodes = pool.nodes.map(({ node }) => node);
    give(pool, '$TargetDedicatedNodes = $PendingTasks.Count() < 4 ? 0 : 2; $NodeDeallocationOption = taskcompletion;', { intervalMs: 2 * MINUTE_MS });
    env.settle();
    expect(pool.status).toMatchObject({ allocationState: 'resizing', targetDedicated: 0 });
    for (let step = 0; step < 4; step += 1) env.pass(30_000);
    expect(pool.status).toMatchObject({ allocationState: 'steady', targetDedicated: 2, currentDedicated: 2 });
    expect(pool.nodes.map(({ node }) => node)).toEqual(nodes);
    expect(job.states).toEqual({ running: 2 });
  });

  test('tries again at the next run what a resize did not give, and forgets the error of before', () => {
    const env = testEnv();
    env.apply({ kind: 'room', maxNodes: 1 });
    const pool = scaled(env, '$TargetDedicatedNodes = $PendingTasks.Count() < 15 ? 2 : 1;');
    env.settle();
    expect(pool.status).toMatchObject({ currentDedicated: 1, resizeErrors: [{ code: 'AllocationFailed' }] });
    env.apply({ kind: 'room', maxNodes: 2 });
    for (let step = 0; step < 10; step += 1) env.pass(30_000);
    expect(pool.status).toMatchObject({ allocationState: 'steady', currentDedicated: 2, resizeErrors: [] });
    env.apply({ kind: 'room', maxNodes: 1 });
  });

  test('is stopped in one resize of its formula, and in no later one', () => {
    const env = testEnv();
    env.bootsByItself = false;
    const pool = scaled(env, '$TargetDedicatedNodes = $TargetDedicatedNodes + 1;');
    env.settle();
    pool.ask({ stopSequence: 1 });
    env.settle();
    expect(pool.status).toMatchObject({ allocationState: 'steady', resizeErrors: [{ code: 'ResizeStopped' }], targetDedicated: 1 });
    env.pass(5 * MINUTE_MS);
    expect(pool.status).toMatchObject({ allocationState: 'resizing', targetDedicated: 2, resizeErrors: [] });
    pool.ask({ stopSequence: 2 });
    env.settle();
    expect(pool.status.resizeErrors).toMatchObject([{ code: 'ResizeStopped' }]);
  });

  test('whose formula is taken away stops in its resize, keeps its targets, and is resized by hand again', () => {
    const env = testEnv();
    env.bootsByItself = false;
    const pool = scaled(env, '$TargetDedicatedNodes = 2;');
    env.settle();
    pool.ask({ autoScale: null });
    env.settle();
    expect(pool.status).toMatchObject({ allocationState: 'steady', targetDedicated: 2, currentDedicated: 0, resizeErrors: [{ code: 'ResizeStopped' }], autoScale: null });
    env.bootsByItself = true;
    pool.resize(1, { nodeDeallocation: 'terminate' });
    env.settle();
    expect(pool.status).toMatchObject({ allocationState: 'steady', targetDedicated: 1, currentDedicated: 1, resizeErrors: [] });
    env.pass(20 * MINUTE_MS);
    expect(pool.status).toMatchObject({ targetDedicated: 1 });
  });

  test('goes on under another owner: no run is left out, none is made twice', () => {
    const env = testEnv();
    const pool = scaled(env, '$TargetDedicatedNodes = $TargetDedicatedNodes + 1;');
    env.settle();
    env.restart().settle();
    expect(pool.status.targetDedicated).toBe(1);
    env.now += 12 * MINUTE_MS;
    env.restart().settle();
    expect(pool.status.targetDedicated).toBe(2);
    env.pass(5 * MINUTE_MS);
    expect(pool.status.targetDedicated).toBe(3);
  });
});

describe('what the nodes of a pool use', () => {
  const HALF_BUSY: Measure = {
    overMs: 15_000,
    cpu: { ms: 15_000, cores: 2 },
    memoryBytes: 512 * 2 ** 20,
    diskBytes: 3 * 2 ** 30,
    io: { readBytes: 100, writeBytes: 200, readOps: 3, writeOps: 4 },
    network: { inBytes: 50, outBytes: 60 },
  };
  const IDLE: Measure = { overMs: 15_000, cpu: { ms: 0, cores: 2 }, memoryBytes: 256 * 2 ** 20, diskBytes: 2 ** 30, io: { readBytes: 0, writeBytes: 10, readOps: 0, writeOps: 1 } };

  function say(pool: TestPool, ...nodes: readonly Measure[]): void {
    for (const measure of nodes) pool.env.apply({ kind: 'measured', pool: pool.number, measure: measured(measure) });
  }

  test('is in the sample that follows: means of levels, sums of the rest; what no node can measure has no sample', () => {
    const env = testEnv();
    const pool = scaled(env, '$TargetDedicatedNodes = 2;');
    env.settle();
    say(pool, HALF_BUSY, HALF_BUSY, IDLE, IDLE);
    env.pass(30_000);
    say(pool, IDLE);
    env.pass(30_000);
    env.pass(30_000);
    const [first, second, third] = env.samples.get(pool.number) ?? [];
    expect(first?.[1]).toMatchObject({
      $CPUPercent: 0.25,
      $WallClockSeconds: 60,
      $MemoryBytes: 384,
      $DiskBytes: 2,
      $DiskReadBytes: 200,
      $DiskWriteBytes: 420,
      $DiskReadOps: 6,
      $DiskWriteOps: 10,
      $NetworkInBytes: 100,
      $NetworkOutBytes: 120,
    });
    expect(second?.[1]).toMatchObject({ $CPUPercent: 0, $WallClockSeconds: 15, $DiskWriteBytes: 10 });
    expect(second?.[1]).not.toHaveProperty('$NetworkInBytes');
    expect(third?.[1]).not.toHaveProperty('$CPUPercent');
  });

  test('scales the pool, after a restart as well', () => {
    const env = testEnv();
    const pool = scaled(env, 'busy = $CPUPercent.GetSample(10); n = $CPUPercent.Count(); $TargetDedicatedNodes = max(0, busy) > 0.4 ? 3 : 1;');
    env.settle();
    expect(pool.status).toMatchObject({ targetDedicated: 1 });
    say(pool, HALF_BUSY);
    env.pass(30_000);
    env.restart();
    env.pass(5 * MINUTE_MS);
    expect(pool.status).toMatchObject({ targetDedicated: 3, autoScale: { results: expect.stringContaining('busy=[0.5];n=1') } });
  });

  test('is added up over the life of a pool, with a formula or without, and over restarts', () => {
    const env = testEnv();
    const pool = env.pool({ nodes: 1 });
    env.settle();
    say(pool, HALF_BUSY);
    env.settle();
    env.restart();
    say(pool, IDLE);
    env.settle();
    expect(pool.status.resources).toEqual(withMeasure(measured(HALF_BUSY), measured(IDLE)));
    expect(pool.status.resources).toMatchObject({ nodeMs: 30_000, cpu: { ms: 15_000, coreMs: 60_000 }, memory: { ms: 30_000, peakBytes: 512 * 2 ** 20 }, network: { inBytes: 50, outBytes: 60 } });
  });

  test('of a pool that is gone is nobody’s', () => {
    const env = testEnv();
    env.apply({ kind: 'measured', pool: 99, measure: measured(IDLE) });
    env.settle();
    expect(env.pools.size).toBe(0);
  });
});

describe('what a program measures of a pool', () => {
  /** `rows`: name, seconds from now, value. */
  function post(pool: TestPool, ...rows: readonly (readonly [name: string, seconds: number, value: number])[]): void {
    const { env } = pool;
    const samples = rows.map(([name, seconds, value]) => [name, env.now + seconds * 1000, value] as const);
    env.ownSamples.set(pool.number, [...(env.ownSamples.get(pool.number) ?? []), ...samples]);
    env.apply({ kind: 'ownSamples', pool: pool.number, samples });
  }
  const FOLLOWS = 'n = $Own_queue.Count(); $TargetDedicatedNodes = min(5, max(0, $Own_queue.GetSample(1)) / 10);';

  test('is what the pool follows, up and down, after a restart as well', () => {
    const env = testEnv();
    const pool = scaled(env, FOLLOWS);
    env.settle();
    expect(pool.status).toMatchObject({ targetDedicated: 0, autoScale: { error: null, results: expect.stringContaining(';n=0') } });
    post(pool, ['queue', 0, 37]);
    env.pass(5 * MINUTE_MS);
    expect(pool.status).toMatchObject({ targetDedicated: 3, currentDedicated: 3 });
    env.restart();
    env.pass(5 * MINUTE_MS);
    expect(pool.status).toMatchObject({ targetDedicated: 3, autoScale: { results: expect.stringContaining(';n=1') } });
    post(pool, ['queue', 0, 4]);
    env.pass(5 * MINUTE_MS);
    expect(pool.status).toMatchObject({ targetDedicated: 0, currentDedicated: 0, autoScale: { results: expect.stringContaining(';n=2') } });
  });

  test('counts once a half minute, the newest of it, in whatever order it comes, so that windows can be full and short', () => {
    const env = testEnv();
    env.now = Date.UTC(2026, 10, 20, 12);
    const pool = scaled(env, 'p = $Own_queue.GetSamplePercent(TimeInterval_Minute * 2); s = $Own_queue.GetSample(TimeInterval_Minute * 2); $TargetDedicatedNodes = 0;');
    env.settle();
    env.now += 5 * MINUTE_MS;
    post(pool, ['queue', -10, 4], ['queue', -1, 5], ['queue', -20, 3], ['queue', -100, -1], ['queue', -70, 1], ['other', -40, 9]);
    post(pool, ['queue', -70, 2]);
    env.settle();
    expect(pool.status.autoScale?.results).toMatch(/;p=75;s=\[-1,2,5\]$/);
  });

  test('is forgotten after a day', () => {
    const env = testEnv();
    const pool = scaled(env, FOLLOWS);
    env.settle();
    post(pool, ['queue', 0, 20]);
    env.pass(24 * 60 * MINUTE_MS);
    expect(pool.status).toMatchObject({ targetDedicated: 2 });
    env.pass(6 * MINUTE_MS);
    expect(pool.status).toMatchObject({ targetDedicated: 0, autoScale: { results: expect.stringContaining(';n=0') } });
  });

  test('of a pool that is gone is nobody’s', () => {
    const env = testEnv();
    env.apply({ kind: 'ownSamples', pool: 99, samples: [['queue', env.now, 1]] });
    env.settle();
    expect(env.pools.size).toBe(0);
  });
});
