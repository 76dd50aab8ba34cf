import { describe, expect, test } from 'vitest';
import type { UsageHour } from '../../src/core/decisions.ts';
import { meteredUntil } from '../../src/core/cost/meter.ts';
import { testEnv, type TestEnv } from './harness.ts';

const MACHINE = { size: 'standard_d2_v3', cores: 2, family: 'standardDv3Family' };
const HOUR_MS = 3_600_000;

/** What stands in the hours, and what meters say besides, in all or of one hour. */
function usageOf(env: TestEnv, wanted: (row: Pick<UsageHour, 'hour' | 'lowPriority'>) => boolean = () => true): { nodeMs: number; busyMs: number; lostMs: number } {
  const sum = { nodeMs: 0, busyMs: 0, lostMs: 0 };
  for (const row of env.decisions.flatMap(({ usage = [] }) => usage)) {
    if (!wanted(row)) continue;
    sum.nodeMs += row.nodeMs;
    sum.busyMs += row.busyMs;
    sum.lostMs += row.lostMs;
  }
  for (const { status } of env.pools.values()) {
    for (const row of status?.meter ? meteredUntil(status.meter, env.now) : []) if (wanted(row)) sum.nodeMs += row.nodeMs;
  }
  return sum;
}

function nodeMs(env: TestEnv): number {
  return usageOf(env).nodeMs;
}

describe('the time of nodes', () => {
  test('counts from when each has been obtained until it is gone, by kind', () => {
    const env = testEnv();
    const pool = env.pool({ nodes: 2, targetLowPriority: 1, machine: MACHINE });
    env.settle();
    env.pass(10_000);
    expect(usageOf(env, ({ lowPriority }) => !lowPriority).nodeMs).toBe(20_000);
    expect(usageOf(env, ({ lowPriority }) => lowPriority).nodeMs).toBe(10_000);
    pool.resize(0, { targetLowPriority: 1 });
    env.settle();
    env.pass(5_000);
    expect(nodeMs(env)).toBe(35_000);
    pool.delete();
    env.settle();
    expect(env.pools.size).toBe(0);
    env.pass(60_000);
    expect(nodeMs(env)).toBe(35_000);
    expect(env.decisions.flatMap(({ usage = [] }) => usage)).toContainEqual(expect.objectContaining({ pool: pool.number, poolId: 'pool', size: 'standard_d2_v3', lowPriority: true, nodeMs: 10_000 }));
  });

  test('does not count while the engine has not given the node', () => {
    const env = testEnv();
    env.bootsByItself = false;
    const pool = env.pool({ nodes: 1, machine: MACHINE });
    env.settle();
    env.pass(30_000);
    expect(nodeMs(env)).toBe(0);
    env.apply({ kind: 'node', node: pool.node(0).node, life: 1, observed: { kind: 'running' } });
    env.settle();
    env.pass(1_000);
    expect(nodeMs(env)).toBe(1_000);
  });

  test('goes on through reboots, lost lives and other owners', () => {
    const env = testEnv();
    const pool = env.pool({ nodes: 1, machine: MACHINE });
    env.settle();
    env.pass(4_000);
    pool.restart(pool.node(0).node, 'reboot');
    env.settle();
    env.pass(4_000);
    pool.agent(0).die();
    env.settle();
    env.pass(4_000);
    env.now += 100_000;
    env.restart();
    env.settle();
    env.pass(4_000);
    expect(nodeMs(env)).toBe(116_000);
  });

  test('does not count while a node is deallocated, nor while it is taken away', () => {
    const env = testEnv();
    const pool = env.pool({ nodes: 1, targetLowPriority: 1, machine: MACHINE });
    env.settle();
    const [dedicated, low] = [pool.nodes.findIndex((node) => node.dedicated), pool.nodes.findIndex((node) => !node.dedicated)];
    env.pass(10_000);
    pool.restart(pool.node(dedicated).node, 'deallocate');
    env.settle();
    env.bootsByItself = false;
    pool.agent(low).takenBack();
    env.settle();
    expect(pool.nodes.map(({ state }) => state).toSorted()).toEqual(['deallocated', 'preempted']);
    env.pass(7_000);
    expect(nodeMs(env)).toBe(20_000);
    env.bootsByItself = true;
    pool.restart(pool.node(dedicated).node, 'start');
    env.settle();
    env.pass(3_000);
    expect(usageOf(env, ({ lowPriority }) => !lowPriority).nodeMs).toBe(13_000);
  });

  test('stops where the service goes down, and goes on with the next owner', () => {
    const env = testEnv();
    env.pool({ nodes: 2, machine: MACHINE });
    env.settle();
    env.pass(1_000);
    env.shutDown();
    env.now += 500_000;
    env.restart();
    env.settle();
    env.pass(1_000);
    expect(nodeMs(env)).toBe(4_000);
  });

  test('falls into the hours in which it was', () => {
    const env = testEnv();
    const pool = env.pool({ nodes: 3, machine: MACHINE });
    env.settle();
    const first = Math.floor(env.now / HOUR_MS);
    const left = (first + 1) * HOUR_MS - env.now;
    env.pass(left + 2 * HOUR_MS + 7_000);
    pool.resize(0);
    env.settle();
    expect([0, 1, 2, 3, 4].map((after) => usageOf(env, ({ hour }) => hour === first + after).nodeMs)).toEqual([3 * left, 3 * HOUR_MS, 3 * HOUR_MS, 21_000, 0]);
  });

  test('is written down only when the number of nodes changes', () => {
    const env = testEnv();
    env.pool({ nodes: 1, machine: MACHINE });
    env.settle();
    const before = env.decisions.length;
    env.pass(5 * HOUR_MS);
    expect(env.decisions.slice(before).every(({ usage = [], pools }) => usage.length + pools.length === 0)).toBe(true);
  });
});

describe('what tasks use of nodes', () => {
  test("is their slots' part of the node as long as they had them, of the job and of its pool", () => {
    const env = testEnv();
    env.pool({ nodes: 1, slots: 4, machine: MACHINE });
    const job = env.job().tasks(3, (task) => ({ requiredSlots: task === 3 ? 2 : 1 }));
    env.settle();
    env.pass(8_000);
    job.end(1).end(3);
    env.settle();
    expect(job.status.usage).toEqual([{ pool: expect.any(Number), poolId: 'pool', size: 'standard_d2_v3', lowPriority: false, ms: 6_000, lostMs: 0, countedMs: 0, countedLostMs: 0 }]);
    env.pass(5_000);
    expect(job.status.usage).toMatchObject([{ ms: 6_000, countedMs: 6_000 }]);
    expect(usageOf(env)).toEqual({ nodeMs: 13_000, busyMs: 6_000, lostMs: 0 });
  });

  test.each(['before it is added to its hour', 'after it was'])('is exact where the owner dies %s', (when) => {
    const env = testEnv();
    env.pool({ nodes: 1, slots: 2, machine: MACHINE });
    const job = env.job().tasks(2);
    env.settle();
    env.pass(3_000);
    job.end(1);
    env.settle();
    if (when.startsWith('after')) env.pass(6_000);
    env.restart();
    env.settle();
    env.pass(6_000);
    job.end(2);
    job.terminate();
    env.settle();
    const whole = when.startsWith('after') ? 1_500 + 7_500 : 1_500 + 4_500;
    expect(job.status.usage).toMatchObject([{ ms: whole, countedMs: whole }]);
    expect(usageOf(env).busyMs).toBe(whole);
  });

  test('counts tries that came to nothing, and says that their work was lost', () => {
    const env = testEnv();
    const pool = env.pool({ nodes: 1, machine: MACHINE });
    const job = env.job({ maxTaskRetryCount: 1 }).tasks(1);
    env.settle();
    env.pass(2_000);
    job.end(1, { kind: 'exited', exitCode: 1 });
    env.settle();
    env.pass(3_000);
    pool.agent(0).die();
    env.settle();
    expect(job.status.usage).toMatchObject([{ ms: 5_000, lostMs: 3_000 }]);
    env.pass(1_000);
    job.delete();
    env.settle();
    expect(env.jobs.size).toBe(0);
    expect(usageOf(env)).toEqual({ nodeMs: 6_000, busyMs: 6_000, lostMs: 3_000 });
  });

  test('is never more than the nodes were there', () => {
    const env = testEnv();
    env.pool({ nodes: 2, slots: 3, machine: MACHINE });
    const job = env.job().tasks(50);
    for (let round = 0; round < 15; round++) {
      env.pass(700);
      for (const task of job.inState('running').slice(0, 3)) job.end(task);
    }
    job.run();
    env.pass(6_000);
    const { nodeMs: there, busyMs } = usageOf(env);
    expect(busyMs).toBeGreaterThan(0.5 * there);
    expect(busyMs).toBeLessThanOrEqual(there);
  });
});
