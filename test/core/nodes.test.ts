import { describe, expect, test } from 'vitest';
import type { StartTaskStatus } from '../../src/core/status.ts';
import { exited, testEnv } from './harness.ts';

function startTask(change: Partial<StartTaskStatus> = {}): StartTaskStatus {
  return {
    state: 'running',
    startedAt: 1,
    endedAt: null,
    exitCode: null,
    failure: null,
    retryCount: 0,
    lastRetryAt: null,
    result: null,
    ...change,
  };
}

function booting(waitForSuccess: boolean | null) {
  const env = testEnv();
  env.bootsByItself = false;
  const pool = env.pool({ startTask: waitForSuccess === null ? null : { waitForSuccess, maxTaskRetryCount: 0 } });
  env.settle();
  const agent = pool.agent(0);
  agent.hello({ ready: false });
  env.settle();
  return { env, pool, agent };
}

describe('a node comes up', () => {
  test('creating, starting, idle', () => {
    const { env, pool, agent } = booting(null);
    expect(pool.node(0)).toMatchObject({ state: 'starting', bootedAt: env.now, agent: { version: '1', cores: 2 } });
    agent.says({ kind: 'ready' });
    env.settle();
    expect(pool.node(0)).toMatchObject({ state: 'idle', since: env.now });
  });

  test('has the certificates that its agent says, also after it has connected again, until its next life says others', () => {
    const { env, pool, agent } = booting(null);
    const certificates = [{ thumbprint: 'aa', visibility: ['task'] }];
    agent.says({ kind: 'ready', certificates });
    env.settle();
    expect(pool.node(0)).toMatchObject({ state: 'idle', agent: { certificates } });
    agent.hello({ ready: true, certificates });
    env.settle();
    expect(pool.node(0).agent).toMatchObject({ certificates });
    agent.hello({ ready: false });
    env.settle();
    expect(pool.node(0).agent).not.toHaveProperty('certificates');
  });

  test('waits for its start task, and shows it', () => {
    const { env, pool, agent } = booting(true);
    const job = env.job().task();
    agent.says({ kind: 'startTask', status: startTask() });
    env.settle();
    expect(pool.node(0)).toMatchObject({ state: 'waitingforstarttask', startTask: { state: 'running' } });
    expect(job.state(1)).toBe('active');
    agent.says({ kind: 'startTask', status: startTask({ state: 'completed', exitCode: 0, result: 'success', endedAt: 2 }) });
    agent.says({ kind: 'ready' });
    env.settle();
    expect(pool.node(0)).toMatchObject({ state: 'running', startTask: { exitCode: 0 } });
  });

  test('is starttaskfailed when that failed, gets no tasks, and still counts', () => {
    const { env, pool, agent } = booting(true);
    const job = env.job().task();
    agent.says({ kind: 'startTask', status: startTask({ state: 'completed', exitCode: 1, result: 'failure', endedAt: 2 }) });
    env.settle();
    expect(pool.node(0).state).toBe('starttaskfailed');
    expect(job.state(1)).toBe('active');
    expect(pool.status).toMatchObject({ allocationState: 'steady', currentDedicated: 1 });
  });

  test('does not wait for a start task that need not succeed', () => {
    const { env, pool, agent } = booting(false);
    agent.says({ kind: 'startTask', status: startTask() });
    env.settle();
    expect(pool.node(0).state).toBe('starting');
    agent.says({ kind: 'ready' });
    agent.says({ kind: 'startTask', status: startTask({ state: 'completed', exitCode: 1, result: 'failure' }) });
    env.settle();
    expect(pool.node(0)).toMatchObject({ state: 'idle', startTask: { result: 'failure' } });
  });

  test('is unusable when its agent says so, with the reasons', () => {
    const { env, pool, agent } = booting(null);
    agent.says({ kind: 'unusable', errors: [{ code: 'DiskFull', message: 'no space left' }] });
    env.settle();
    expect(pool.node(0)).toMatchObject({ state: 'unusable', errors: [{ code: 'DiskFull' }] });
    agent.goSilent();
    env.settle();
    expect(pool.node(0).state).toBe('unusable');
  });

  test('says what its agent wants known, and works on; a further word takes the place of the last', () => {
    const { env, pool, agent } = booting(null);
    agent.says({ kind: 'notice', errors: [{ code: 'ContainerDiskCleaned', message: 'too early' }] });
    env.settle();
    expect(pool.node(0).errors).toEqual([]);
    agent.says({ kind: 'ready' });
    agent.says({ kind: 'notice', errors: [{ code: 'ContainerDiskCleaned', message: 'one image' }] });
    agent.says({ kind: 'notice', errors: [{ code: 'ContainerDiskCleaned', message: 'two images' }] });
    env.settle();
    expect(pool.node(0)).toMatchObject({ state: 'idle', errors: [{ code: 'ContainerDiskCleaned', message: 'two images' }] });
  });

  test('believes no agent of another life', () => {
    const { env, pool, agent } = booting(null);
    agent.die();
    env.settle();
    agent.says({ kind: 'ready' });
    env.apply({ kind: 'node', node: agent.node, life: 9, observed: { kind: 'ended', reason: 'other' } });
    env.settle();
    expect(pool.node(0)).toMatchObject({ state: 'creating', life: 2, errors: [{ code: 'NodeLost' }] });
  });
});

describe('a node that is away', () => {
  test('reads unknown after a while; its tasks stay running, it gets no new ones, and goes on when it is back', () => {
    const env = testEnv();
    const pool = env.pool({ slots: 2 });
    const job = env.job().task();
    env.settle();
    const agent = pool.agent(0);
    agent.goSilent();
    env.settle();
    expect(pool.node(0)).toMatchObject({ state: 'running', runningTasks: 1 });
    agent.unheard('unknown');
    env.settle();
    expect(pool.node(0)).toMatchObject({ state: 'unknown', runningTasks: 1 });
    job.task();
    env.settle();
    expect(job.states).toEqual({ running: 1, active: 1 });
    agent.hello();
    env.settle();
    expect(pool.node(0).state).toBe('running');
    expect(job.states).toEqual({ running: 2 });
    expect(job.of(1).attempt).toBe(1);
  });

  test('reports what ended meanwhile, and that counts', () => {
    const env = testEnv();
    const pool = env.pool();
    const job = env.job().tasks(2);
    env.settle();
    const agent = pool.agent(0);
    agent.goSilent();
    env.settle();
    agent.finish(job.number, 1, exited(0));
    env.settle();
    agent.hello();
    env.settle();
    expect(job.of(1)).toMatchObject({ result: 'success', attempt: 1 });
    expect(job.of(2)).toMatchObject({ state: 'running', attempt: 1 });
    expect(agent.starts).toHaveLength(2);
  });

  test('until its lease has run out: then its tasks run elsewhere, uncounted, and it is acquired anew', () => {
    const env = testEnv();
    const pool = env.pool({ nodes: 2 });
    const job = env.job().task();
    env.settle();
    const node = job.of(1).node ?? 0;
    env.agent(node).goSilent();
    env.settle();
    env.apply({ kind: 'leaseExpired', node });
    env.settle();
    expect(job.of(1)).toMatchObject({ state: 'running', attempt: 2, requeueCount: 0, retryCount: 0 });
    expect(job.of(1).node).not.toBe(node);
    expect(env.sent('release')).toEqual([{ kind: 'release', node, life: 1, silent: true }]);
    env.pass(60_000);
    expect(pool.nodes.find((row) => row.node === node)).toMatchObject({ state: 'idle', life: 2 });
  });
});

describe('a node whose agent does not answer', () => {
  const hung = (deallocation: 'requeue' | 'terminate' | 'taskcompletion' | 'retaineddata' = 'requeue') => {
    const env = testEnv();
    const pool = env.pool({ nodes: 2 });
    const job = env.job().task();
    env.settle();
    const node = job.of(1).node ?? 0;
    const agent = env.agent(node);
    agent.goSilent();
    const nodes = (): (readonly [node: number, life: number])[] => pool.nodes.map((row) => [row.node, row.life]);
    const shrink = (): unknown => pool.resize(0, { nodeDeallocation: deallocation });
    return { env, pool, job, node, agent, nodes, shrink };
  };

  test.each(['requeue', 'terminate', 'taskcompletion', 'retaineddata'] as const)('is released when its pool shrinks with %s and it has been silent for long', (option) => {
    const { env, pool, job, node, agent, shrink } = hung(option);
    shrink();
    agent.unheard('unknown');
    env.settle();
    expect(pool.nodes).toMatchObject([{ node, state: 'leavingpool' }]);
    agent.unheard('gone');
    env.settle();
    expect(env.sent('release').at(-1)).toEqual({ kind: 'release', node, life: 1, silent: true });
    expect(pool.nodes).toEqual([]);
    expect(pool.status.allocationState).toBe('steady');
    expect(job.of(1)).toMatchObject(option === 'terminate' ? { state: 'completed', failure: { code: 'TaskEnded' } } : { state: 'active' });
  });

  test('is released at once when its pool is deleted after it has been silent for long', () => {
    const { env, pool, job, node, agent, nodes } = hung();
    agent.unheard('gone');
    env.settle();
    expect(nodes()).toContainEqual([node, 1]);
    pool.delete();
    env.settle();
    expect(pool.nodes).toEqual([]);
    expect(env.pools.size).toBe(0);
    expect(job.of(1).state).toBe('active');
  });

  test('is waited for as usual when it is heard again before its pool wants it gone', () => {
    const { env, node, agent, nodes, shrink } = hung('taskcompletion');
    agent.unheard('gone');
    agent.hello();
    env.settle();
    shrink();
    env.settle();
    expect(nodes()).toEqual([[node, 1]]);
  });

  test('is halted in the end, its tasks run elsewhere, uncounted, and it begins its next life', () => {
    const { env, pool, job, node, agent } = hung();
    agent.unheard('restart');
    env.tick();
    expect(env.sent('halt')).toEqual([{ kind: 'halt', node, life: 1, silent: true }]);
    expect(job.of(1), 'before its death is proved').toMatchObject({ node, state: 'running', attempt: 1 });
    env.apply({ kind: 'node', node, life: 1, observed: { kind: 'ended', reason: 'halted' } });
    env.bootsByItself = false;
    env.settle();
    expect(job.of(1)).toMatchObject({ state: 'running', attempt: 2, requeueCount: 0, retryCount: 0 });
    expect(job.of(1).node).not.toBe(node);
    expect(pool.nodes.find((row) => row.node === node)).toMatchObject({ state: 'creating', life: 2, errors: [{ message: expect.stringContaining('did not answer') }] });
  });

  test('is halted in the end, which ends what was to be terminated there', () => {
    const { env, job, agent } = hung();
    job.terminateTask(1);
    env.settle();
    expect(job.states).toEqual({ running: 1 });
    agent.unheard('restart');
    env.settle();
    expect(job.of(1)).toMatchObject({ state: 'completed', failure: { code: 'TaskEnded' } });
  });

  test('is halted in the end although it never said hello', () => {
    const env = testEnv();
    env.bootsByItself = false;
    const pool = env.pool();
    env.settle();
    env.apply({ kind: 'node', node: pool.agent(0).node, life: 1, observed: { kind: 'running' } });
    pool.agent(0).unheard('restart');
    env.settle();
    expect(env.sent('halt')).toHaveLength(1);
    expect(pool.node(0)).toMatchObject({ state: 'creating', life: 2 });
  });
});

describe('a node whose agent never says its first word', () => {
  const NEVER = { code: 'NodeNotResponding', message: expect.stringContaining('within 90 seconds of its start') };
  const given = () => {
    const env = testEnv();
    env.bootsByItself = false;
    const pool = env.pool({ nodes: 2 });
    const job = env.job().tasks(2);
    env.settle();
    const [late, other] = pool.nodes.map(({ node }) => node);
    if (late === undefined || other === undefined) throw new Error('the pool has no two nodes');
    env.apply({ kind: 'node', node: late, life: 1, observed: { kind: 'running' } });
    env.agent(other).boot();
    env.pass(89_999);
    expect(env.nodes.get(late)).toMatchObject({ state: 'creating', errors: [] });
    env.pass(1);
    expect(env.nodes.get(late)).toMatchObject({ state: 'unusable', since: env.now, life: 1, bootedAt: null, errors: [NEVER] });
    expect(env.nodes.get(other)).toMatchObject({ state: 'running', errors: [] });
    return { env, pool, job, late };
  };

  test('is unusable and says why, counts, and works when it is heard after all', () => {
    const { env, pool, job, late } = given();
    expect(pool.status).toMatchObject({ allocationState: 'steady', currentDedicated: 2 });
    expect(job.states).toEqual({ running: 1, offered: 1 });
    env.agent(late).hello();
    env.settle();
    expect(env.nodes.get(late)).toMatchObject({ state: 'running', life: 1, bootedAt: env.now, errors: [] });
  });

  test('that comes while it runs its start task is starting', () => {
    const { env, late } = given();
    env.agent(late).hello({ ready: false });
    env.settle();
    expect(env.nodes.get(late)).toMatchObject({ state: 'starting', bootedAt: env.now, errors: [] });
  });

  test('is that to the next owner as well', () => {
    const { env, late } = given();
    env.restart().pass(200_000);
    expect(env.nodes.get(late)).toMatchObject({ state: 'unusable', life: 1, errors: [NEVER] });
    env.agent(late).hello();
    env.settle();
    expect(env.nodes.get(late)).toMatchObject({ state: 'running', bootedAt: env.now, errors: [] });
  });

  test('is ended for its silence, and starts again', () => {
    const { env, late } = given();
    env.agent(late).unheard('restart');
    env.settle();
    expect(env.sent('halt')).toEqual([{ kind: 'halt', node: late, life: 1, silent: true }]);
    expect(env.nodes.get(late)).toMatchObject({ state: 'creating', life: 2, errors: [{ code: 'NodeLost' }] });
    env.agent(late).boot();
    env.settle();
    expect(env.nodes.get(late)).toMatchObject({ state: 'running', life: 2, errors: [] });
  });

  test('is the first to leave, and may be started anew by hand', () => {
    const { env, pool, late } = given();
    pool.restart(late, 'reboot');
    env.settle();
    expect(env.nodes.get(late)).toMatchObject({ state: 'rebooting', life: 2 });
    env.apply({ kind: 'node', node: late, life: 2, observed: { kind: 'running' } });
    env.pass(90_000);
    expect(env.nodes.get(late)).toMatchObject({ state: 'unusable', errors: [NEVER] });
    pool.resize(1);
    env.settle();
    expect(pool.nodes).toMatchObject([{ state: 'running' }]);
  });

  test('is waited for as long as it takes until the provider sees it run', () => {
    const env = testEnv();
    env.bootsByItself = false;
    const pool = env.pool({ resizeTimeoutMs: 86_400_000 });
    env.pass(3_600_000);
    expect(pool.node(0)).toMatchObject({ state: 'creating', errors: [] });
  });
});

describe('a node that dies', () => {
  test('gives its tasks back, neither a retry nor a requeue, and is acquired again with the next life', () => {
    const env = testEnv();
    const pool = env.pool();
    const job = env.job().tasks(2);
    env.settle();
    env.pass(20_000);
    const before = pool.node(0);
    pool.agent(0).die();
    env.settle();
    expect(pool.node(0)).toMatchObject({ node: before.node, id: before.id, life: 2, state: 'running' });
    expect(job.of(1)).toMatchObject({ state: 'running', attempt: 2, retryCount: 0, requeueCount: 0, node: before.node });
    expect(pool.status).toMatchObject({ allocationState: 'steady', currentDedicated: 1 });
  });

  test('as soon as it is up is acquired ever more slowly', () => {
    const env = testEnv();
    const pool = env.pool();
    env.settle();
    const waits: number[] = [];
    for (let death = 0; death < 9; death++) {
      const died = env.now;
      pool.agent(0).die();
      env.settle();
      while (pool.node(0).state === 'creating') env.pass(500);
      waits.push(env.now - died);
    }
    expect(waits).toEqual([0, 1000, 2000, 4000, 8000, 16_000, 32_000, 60_000, 60_000]);
  });

  test('leaves a row that names it and holds nothing more', () => {
    const env = testEnv();
    const pool = env.pool();
    const job = env.job().task();
    env.settle();
    pool.agent(0).finish(job.number, 1, exited(0));
    env.settle();
    const { node, id, recentTasks } = pool.node(0);
    expect(recentTasks).toHaveLength(1);
    pool.resize(0);
    env.settle();
    expect(env.nodes.get(node)).toMatchObject({ id, goneAt: env.now, recentTasks: [], startTask: null, errors: [] });
    expect(job.of(1).node).toBe(node);
  });

  test('while it leaves is gone', () => {
    const env = testEnv();
    const pool = env.pool();
    env.job().task();
    env.settle();
    pool.resize(0, { nodeDeallocation: 'taskcompletion' });
    env.settle();
    pool.agent(0).die();
    env.settle();
    expect(pool.nodes).toEqual([]);
    expect(pool.status.allocationState).toBe('steady');
  });
});

describe('when an agent says hello', () => {
  test('an offer that never reached it is made again, with the same attempt', () => {
    const env = testEnv();
    const pool = env.pool();
    env.settle();
    const job = env.job().task();
    env.tick();
    pool.agent(0).goSilent();
    pool.agent(0).hello();
    env.settle();
    expect(job.of(1)).toMatchObject({ state: 'running', attempt: 1 });
    expect(pool.agent(0).starts).toHaveLength(1);
  });

  test('what it holds that is not ours is told to end', () => {
    const env = testEnv();
    const pool = env.pool();
    const job = env.job();
    env.settle();
    const key = { job: job.number, task: 7, attempt: 1, instance: 0 };
    const held = [{ key, state: 'offered' as const }];
    pool.agent(0).says({ kind: 'hello', life: 1, version: '1', ipAddress: '', held, startTask: null, ready: true });
    expect(env.tick().commands).toEqual([{ kind: 'end', node: pool.node(0).node, key, reason: 'stale', deadlineMs: 0 }]);
  });

  test('a started attempt that it does not hold is waited for a while, then given back', () => {
    const env = testEnv();
    const pool = env.pool();
    const job = env.job().task();
    env.settle();
    const agent = pool.agent(0);
    agent.running.clear();
    agent.hello();
    env.settle();
    expect(job.of(1)).toMatchObject({ state: 'running', attempt: 1 });
    env.pass(29_999);
    expect(job.of(1).attempt).toBe(1);
    env.pass(1);
    expect(job.of(1)).toMatchObject({ state: 'running', attempt: 2, retryCount: 0, requeueCount: 0 });
  });

  test('what was asked of it is asked again', () => {
    const env = testEnv();
    const pool = env.pool();
    const job = env.job().tasks(2);
    env.settle();
    pool.agent(0).goSilent();
    job.disable('requeue');
    env.settle();
    expect(job.status.state).toBe('disabling');
    pool.agent(0).hello();
    env.settle();
    expect(job.status.state).toBe('disabled');
    expect(pool.agent(0).running.size).toBe(0);
    expect(pool.agent(0).offers).toEqual([]);
  });
});

describe('when the whole service goes down', () => {
  test('everything goes back to the queue, uncounted, and runs again under the next owner', () => {
    const env = testEnv();
    const pool = env.pool({ nodes: 2 });
    const job = env.job().tasks(3);
    env.settle();
    const { commands } = env.shutDown();
    expect(commands).toEqual([]);
    expect(job.states).toEqual({ active: 3 });
    expect(job.of(1)).toMatchObject({ cause: 'shutdown', retryCount: 0, requeueCount: 0 });
    expect(pool.nodes.map(({ state }) => state)).toEqual(['creating', 'creating']);
    env.restart().settle();
    env.pass(60_000);
    expect(job.states).toEqual({ running: 2, offered: 1 });
    expect(pool.status).toMatchObject({ allocationState: 'steady', currentDedicated: 2, resizeErrors: [] });
  });
});
