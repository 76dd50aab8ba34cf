import { describe, expect, test } from 'vitest';
import { chanceOf } from '../../src/core/drill/chance.ts';
import { testEnv, type TestEnv, type TestPool } from './harness.ts';

const MINUTE_MS = 60_000;

function spot(env: TestEnv, nodes: number, options: Parameters<TestEnv['pool']>[0] = {}): TestPool {
  return env.pool({ nodes: 0, targetLowPriority: nodes, ...options });
}

/** Who has got a notice, and when, in the order of that. */
function noticesOf(env: TestEnv): readonly string[] {
  const notices: string[] = [];
  for (const command of env.commands) if (command.kind === 'preempt') notices.push(`${command.node} at ${command.notBefore}`);
  return notices;
}

function preemptionsOf(pool: TestPool): number {
  return pool.status.preemptions ?? 0;
}

describe('a drill', () => {
  test('takes so many low-priority nodes back in a time, on average, and never a dedicated one', () => {
    const env = testEnv();
    const pool = spot(env, 40, { nodes: 5 });
    env.settle();
    env.drill({ share: 0.1, graceMs: 1_000 });
    env.pass(20 * MINUTE_MS);
    // Nodes that are away cannot be taken: a few less than 80.
    expect(preemptionsOf(pool)).toBeGreaterThan(50);
    expect(preemptionsOf(pool)).toBeLessThan(95);
    expect(pool.nodes.filter(({ dedicated, life }) => dedicated && life > 1)).toEqual([]);
  });

  test('gives each the notice that it says', () => {
    const env = testEnv();
    const pool = spot(env, 1);
    env.settle();
    env.drill({ share: 1, perMs: 1_000, graceMs: 7_000 });
    env.pass(1_000);
    expect(pool.node(0)).toMatchObject({ state: 'idle', notice: { notBefore: env.now + 7_000, graceMs: 7_000 } });
  });

  test('takes the same nodes at the same times by the same seed, and others by another', () => {
    const run = (seed: number): readonly string[] => {
      const env = testEnv();
      spot(env, 20);
      env.settle();
      env.drill({ seed });
      env.pass(5 * MINUTE_MS);
      return noticesOf(env);
    };
    expect(run(7)).toEqual(run(7));
    expect(run(7)).not.toEqual(run(8));
    expect(run(7).length).toBeGreaterThan(10);
  });

  test('goes on where it was with the next owner: what that decides is what this one would have', () => {
    const run = (restarts: boolean): readonly string[] => {
      const env = testEnv();
      spot(env, 20);
      env.settle();
      env.drill({ graceMs: 10 * MINUTE_MS });
      env.pass(MINUTE_MS);
      if (restarts) env.restart().settle();
      const before = env.commands.length;
      env.pass(2 * MINUTE_MS);
      env.commands.splice(0, before);
      return noticesOf(env);
    };
    const [through, over] = [run(false), run(true)];
    expect(through.length).toBeGreaterThan(3);
    expect(over).toEqual(through);
  });

  test('takes none of other pools, of a pool whatever the case of its id', () => {
    const env = testEnv();
    const [named, other] = [spot(env, 10, { id: 'Spot' }), spot(env, 10, { id: 'other' })];
    env.settle();
    env.drill({ pools: ['spot'], share: 1 });
    env.pass(5 * MINUTE_MS);
    expect(preemptionsOf(named)).toBeGreaterThan(5);
    expect(preemptionsOf(other)).toBe(0);
  });

  test('takes larger sizes more often, by their cores', () => {
    const env = testEnv();
    const machine = (cores: number) => ({ machine: { size: `standard_d${cores}_v3`, cores, family: 'standardDv3Family' } });
    const [small, large] = [spot(env, 20, { id: 'small', ...machine(2) }), spot(env, 20, { id: 'large', ...machine(16) })];
    env.settle();
    env.drill({ share: 0.2, graceMs: 0 });
    env.pass(10 * MINUTE_MS);
    expect(preemptionsOf(large)).toBeGreaterThan(3 * preemptionsOf(small));
    expect(preemptionsOf(small)).toBeGreaterThan(0);
  });

  test('ends when it is over, and when it is stopped', () => {
    const env = testEnv();
    const pool = spot(env, 10);
    env.settle();
    env.drill({ share: 1, until: env.now + MINUTE_MS, graceMs: 0 });
    env.pass(2 * MINUTE_MS);
    const whenOver = preemptionsOf(pool);
    expect(whenOver).toBeGreaterThan(0);
    env.pass(10 * MINUTE_MS);
    expect(preemptionsOf(pool)).toBe(whenOver);
    expect(env.core.nextTimer()).not.toBe(env.now + 1_000);
    env.drill({ share: 1, graceMs: 0 });
    env.pass(MINUTE_MS);
    env.drill();
    env.settle();
    const whenStopped = preemptionsOf(pool);
    env.pass(10 * MINUTE_MS);
    expect(preemptionsOf(pool)).toBe(whenStopped);
  });

  test('does not make up for what nobody saw', () => {
    const env = testEnv();
    const pool = spot(env, 10);
    env.settle();
    env.drill({ share: 0.01, perMs: 1_000, graceMs: 0 });
    env.settle();
    env.now += 60 * MINUTE_MS;
    env.settle();
    expect(preemptionsOf(pool)).toBeLessThan(3);
  });

  test('takes no node that is still coming up, and none twice', () => {
    const env = testEnv();
    env.bootsByItself = false;
    const pool = spot(env, 3);
    env.settle();
    env.drill({ share: 1, perMs: 1_000, graceMs: 5_000 });
    env.pass(3_000);
    expect(env.sent('preempt')).toEqual([]);
    for (const index of [0, 1, 2]) pool.agent(index).boot();
    env.pass(3_000);
    expect(env.sent('preempt')).toHaveLength(3);
  });
});

test('chances are spread evenly, and each of the three numbers changes them', () => {
  const drawn = Array.from({ length: 10_000 }, (_, index) => chanceOf(3, Math.floor(index / 100), index % 100));
  const tenths = Array.from({ length: 10 }, (_, tenth) => drawn.filter((chance) => Math.floor(chance * 10) === tenth).length);
  expect(Math.min(...tenths)).toBeGreaterThan(900);
  expect(Math.max(...tenths)).toBeLessThan(1_100);
  expect(new Set([chanceOf(1, 2, 3), chanceOf(2, 2, 3), chanceOf(1, 3, 3), chanceOf(1, 2, 4), chanceOf(1, 2, 3 + 2 ** 32)]).size).toBe(5);
});
