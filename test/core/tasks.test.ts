import { describe, expect, test } from 'vitest';
import { exited, testEnv } from './harness.ts';

const TASK_ENDED = { category: 'UserError', code: 'TaskEnded', message: 'Task Was Ended by User Request' };

describe('a task', () => {
  test('runs on a node of its pool and ends well', () => {
    const env = testEnv();
    const pool = env.pool();
    const job = env.job().task();
    env.settle();
    expect(pool.node(0)).toMatchObject({ state: 'running', runningTasks: 1, runningSlots: 1 });
    expect(job.of(1)).toMatchObject({ state: 'running', node: pool.node(0).node, attempt: 1, previousState: 'active' });
    expect(job.status.tasks).toEqual({ active: 0, running: 1, succeeded: 0, failed: 0 });
    env.now += 5000;
    job.end(1);
    expect(job.of(1)).toMatchObject({ state: 'completed', result: 'success', exitCode: 0, failure: null, previousState: 'running', endedAt: env.now });
    expect(job.status.tasks).toEqual({ active: 0, running: 0, succeeded: 1, failed: 0 });
    expect(pool.node(0)).toMatchObject({ state: 'idle', runningTasks: 0, totalTasksRun: 1, totalTasksSucceeded: 1 });
    expect(pool.node(0).recentTasks).toEqual([{ job: job.number, task: 1 }]);
  });

  test('of ten on eight slots, all run in the end', () => {
    const env = testEnv();
    env.pool({ slots: 4, nodes: 2 });
    const job = env.job().tasks(10);
    env.settle();
    expect(job.states).toEqual({ running: 8, offered: 2 });
    job.run();
    expect(job.status.tasks).toEqual({ active: 0, running: 0, succeeded: 10, failed: 0 });
  });

  test('that waits on a node still reads active since it was added', () => {
    const env = testEnv();
    env.pool();
    const job = env.job().tasks(2);
    const added = env.now;
    env.now += 100;
    env.settle();
    expect(job.of(2)).toMatchObject({ state: 'offered', since: added, previousState: null, previousSince: null });
    env.now += 100;
    job.end(1);
    expect(job.of(2)).toMatchObject({ state: 'running', since: env.now, previousState: 'active', previousSince: added, startedAt: env.now });
  });

  test('keeps only the ten latest lines on its node', () => {
    const env = testEnv();
    const pool = env.pool();
    const job = env.job().tasks(12);
    env.settle();
    job.run();
    expect(pool.node(0).recentTasks.map(({ task }) => task)).toEqual([12, 11, 10, 9, 8, 7, 6, 5, 4, 3]);
    expect(pool.node(0).totalTasksRun).toBe(12);
  });
});

describe('a task that fails', () => {
  test('without retries is completed with FailureExitCode', () => {
    const env = testEnv();
    env.pool();
    const job = env.job().task();
    env.settle();
    job.end(1, exited(3));
    expect(job.of(1)).toMatchObject({
      state: 'completed',
      result: 'failure',
      exitCode: 3,
      failure: {
        category: 'UserError',
        code: 'FailureExitCode',
        message: 'The task exited with an exit code representing a failure',
        details: [
          { name: 'Message', value: 'The task process exited with an unexpected exit code' },
          { name: 'AdditionalErrorCode', value: 'FailureExitCode' },
        ],
      },
    });
    expect(job.status.tasks.failed).toBe(1);
  });

  test('is retried as often as its job allows, each retry counted when it starts', () => {
    const env = testEnv();
    const pool = env.pool();
    const job = env.job({ maxTaskRetryCount: 2 }).task();
    env.settle();
    pool.agent(0).paused = true;
    job.end(1, exited(1));
    expect(job.of(1)).toMatchObject({ state: 'offered', retryCount: 0, attempt: 2, startedAt: null });
    pool.agent(0).paused = false;
    env.now += 7;
    env.settle();
    expect(job.of(1)).toMatchObject({ state: 'running', retryCount: 1, lastRetryAt: env.now, exitCode: null });
    job.end(1, exited(1));
    expect(job.of(1)).toMatchObject({ state: 'running', retryCount: 2, attempt: 3 });
    job.end(1, exited(1));
    expect(job.of(1)).toMatchObject({ state: 'completed', retryCount: 2, exitCode: 1, result: 'failure' });
  });

  test('has its own limit before that of the job, and -1 is none', () => {
    const env = testEnv();
    env.pool({ slots: 2 });
    const job = env.job({ maxTaskRetryCount: 5 }).task({ maxTaskRetryCount: 0 }).task({ maxTaskRetryCount: -1 });
    env.settle();
    job.end(1, exited(1));
    for (let round = 0; round < 20; round++) job.end(2, exited(1));
    expect(job.state(1)).toBe('completed');
    expect(job.of(2)).toMatchObject({ state: 'running', retryCount: 20 });
    job.end(2);
    expect(job.of(2)).toMatchObject({ result: 'success', retryCount: 20 });
  });

  test('again and again lets the other tasks of its job run first', () => {
    const env = testEnv();
    env.pool();
    const job = env.job({ maxTaskRetryCount: -1 }).tasks(10);
    env.settle();
    job.end(1, exited(1));
    expect(job.inState('running')).toEqual([2]);
  });

  test.each([
    ['its files could not be had', { kind: 'notStarted', failure: { category: 'UserError', code: 'BlobNotFound', message: 'not found' } }, null],
    ['an upload failed', { kind: 'uploadFailed', exitCode: 0, failure: { category: 'UserError', code: 'FileUploadContainerNotFound', message: 'no container' } }, 0],
  ] as const)('because %s is never retried', (_because, outcome, exitCode) => {
    const env = testEnv();
    env.pool();
    const job = env.job({ maxTaskRetryCount: -1 }).task();
    env.settle();
    job.end(1, outcome);
    expect(job.of(1)).toMatchObject({ state: 'completed', result: 'failure', exitCode, failure: outcome.failure, retryCount: 0 });
  });

  test('by its wall clock is never retried, and says so', () => {
    const env = testEnv();
    env.pool();
    const job = env.job({ maxTaskRetryCount: -1 }).task();
    env.settle();
    job.end(1, { kind: 'timedOut', exitCode: 137 });
    expect(job.of(1)).toMatchObject({
      state: 'completed',
      exitCode: 137,
      failure: { ...TASK_ENDED, details: [{ name: 'Message', value: 'The maximum execution time configured on the task was exceeded' }] },
    });
  });

  test('and is given more retries meanwhile, uses them', () => {
    const env = testEnv();
    env.pool();
    const job = env.job().task();
    env.settle();
    job.ask(1, { maxTaskRetryCount: 1 });
    job.end(1, exited(1));
    expect(job.of(1)).toMatchObject({ state: 'running', retryCount: 1 });
  });
});

describe('terminating a task', () => {
  test('that waits completes it at once; it never ran', () => {
    const env = testEnv();
    const job = env.job().task();
    env.settle();
    job.terminateTask(1);
    env.settle();
    expect(job.of(1)).toMatchObject({ state: 'completed', result: 'failure', failure: TASK_ENDED, startedAt: null, exitCode: null, cause: 'terminatedByUser' });
    expect(job.status.tasks).toEqual({ active: 0, running: 0, succeeded: 0, failed: 1 });
  });

  test('that is offered takes the offer back first', () => {
    const env = testEnv();
    const pool = env.pool();
    const job = env.job().tasks(2);
    env.settle();
    job.terminateTask(2);
    env.tick();
    expect(job.state(2)).toBe('offered');
    env.restart();
    env.settle();
    expect(job.of(2)).toMatchObject({ state: 'completed', failure: TASK_ENDED, startedAt: null });
    expect(pool.agent(0).starts).toHaveLength(1);
  });

  test('that runs kills it, and keeps its exit code', () => {
    const env = testEnv();
    env.pool();
    const job = env.job({ maxTaskRetryCount: 5 }).task();
    env.settle();
    job.terminateTask(1);
    env.settle();
    expect(job.of(1)).toMatchObject({ state: 'completed', failure: TASK_ENDED, exitCode: 137, cause: 'terminatedByUser' });
  });

  test('that ends by itself first lets its own end count, without a retry', () => {
    const env = testEnv();
    const pool = env.pool();
    const job = env.job({ maxTaskRetryCount: 5 }).task();
    env.settle();
    job.terminateTask(1);
    pool.agent(0).finish(job.number, 1, exited(4));
    env.tick();
    env.settle();
    expect(job.of(1)).toMatchObject({ state: 'completed', exitCode: 4, failure: { code: 'FailureExitCode' }, retryCount: 0 });
  });

  test('on a node that is away waits until its node is back, or dead', () => {
    const env = testEnv();
    const pool = env.pool({ nodes: 2 });
    const job = env.job().tasks(2);
    env.settle();
    const [first, second] = [job.of(1).node ?? 0, job.of(2).node ?? 0];
    env.agent(first).goSilent();
    env.agent(second).goSilent();
    job.terminateTask(1).terminateTask(2);
    env.settle();
    expect(job.states).toEqual({ running: 2 });
    env.agent(first).hello();
    env.agent(second).die();
    env.settle();
    expect(job.of(1)).toMatchObject({ state: 'completed', failure: TASK_ENDED, exitCode: 137 });
    expect(job.of(2)).toMatchObject({ state: 'completed', failure: TASK_ENDED, exitCode: null });
    expect(pool.nodes).toHaveLength(2);
  });
});

describe('deleting a task', () => {
  test('that waits makes it go at once', () => {
    const env = testEnv();
    const job = env.job().tasks(2);
    env.settle();
    job.deleteTask(1);
    expect(env.tick().gone.tasks).toEqual([{ job: job.number, task: 1 }]);
    expect(job.status.tasks.active).toBe(1);
  });

  test('that runs kills it; it is counted until it is dead, then its directory goes', () => {
    const env = testEnv();
    const pool = env.pool();
    const job = env.job().task();
    env.settle();
    job.deleteTask(1);
    const { gone, commands } = env.tick();
    expect(gone.tasks).toEqual([]);
    expect(commands).toMatchObject([{ kind: 'end', reason: 'terminate' }]);
    env.restart().settle();
    expect(job.status.tasks).toEqual({ active: 0, running: 0, succeeded: 0, failed: 0 });
    expect(env.sent('discard')).toEqual([{ kind: 'discard', node: pool.node(0).node, job: job.number, task: 1 }]);
    expect(pool.node(0)).toMatchObject({ state: 'idle', recentTasks: [] });
  });

  test('that starts before it can be taken back is seen to run until it is dead', () => {
    const env = testEnv();
    const pool = env.pool();
    env.settle();
    const job = env.job().task();
    const [offer] = env.tick().commands;
    job.deleteTask(1);
    if (offer !== undefined) pool.agent(0).told(offer);
    env.apply(...pool.agent(0).work());
    env.tick();
    expect(job.of(1).state).toBe('running');
    expect(job.status.tasks.running).toBe(1);
    env.restart().settle();
    expect(job.states).toEqual({});
    expect(job.status.tasks.running).toBe(0);
  });

  test('that is completed takes it out of the counts, even if the row that came with the request is old', () => {
    const env = testEnv();
    env.pool();
    const job = env.job().tasks(3);
    env.settle();
    const row = env.tasks.get(`${job.number}.1`);
    const old = structuredClone(row?.status ?? null);
    job.end(1);
    if (row === undefined) throw new Error('task 1 is gone');
    env.apply({ kind: 'task', job: job.number, task: { intent: { ...row.intent, deletedAt: env.now }, status: old } });
    env.apply({ kind: 'task', job: job.number, task: { intent: { ...row.intent, deletedAt: env.now }, status: old } });
    expect(env.tick().gone.tasks).toEqual([{ job: job.number, task: 1 }]);
    expect(job.status.tasks).toEqual({ active: 1, running: 1, succeeded: 0, failed: 0 });
  });

  test('of a job that has long been completed works as well', () => {
    const env = testEnv();
    env.pool();
    const job = env.job().tasks(2);
    env.settle();
    job.end(1).terminate();
    env.settle();
    env.restart().settle();
    job.deleteTask(1).deleteTask(2);
    env.settle();
    expect(job.status).toMatchObject({ state: 'completed', tasks: { active: 0, running: 0, succeeded: 0, failed: 0 } });
    expect(job.states).toEqual({});
  });

  test('before it was taken in counts it nowhere, also if the request itself comes after it', () => {
    const env = testEnv();
    env.pool({ nodes: 0 });
    const job = env.job().tasks(3, (task) => ({ deletedAt: task === 2 ? env.now : null }));
    job.ask(2, { deletedAt: env.now });
    expect(env.tick().gone.tasks).toEqual([{ job: job.number, task: 2 }]);
    expect(job.status.tasks).toEqual({ active: 2, running: 0, succeeded: 0, failed: 0 });
  });

  test('before it was taken in counts it nowhere', () => {
    const env = testEnv();
    const job = env.job().tasks(1, { deletedAt: env.now });
    expect(env.tick().gone.tasks).toEqual([{ job: job.number, task: 1 }]);
    expect(job.status).toMatchObject({ ingested: 1, tasks: { active: 0, running: 0, succeeded: 0, failed: 0 } });
  });
});

describe('reactivating a failed task', () => {
  test('makes it active with nothing left of its failure, and it runs again', () => {
    const env = testEnv();
    env.pool();
    const job = env.job({ maxTaskRetryCount: 1 }).task();
    env.settle();
    job.end(1, exited(1)).end(1, exited(1));
    env.now += 1000;
    job.reactivate(1);
    env.tick();
    expect(job.of(1)).toMatchObject({ exitCode: null, failure: null, result: null, retryCount: 0, lastRetryAt: null, endedAt: null, reactivateSequence: 1 });
    expect(job.status.tasks).toEqual({ active: 1, running: 0, succeeded: 0, failed: 0 });
    env.restart().settle();
    expect(job.of(1)).toMatchObject({ state: 'running', attempt: 3, retryCount: 0 });
    job.end(1);
    expect(job.of(1)).toMatchObject({ result: 'success', failure: null });
  });

  test.each(['is told of both at once', 'loads the account with both'])('and terminating it before the owner looks ends it, whether the owner %s', (how) => {
    const env = testEnv();
    env.pool();
    const job = env.job().task();
    env.settle();
    job.end(1, exited(1));
    job.patch({ reactivations: 1 }).ask(1, { reactivateSequence: 1, terminateAt: env.now });
    if (how.startsWith('loads')) env.restart();
    env.settle();
    expect(job.of(1)).toMatchObject({ state: 'completed', attempt: 1, reactivateSequence: 1, cause: 'terminatedByUser', failure: { code: 'TaskEnded' } });
    expect(job.status.tasks).toEqual({ active: 0, running: 0, succeeded: 0, failed: 1 });
  });
});

describe('what an agent says of an old attempt', () => {
  test('changes nothing, and a started one is told to end', () => {
    const env = testEnv();
    const pool = env.pool();
    const job = env.job().task();
    env.settle();
    job.end(1);
    const before = job.of(1);
    const key = { job: job.number, task: 1, attempt: 1, instance: 0 };
    pool.agent(0).says({ kind: 'started', key, at: env.now });
    pool.agent(0).says({ kind: 'ended', end: { key, startedAt: 1, endedAt: 2, outcome: exited(9) } });
    pool.agent(0).says({ kind: 'revoked', key });
    const { commands, tasks } = env.tick();
    expect(commands).toEqual([{ kind: 'end', node: pool.node(0).node, key, reason: 'stale', deadlineMs: 0 }]);
    expect(tasks).toEqual([]);
    expect(job.of(1)).toBe(before);
  });

  test('of another node is refused too', () => {
    const env = testEnv();
    const pool = env.pool({ nodes: 2 });
    const job = env.job().task();
    env.settle();
    const other = pool.nodes.find(({ node }) => node !== job.of(1).node);
    const key = { job: job.number, task: 1, attempt: 1, instance: 0 };
    env.agent(other?.node ?? 0).says({ kind: 'ended', end: { key, startedAt: 1, endedAt: 2, outcome: exited(0) } });
    env.settle();
    expect(job.state(1)).toBe('running');
  });
});
