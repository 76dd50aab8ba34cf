import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { DependencyIds } from '../../src/core/intent.ts';
import { Dependencies } from '../../src/core/task/dependencies.ts';
import { exited, testEnv, type TestEnv, type TestJob } from './harness.ts';

function on(ids: readonly string[], ...ranges: readonly (readonly [number, number])[]): { readonly dependsOn: DependencyIds } {
  return {
    dependsOn: { ids, ranges: ranges.map(([start, end]) => ({ start, end })) },
  };
}

function withDependencies(slots = 20): { env: TestEnv; job: TestJob } {
  const env = testEnv();
  env.pool({ slots });
  return { env, job: env.job({ usesTaskDependencies: true }) };
}

describe('a task that depends on others', () => {
  test('runs when all of them have ended well', () => {
    const { env, job } = withDependencies();
    job.task({ idKey: 'a' }).task({ idKey: 'b' }).task({ idKey: 'join', ...on(['a', 'b', 'a']) });
    env.settle();
    expect(job.states).toEqual({ running: 2, active: 1 });
    job.end(1);
    expect(job.state(3)).toBe('active');
    job.end(2);
    expect(job.state(3)).toBe('running');
  });

  test('waits for one that does not exist yet', () => {
    const { env, job } = withDependencies();
    job.task(on(['later']));
    env.settle();
    expect(job.state(1)).toBe('active');
    job.task({ idKey: 'later' });
    env.settle();
    job.end(2);
    expect(job.state(1)).toBe('running');
  });

  test('runs at once if they ended before it was added, also under another owner', () => {
    const { env, job } = withDependencies();
    job.task({ idKey: '1' });
    env.settle();
    job.end(1).task(on(['1'])).task(on([], [1, 1]));
    env.settle();
    expect(job.states).toEqual({ completed: 1, running: 2 });
    env.restart();
    job.task(on(['1'], [1, 1]));
    env.settle();
    expect(job.state(4)).toBe('running');
  });

  test('on a range waits for every integer in it, leading zeros or not', () => {
    const { env, job } = withDependencies();
    job.task({ idKey: '001' }).task({ idKey: '2' }).task({ idKey: '4'.padStart(64, '0') }).task({ idKey: 'x', ...on([], [1, 4]) });
    env.settle();
    job.end(2).end(3).end(1);
    expect(job.state(4)).toBe('active');
    expect(env.explain(job, 4)).toMatchObject([{ code: 'DependenciesNotMet', missing: ['1-4 (3)'], more: false }]);
    job.task({ idKey: '3' });
    env.settle();
    job.end(5);
    expect(job.state(4)).toBe('running');
  });

  test('is satisfied by the first of those that are the same integer', () => {
    const { env, job } = withDependencies();
    job.task({ idKey: '4' }).task({ idKey: '004' }).task({ idKey: 'x', ...on([], [4, 4]) });
    env.settle();
    job.end(2);
    expect(job.state(3)).toBe('running');
    job.end(1);
    expect(job.states).toEqual({ completed: 2, running: 1 });
  });

  test('is satisfied by what the rules are told was satisfied before they held the job', () => {
    const { env, job } = withDependencies();
    env.apply({ kind: 'satisfied', job: job.number, ids: ['a', '1', '02'] });
    job.task({ idKey: 'x', ...on(['a'], [1, 2]) }).task({ idKey: 'y', ...on(['a', 'b']) });
    env.settle();
    expect([job.state(1), job.state(2)]).toEqual(['running', 'active']);
    expect(env.explain(job, 2)).toMatchObject([{ code: 'DependenciesNotMet', missing: ['b'], more: false }]);
  });

  test('stays active when one failed, until that is made active again and ends well', () => {
    const { env, job } = withDependencies();
    job.task({ idKey: 'a' }).task(on(['a']));
    env.settle();
    job.end(1, exited(1));
    env.restart().settle();
    expect(job.state(2)).toBe('active');
    job.reactivate(1);
    env.settle();
    job.end(1);
    expect(job.state(2)).toBe('running');
  });

  test('runs although one failed, if its exit conditions satisfy', () => {
    const { env, job } = withDependencies();
    job
      .task({ idKey: 'a', exitConditions: { exitCodeRanges: [{ start: 3, end: 5, exitOptions: { dependencyAction: 'satisfy' } }] } })
      .task({ idKey: 'b', exitConditions: { exitCodes: [{ code: 0, exitOptions: { dependencyAction: 'block' } }] } })
      .task(on(['a']))
      .task(on(['b']));
    env.settle();
    job.end(1, exited(4)).end(2, exited(0));
    expect(job.of(1)).toMatchObject({ result: 'failure', dependency: 'satisfy' });
    expect(job.of(2)).toMatchObject({ result: 'success', dependency: 'block' });
    expect(job.state(3)).toBe('running');
    expect(job.state(4)).toBe('active');
  });

  test('can be terminated while it waits, and waits again when it is made active again', () => {
    const { env, job } = withDependencies();
    job.task({ idKey: 'a' }).task({ idKey: 'b' }).task(on(['a', 'b']));
    env.settle();
    job.terminateTask(3);
    env.settle();
    job.reactivate(3);
    env.settle();
    expect(job.state(3)).toBe('active');
    job.end(1);
    expect(job.state(3)).toBe('active');
    job.end(2);
    expect(job.state(3)).toBe('running');
  });

  test('keeps what a parent gave it when that is deleted, also under another owner', () => {
    const { env, job } = withDependencies();
    job.task({ idKey: 'a' }).task({ idKey: '7' }).task({ idKey: 'b' }).task(on(['a', 'b'], [7, 7]));
    env.settle();
    job.end(1).end(2).deleteTask(1).deleteTask(2).task(on(['a']));
    env.settle();
    expect(job.state(5)).toBe('running');
    env.restart().settle();
    expect(env.explain(job, 4)).toMatchObject([{ code: 'DependenciesNotMet', missing: expect.not.arrayContaining([expect.stringContaining('7-7')]) }]);
    job.end(3);
    expect(job.state(4)).toBe('running');
    job.task(on(['a'], [7, 7]));
    env.settle();
    expect(job.state(6)).toBe('running');
  });

  test('keeps what a failed parent gave it when that is made active again, also under another owner', () => {
    const { env, job } = withDependencies();
    job.task({ idKey: 'a', exitConditions: { default: { dependencyAction: 'satisfy' } } }).task({ idKey: 'b' }).task(on(['a', 'b']));
    env.settle();
    job.end(1, exited(1)).reactivate(1);
    env.settle();
    env.restart().settle();
    job.end(2);
    expect(job.of(1).state).toBe('running');
    expect(job.state(3)).toBe('running');
  });

  test('is given nothing by a parent that failed and is deleted', () => {
    const { env, job } = withDependencies();
    job.task({ idKey: 'a' }).task(on(['a']));
    env.settle();
    job.end(1, exited(1)).deleteTask(1);
    env.settle();
    env.restart().settle();
    expect(job.state(2)).toBe('active');
  });
});

describe('a hundred thousand tasks that depend on one range', () => {
  test('are released in ticks that say they were not idle, though they change no row', () => {
    const { env, job } = withDependencies(1);
    job.task({ idKey: '1' }).task({ idKey: 'long' });
    const range = on([], [1, 1]);
    job.tasks(30_000, { idKey: 'x', ...range });
    env.settle();
    expect(env.tick().isIdle).toBe(true);
    const agent = env.agent(job.of(1).node ?? 0);
    agent.paused = true;
    agent.finish(job.number, 1, exited(0));
    env.apply(...agent.work());
    const ticks = [env.tick(), env.tick(), env.tick(), env.tick()];
    expect(ticks.map(({ isIdle }) => isIdle)).toEqual([false, false, false, true]);
    expect(ticks[2]).toMatchObject({ tasks: [], jobs: [] });
  });

  test('are released in pages, and each of them once', () => {
    const { env, job } = withDependencies(2);
    job.tasks(2, (task) => ({ idKey: String(task) }));
    const range = on([], [1, 2]);
    job.tasks(100_000, { idKey: 'x', ...range });
    env.settle();
    job.end(1);
    env.agent(job.of(2).node ?? 0).finish(job.number, 2, exited(0));
    env.apply(...env.agent(job.of(2).node ?? 0).work());
    env.tick();
    expect(env.core.nextTimer()).toBe(env.now);
    let ticks = 1;
    for (; env.core.nextTimer() === env.now; ticks++) env.tick();
    expect(ticks).toBe(10);
    expect(env.explain(job, 100_002)).toMatchObject([{ code: 'NoFreeSlots' }]);
  });
});

test('a chain of ten thousand tasks runs to its end, each after the one before and the range of all before that', () => {
  const { env, job } = withDependencies(4);
  job.tasks(10_000, (task) => ({ idKey: String(task), ...(task === 1 ? {} : on([String(task - 1)], [1, task - 1])) }));
  env.settle();
  const agent = env.agent(job.of(1).node ?? 0);
  for (let task = 1; task <= 10_000; task++) {
    expect(agent.running.size).toBe(1);
    agent.finish(job.number, task, exited(0));
    env.apply(...agent.work());
    for (const command of env.tick().commands) agent.told(command);
    env.apply(...agent.work());
  }
  env.settle();
  expect(job.states).toEqual({ completed: 10_000 });
});

describe('what waits for ranges', () => {
  test('is released exactly when each of its integers is satisfied, in whatever order that happens', () => {
    const range = fc.tuple(fc.integer({ min: 1, max: 30 }), fc.integer({ min: 0, max: 12 })).map(([start, more]) => ({ start, end: Math.min(30, start + more) }));
    const waiting = fc.array(range, { minLength: 1, maxLength: 3 });
    fc.assert(
      fc.property(fc.array(waiting, { minLength: 1, maxLength: 25 }), fc.shuffledSubarray(Array.from({ length: 30 }, (_, index) => index + 1), { minLength: 30 }), fc.nat({ max: 30 }), (tasks, order, early) => {
        const dependencies = new Dependencies();
        const done = new Set<number>();
        const unmet = new Map<number, number>();
        const end = (integer: number): void => {
          done.add(integer);
          for (const task of dependencies.satisfied(String(integer)).flat()) unmet.set(task, (unmet.get(task) ?? 0) - 1);
        };
        for (const integer of order.slice(0, early)) end(integer);
        for (const [task, ranges] of tasks.entries()) unmet.set(task, dependencies.wait(task, { ids: [], ranges }));
        for (const integer of order.slice(early)) {
          end(integer);
          for (const [task, ranges] of tasks.entries()) {
            const missing = ranges.filter(({ start, end }) => Array.from({ length: end - start + 1 }, (_, index) => start + index).some((one) => !done.has(one)));
            const distinct = new Set(missing.map(({ start, end }) => `${start}-${end}`)).size;
            expect(unmet.get(task), `task ${task} after ${integer}`).toBe(distinct);
            expect(dependencies.missing({ ids: [], ranges }, 10)).toHaveLength(missing.length);
          }
        }
      }),
      { numRuns: 100 },
    );
  });

  test('is looked at no more often where there are many, though the integers end from the last to the first', () => {
    const looksForEach = (size: number): number => {
      const dependencies = new Dependencies();
      for (let task = 1; task <= size; task++) dependencies.wait(task, { ids: [], ranges: [{ start: task, end: size }] });
      let released = 0;
      for (let integer = size; integer >= 1; integer--) released += dependencies.satisfied(String(integer)).flat().length;
      expect(released).toBe(size);
      return dependencies.looks / size;
    };
    // Were each that waits looked at with each end, it would be 500 times and 50,000 times.
    expect(looksForEach(1_000)).toBeLessThan(20);
    expect(looksForEach(100_000)).toBeLessThan(30);
  });
});
