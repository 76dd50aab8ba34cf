import { describe, expect, test } from 'vitest';
import { exited, testEnv, type TestEnv, type TestJob } from './harness.ts';

const MINUTE_MS = 60_000;

/** A job of low priority that lets its tasks make room, and has as many as there are slots. */
function busy({ slots = 1, nodes = 1, tasks, priority = 0 }: { readonly slots?: number; readonly nodes?: number; readonly tasks?: number; readonly priority?: number } = {}): { readonly env: TestEnv; readonly low: TestJob } {
  const env = testEnv();
  env.pool({ slots, nodes });
  const low = env.job({ allowTaskPreemption: true, priority }).tasks(tasks ?? slots * nodes);
  env.settle();
  return { env, low };
}

/** What agents are told to end goes on until `kill`. */
function linger(env: TestEnv): void {
  for (const agent of env.agents.values()) agent.lingers = true;
}

function kill(env: TestEnv): void {
  for (const agent of env.agents.values()) agent.kill();
  env.settle();
}

function endsAsked(env: TestEnv): number {
  return env.sent('end').length;
}

describe('a running task whose job allows it', () => {
  test('makes room for one of higher priority, and runs again: no retry is counted, and the row says why', () => {
    const { env, low } = busy();
    env.pass(MINUTE_MS);
    low.patch({ maxParallelTasks: 0 });
    const high = env.job({ priority: 1 }).task();
    env.settle();
    expect(high.state(1)).toBe('running');
    expect(low.of(1)).toMatchObject({ state: 'active', cause: 'preempted', retryCount: 0, requeueCount: 1, lastRequeueAt: env.now, previousState: 'running' });
    low.patch({ maxParallelTasks: -1 });
    high.end(1);
    expect(low.state(1)).toBe('running');
    low.end(1);
    expect(low.of(1)).toMatchObject({ state: 'completed', result: 'success', retryCount: 0, requeueCount: 1 });
  });

  test('makes none for one of its own priority or a lower one, and none where its job does not allow it', () => {
    const { env, low } = busy({ priority: 5 });
    const equal = env.job({ priority: 5 }).task();
    const lower = env.job({ priority: 4 }).task();
    env.pass(MINUTE_MS);
    low.patch({ allowTaskPreemption: false });
    const high = env.job({ priority: 6 }).task();
    env.pass(MINUTE_MS);
    expect([low, equal, lower, high].map((job) => job.states.running ?? 0)).toEqual([1, 0, 0, 0]);
    expect(endsAsked(env)).toBe(0);
  });

  test('makes room from the moment on that its job is said to allow it, also for what waits on its node already', () => {
    const { env, low } = busy();
    low.patch({ allowTaskPreemption: false });
    const high = env.job({ priority: 1 }).task();
    env.pass(MINUTE_MS);
    expect(high.state(1)).toBe('offered');
    low.patch({ allowTaskPreemption: true });
    env.settle();
    expect(high.state(1)).toBe('running');
  });

  test('makes room for a job whose priority is raised', () => {
    const { env, low } = busy();
    const other = env.job({ priority: -1 }).task();
    env.pass(MINUTE_MS);
    expect(endsAsked(env)).toBe(0);
    other.patch({ priority: 1 });
    env.settle();
    expect([other.state(1), low.of(1).requeueCount]).toEqual(['running', 1]);
  });

  test('is not ended where another node has slots', () => {
    const { env, low } = busy({ nodes: 2, tasks: 1 });
    const high = env.job({ priority: 1 }).task();
    env.settle();
    expect([low.state(1), high.state(1), endsAsked(env)]).toEqual(['running', 'running', 0]);
  });

  test('is spared where a wider one has to end for the next task anyway', () => {
    const { env, low } = busy({ slots: 4, tasks: 1 });
    low.task({ requiredSlots: 3 });
    env.pass(MINUTE_MS);
    const high = env.job({ priority: 1 }).tasks(2);
    env.settle();
    expect([low.state(1), low.of(2).requeueCount, high.inState('running')]).toEqual(['running', 1, [1, 2]]);
    expect(endsAsked(env)).toBe(1);
  });

  test('is not ended for a task that could not run there anyway', () => {
    const { env } = busy({ slots: 2, tasks: 1 });
    env.job().task();
    env.settle();
    env.job({ priority: 1 }).task({ requiredSlots: 3 });
    // The other slot is held by a job that makes no room.
    env.job({ priority: 1 }).task({ requiredSlots: 2 });
    env.job({ priority: 1, usesTaskDependencies: true }).task({ dependsOn: { ids: ['never'], ranges: [] } });
    env.job({ priority: 1, maxParallelTasks: 0 }).task();
    const disabled = env.job({ priority: 1 }).disable('requeue');
    env.settle();
    disabled.task();
    env.pass(MINUTE_MS);
    expect(endsAsked(env)).toBe(0);
  });

  test('is not ended for a job whose preparation has failed on its node', () => {
    const { env } = busy();
    const [node] = [...env.nodes.keys()];
    if (node === undefined) throw new Error('no node');
    const high = env.job({ priority: 1, preparation: { waitForSuccess: true, rerunOnNodeReboot: true, retentionMs: 0 } }).tasks(2);
    env.settle();
    const ends = endsAsked(env);
    expect(ends).toBe(1);
    high.endOwn('preparation', node, 1);
    env.pass(MINUTE_MS);
    expect(high.states).toEqual({ active: 2 });
    expect(endsAsked(env)).toBe(ends);
  });

  test('that ends by itself before it is ended is completed, and does not run again', () => {
    const { env, low } = busy();
    env.job({ priority: 1 }).task();
    linger(env);
    env.settle();
    expect(endsAsked(env)).toBe(1);
    low.end(1, exited(0));
    kill(env);
    expect(low.of(1)).toMatchObject({ state: 'completed', result: 'success', requeueCount: 0 });
  });
});

describe('of tasks that could make room', () => {
  test('as few are ended as that takes, those first that lose the least', () => {
    const { env, low } = busy({ slots: 2, tasks: 1 });
    env.pass(MINUTE_MS);
    low.task();
    env.pass(MINUTE_MS);
    const high = env.job({ priority: 1 }).task();
    env.settle();
    expect(high.state(1)).toBe('running');
    expect([low.of(1).state, low.of(2).requeueCount]).toEqual(['running', 1]);
  });

  test('those of the lowest priority are ended first, so that none that is ended ends others', () => {
    const env = testEnv();
    env.pool({ slots: 2 });
    const lowest = env.job({ allowTaskPreemption: true, priority: 0 }).task();
    env.pass(MINUTE_MS);
    const middle = env.job({ allowTaskPreemption: true, priority: 5 }).task();
    env.pass(MINUTE_MS);
    const high = env.job({ priority: 9 }).task();
    env.pass(MINUTE_MS);
    expect([lowest.of(1).requeueCount, middle.of(1).requeueCount, high.state(1)]).toEqual([1, 0, 'running']);
    expect(endsAsked(env)).toBe(1);
  });

  test('a wide one that makes enough room spares the narrow ones', () => {
    const env = testEnv();
    env.pool({ slots: 4 });
    const low = env.job({ allowTaskPreemption: true });
    low.task({ requiredSlots: 3 });
    env.pass(MINUTE_MS);
    low.task({ requiredSlots: 1 });
    env.pass(MINUTE_MS);
    env.job({ priority: 1 }).task({ requiredSlots: 3 });
    env.settle();
    expect([low.of(1).requeueCount, low.of(2).requeueCount]).toEqual([1, 0]);
  });

  test('a wide one spares narrow ones, also where several wait on the node already', () => {
    const env = testEnv();
    env.pool({ slots: 3 });
    const low = env.job({ allowTaskPreemption: false });
    low.task({ requiredSlots: 2 });
    env.pass(MINUTE_MS);
    low.task({ requiredSlots: 1 });
    env.pass(MINUTE_MS);
    const high = env.job({ priority: 1 }).tasks(2);
    env.settle();
    expect(high.states).toEqual({ offered: 2 });
    low.patch({ allowTaskPreemption: true });
    env.settle();
    expect(high.states).toEqual({ running: 2 });
    expect([low.of(1).requeueCount, low.of(2).requeueCount]).toEqual([1, 0]);
  });

  test('those are ended on whose node the least is lost, and as many as tasks of higher priority wait', () => {
    const { env, low } = busy({ nodes: 3, tasks: 1 });
    env.pass(MINUTE_MS);
    low.task();
    env.pass(MINUTE_MS);
    low.task();
    env.pass(MINUTE_MS);
    const high = env.job({ priority: 1 }).tasks(2);
    env.pass(MINUTE_MS);
    expect(high.states).toEqual({ running: 2 });
    expect([1, 2, 3].map((task) => low.of(task).requeueCount)).toEqual([0, 1, 1]);
  });

  test('one that is being ended already is enough for the one that waits for it, and a second one is ended for a second', () => {
    const { env } = busy({ nodes: 3 });
    const high = env.job({ priority: 1 }).task();
    linger(env);
    env.pass(MINUTE_MS);
    expect(endsAsked(env)).toBe(1);
    high.task();
    env.pass(MINUTE_MS);
    expect(endsAsked(env)).toBe(2);
    kill(env);
    expect(high.states).toEqual({ running: 2 });
  });

  test('one on another node makes room where what has the slots on its own node makes none', () => {
    const env = testEnv();
    const pool = env.pool({ nodes: 1 });
    env.job().task();
    env.settle();
    const high = env.job({ priority: 1 }).task();
    env.settle();
    expect(high.state(1)).toBe('offered');
    pool.resize(2);
    const low = env.job({ allowTaskPreemption: true });
    // The new node is given away before what waits on the old one can be taken back.
    low.task();
    env.pass(MINUTE_MS);
    expect([high.state(1), low.state(1)]).toEqual(['running', 'offered']);
  });
});

describe('a task that has made room', () => {
  test('is safe from it for ten seconds when it runs again, then for twenty', () => {
    const { env, low } = busy();
    const at: number[] = [];
    const preempt = (): void => {
      const high = env.job({ priority: 1 }).task();
      const begun = env.now;
      env.settle();
      while (high.state(1) !== 'running') env.pass(1_000);
      at.push(env.now - begun);
      high.end(1);
      expect(low.state(1)).toBe('running');
    };
    env.pass(1);
    for (let round = 0; round < 3; round++) preempt();
    expect(at).toEqual([0, 10_000, 20_000]);
    expect(low.of(1)).toMatchObject({ requeueCount: 3, retryCount: 0 });
  });
});

test('where tasks take less than a second, one that has just begun is waited for', () => {
  const { env, low } = busy();
  for (const task of [1, 2, 3]) {
    env.now += 200;
    low.task();
    low.end(task);
  }
  env.job({ priority: 1 }).task();
  env.settle();
  expect(endsAsked(env)).toBe(0);
  env.pass(1_000);
  expect(endsAsked(env)).toBe(1);
});

test('whoever asks hears that room is made, is being made, and was', () => {
  const { env, low } = busy();
  env.pass(MINUTE_MS);
  const high = env.job({ priority: 1 }).task();
  linger(env);
  env.settle();
  expect(env.explain(high, 1)).toMatchObject([{ code: 'RoomIsMade', tasks: 1 }]);
  expect(env.explain(low, 1)).toMatchObject([{ code: 'MakingRoom', attempt: 1 }]);
  low.patch({ maxParallelTasks: 0 });
  kill(env);
  expect(env.explain(low, 1)).toMatchObject([{ code: 'MaxParallelTasks' }, { code: 'MadeRoom', requeueCount: 1 }]);
});

test('a task that made room while its job was disabled counts as requeued by that', () => {
  const { env, low } = busy();
  env.job({ priority: 1 }).task();
  linger(env);
  env.settle();
  low.disable('requeue');
  kill(env);
  expect(low.of(1)).toMatchObject({ state: 'active', cause: 'jobDisabled', requeueCount: 1 });
});

test('the next owner goes on: what waits on a node has room made for it there', () => {
  const { env, low } = busy();
  env.pass(MINUTE_MS);
  const high = env.job({ priority: 1 }).task();
  // The command is lost with the owner.
  env.tick();
  env.restart().settle();
  expect([high.state(1), low.state(1)]).toEqual(['running', 'offered']);
});
