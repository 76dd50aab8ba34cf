import { describe, expect, test } from 'vitest';
import { COMPLETED_JOBS_KEPT } from '../../src/core/tunables.ts';
import { EXIT_0, exited, testEnv } from './harness.ts';

function twoRunningOneWaiting() {
  const env = testEnv();
  const pool = env.pool({ slots: 2 });
  const job = env.job().tasks(3);
  env.settle();
  return { env, pool, job };
}

describe('disabling a job', () => {
  test('with requeue puts its running tasks back and counts that', () => {
    const { env, job } = twoRunningOneWaiting();
    job.disable('requeue');
    env.tick();
    expect(job.status.state).toBe('disabling');
    env.restart().settle();
    expect(job.status).toMatchObject({ state: 'disabled', previousState: 'disabling', tasks: { active: 3, running: 0, succeeded: 0, failed: 0 } });
    expect(job.of(1)).toMatchObject({ state: 'active', requeueCount: 1, lastRequeueAt: env.now, retryCount: 0, cause: 'jobDisabled', startedAt: null });
    expect(job.of(3)).toMatchObject({ state: 'active', requeueCount: 0 });
  });

  test('with terminate completes its running tasks; the waiting ones stay', () => {
    const { env, job } = twoRunningOneWaiting();
    job.disable('terminate');
    env.settle();
    expect(job.status).toMatchObject({ state: 'disabled', tasks: { active: 1, running: 0, succeeded: 0, failed: 2 } });
    expect(job.of(1).failure?.code).toBe('TaskEnded');
    expect(job.of(3)).toMatchObject({ state: 'active', failure: null });
  });

  test('with wait lets its running tasks end and starts none', () => {
    const { env, job } = twoRunningOneWaiting();
    job.disable('wait');
    env.settle();
    expect(job.status.state).toBe('disabling');
    expect(job.states).toEqual({ running: 2, active: 1 });
    job.end(1).end(2);
    expect(job.status.state).toBe('disabled');
    expect(job.states).toEqual({ completed: 2, active: 1 });
  });

  test('that has nothing running is disabled at once, and takes tasks in', () => {
    const env = testEnv();
    env.pool();
    const job = env.job();
    env.settle();
    job.disable('wait');
    env.settle();
    job.tasks(2);
    env.settle();
    expect(job.status).toMatchObject({ state: 'disabled', tasks: { active: 2 } });
    expect(job.states).toEqual({ active: 2 });
  });

  test('and enabling it before it is disabled lets its running tasks go on, and others start', () => {
    const { env, job } = twoRunningOneWaiting();
    job.disable('wait');
    env.settle();
    job.enable();
    env.settle();
    expect(job.status).toMatchObject({ state: 'active', previousState: 'enabling' });
    job.end(1).end(2);
    expect(job.status.state).toBe('active');
    expect(job.states).toEqual({ completed: 2, running: 1 });
  });

  test('and enabling it again lets its tasks run, by way of enabling', () => {
    const { env, job } = twoRunningOneWaiting();
    job.disable('requeue');
    env.settle();
    env.now += 10;
    job.enable();
    env.now += 10;
    env.settle();
    expect(job.status).toMatchObject({ state: 'active', previousState: 'enabling', previousSince: env.now - 10, since: env.now });
    expect(job.states).toEqual({ running: 2, offered: 1 });
    expect(job.of(1).attempt).toBe(2);
  });
});

describe('terminating a job', () => {
  test('ends what runs, leaves what waits active for ever, and says why', () => {
    const { env, job } = twoRunningOneWaiting();
    job.terminate('enough');
    env.settle();
    expect(job.status).toMatchObject({ state: 'completed', terminateReason: 'enough', endedAt: env.now, previousState: 'terminating' });
    expect(job.status.tasks).toEqual({ active: 1, running: 0, succeeded: 0, failed: 2 });
    expect(job.of(1)).toMatchObject({ state: 'completed', cause: 'jobTerminated', failure: { code: 'TaskEnded' } });
    expect(job.of(3)).toMatchObject({ state: 'active', requeueCount: 0 });
  });

  test.each(['its job was disabled', 'its node is to leave'])('ends for good what is being killed to be requeued because %s', (why) => {
    const env = testEnv();
    const pool = env.pool();
    const job = env.job().task();
    env.settle();
    if (why === 'its job was disabled') job.disable('requeue');
    else pool.resize(0);
    expect(env.tick().commands).toMatchObject([{ kind: 'end', reason: 'requeue' }]);
    job.terminate();
    env.tick();
    pool.agent(0).says({ kind: 'ended', end: { key: { job: job.number, task: 1, attempt: 1, instance: 0 }, startedAt: env.now, endedAt: env.now, outcome: { kind: 'killed', exitCode: 137 } } });
    env.tick();
    expect(job.of(1)).toMatchObject({ state: 'completed', cause: 'jobTerminated', failure: { code: 'TaskEnded' }, requeueCount: 0 });
    expect(job.status).toMatchObject({ state: 'completed', tasks: { active: 0, failed: 1 } });
  });

  test('ends its tasks when their processes had ended, by the word of their agents', () => {
    const env = testEnv();
    const pool = env.pool();
    const job = env.job().task();
    env.settle();
    job.terminate();
    env.tick();
    const endedAt = env.now + 20;
    env.now += 500;
    pool.agent(0).says({ kind: 'ended', end: { key: { job: job.number, task: 1, attempt: 1, instance: 0 }, startedAt: env.now, endedAt, outcome: { kind: 'killed', exitCode: 137 } } });
    env.tick();
    expect(job.of(1)).toMatchObject({ state: 'completed', endedAt, since: endedAt });
  });

  test('does not retry what fails meanwhile', () => {
    const env = testEnv();
    const pool = env.pool();
    const job = env.job({ maxTaskRetryCount: -1 }).task();
    env.settle();
    job.terminate();
    pool.agent(0).finish(job.number, 1, exited(1));
    env.settle();
    expect(job.of(1)).toMatchObject({ state: 'completed', failure: { code: 'FailureExitCode' } });
    expect(job.status.state).toBe('completed');
  });

  test('counts tasks that were added just before', () => {
    const env = testEnv();
    const job = env.job();
    job.terminate();
    env.settle();
    job.tasks(2);
    env.settle();
    expect(job.status).toMatchObject({ state: 'completed', ingested: 2, tasks: { active: 2 } });
  });

  test('happens by itself when its wall clock runs out, counted from its creation, also while it is disabled', () => {
    const env = testEnv();
    env.pool();
    const job = env.job({ maxWallClockMs: 60_000 }).task();
    const idle = env.job({ maxWallClockMs: 60_000 }).disable('wait');
    env.settle();
    env.pass(59_999);
    expect(job.status.state).toBe('active');
    env.pass(1);
    expect(job.status).toMatchObject({ state: 'completed', terminateReason: 'MaxWallClockTimeExpiry' });
    expect(idle.status).toMatchObject({ state: 'completed', terminateReason: 'MaxWallClockTimeExpiry' });
    expect(job.of(1).failure?.code).toBe('TaskEnded');
  });
});

describe('onAllTasksComplete', () => {
  test('ends a job at once whose wall clock is set below the time that it has had, and none whose clock is set on', () => {
    const env = testEnv();
    const [one, other] = [env.job({ maxWallClockMs: 60_000 }), env.job({ maxWallClockMs: 60_000 })];
    env.pass(30_000);
    one.patch({ maxWallClockMs: 20_000 });
    other.patch({ maxWallClockMs: null });
    env.settle();
    expect(one.status).toMatchObject({ state: 'completed', terminateReason: 'MaxWallClockTimeExpiry' });
    env.pass(60_000);
    expect(other.status.state).toBe('active');
  });

  test('ends a job when its last task has ended, unless one was added meanwhile', () => {
    const env = testEnv();
    env.pool({ slots: 2 });
    const job = env.job({ onAllTasksComplete: 'terminatejob', nextTask: 1 });
    job.tasks(2);
    env.settle();
    job.end(1);
    expect(job.status.state).toBe('active');
    job.end(2, exited(1));
    expect(job.status).toMatchObject({ state: 'completed', terminateReason: 'AllTasksComplete', tasks: { active: 0, running: 0, succeeded: 1, failed: 1 } });
    const otherwise = { ...job.status, state: 'active', since: 1_000_000, previousState: null, previousSince: null, endedAt: null, terminateReason: null };
    expect(env.decisions.flatMap(({ guards }) => guards)).toEqual([{ job: job.number, ingested: 2, reactivations: 0, otherwise }]);
  });

  test('ends a job only beside the reactivations that the rules have heard of', () => {
    const env = testEnv();
    env.pool();
    const job = env.job({ onAllTasksComplete: 'terminatejob' }).tasks(2);
    env.settle();
    job.end(1, exited(1)).reactivate(1).end(2);
    expect(job.status.state).toBe('active');
    job.end(1);
    expect(job.status.state).toBe('completed');
    expect(env.decisions.flatMap(({ guards }) => guards)).toMatchObject([{ job: job.number, ingested: 2, reactivations: 1 }]);
  });

  test('ends a job that was disabled while its last tasks ran', () => {
    const env = testEnv();
    env.pool({ slots: 2 });
    const job = env.job({ onAllTasksComplete: 'terminatejob' }).tasks(2);
    env.settle();
    job.disable('wait');
    env.settle();
    job.end(1).end(2);
    expect(job.status).toMatchObject({ state: 'completed', terminateReason: 'AllTasksComplete', tasks: { succeeded: 2 } });
  });

  test('ends a job without tasks at once', () => {
    const env = testEnv();
    const job = env.job();
    env.settle();
    job.patch({ onAllTasksComplete: 'terminatejob' });
    const { guards } = env.tick();
    expect(guards).toMatchObject([{ job: job.number, ingested: 0, reactivations: 0 }]);
    expect(job.status).toMatchObject({ state: 'completed', terminateReason: 'AllTasksComplete' });
  });

  test('waits for tasks that are known to have been added', () => {
    const env = testEnv();
    const job = env.job();
    env.settle();
    job.patch({ onAllTasksComplete: 'terminatejob', nextTask: 3 });
    env.settle();
    expect(job.status.state).toBe('active');
  });

  test('waits while a task is blocked', () => {
    const env = testEnv();
    env.pool();
    const job = env.job({ onAllTasksComplete: 'terminatejob', usesTaskDependencies: true }).tasks(2, (task) => ({ dependsOn: task === 2 ? { ids: ['t1'], ranges: [] } : null }));
    env.settle();
    job.end(1, exited(1));
    expect(job.status).toMatchObject({ state: 'active', tasks: { active: 1 } });
    job.terminateTask(2);
    env.settle();
    expect(job.status.state).toBe('completed');
  });
});

describe('the end of a job beside a task that is added meanwhile', () => {
  test('is taken back, of that job alone, and everything else of the tick stands', () => {
    const env = testEnv();
    env.pool({ slots: 2 });
    const job = env.job({ onAllTasksComplete: 'terminatejob' }).task();
    const other = env.job({ onAllTasksComplete: 'terminatejob' }).task();
    env.settle();
    const { since } = job.status;
    env.now += 50;
    env.meanwhile(job, () => job.task());
    for (const { number } of [job, other]) env.agent(job.of(1).node ?? -1).finish(number, 1, EXIT_0);
    env.settle();
    expect(other.status).toMatchObject({ state: 'completed', terminateReason: 'AllTasksComplete' });
    expect(job.status).toMatchObject({ state: 'active', since, previousState: null, endedAt: null, terminateReason: null, ingested: 2, tasks: { running: 1, succeeded: 1 } });
    expect([job.state(1), job.state(2)]).toEqual(['completed', 'running']);
    const endedAt = (env.now += 50);
    job.end(2);
    expect(job.status).toMatchObject({ state: 'completed', terminateReason: 'AllTasksComplete', endedAt, tasks: { succeeded: 2 } });
  });

  test('is the same to the next owner, which finds the row without it', () => {
    const env = testEnv();
    env.pool();
    const job = env.job({ onAllTasksComplete: 'terminatejob' }).task();
    env.settle();
    env.meanwhile(job, () => job.task());
    env.agent(job.of(1).node ?? -1).finish(job.number, 1, EXIT_0);
    env.apply(...[...env.agents.values()].flatMap((agent) => agent.work()));
    expect(env.tick().guards).toHaveLength(1);
    expect(job.status).toMatchObject({ state: 'active', ingested: 1, tasks: { active: 0, running: 0, succeeded: 1 } });
    env.restart();
    env.apply({ kind: 'tasks', job: job.number, through: 2, tasks: [{ intent: job.intentOf(2), status: null }] });
    env.settle();
    expect(job.state(2)).toBe('running');
    job.end(2);
    expect(job.status).toMatchObject({ state: 'completed', tasks: { succeeded: 2 } });
  });

  test('leaves what its tasks have satisfied: the added task runs at once if it depends on that alone', () => {
    const env = testEnv();
    env.pool();
    const job = env.job({ onAllTasksComplete: 'terminatejob', usesTaskDependencies: true }).task();
    env.settle();
    env.meanwhile(job, () => job.tasks(2, (task) => ({ dependsOn: { ids: [task === 2 ? 't1' : 't2'], ranges: [] } })));
    job.end(1);
    expect([job.state(2), job.state(3)]).toEqual(['running', 'active']);
    job.end(2).end(3);
    expect(job.status.state).toBe('completed');
  });

  test('leaves it among the jobs that are kept, however many others end after it', () => {
    const env = testEnv();
    const job = env.job({ onAllTasksComplete: 'terminatejob' });
    env.meanwhile(job, () => job.task());
    env.settle();
    for (let other = 0; other <= COMPLETED_JOBS_KEPT; other++) env.job({ onAllTasksComplete: 'terminatejob' });
    env.settle();
    env.job({ onAllTasksComplete: 'terminatejob' });
    env.settle();
    env.pool();
    env.settle();
    job.end(1);
    expect(job.status).toMatchObject({ state: 'completed', tasks: { succeeded: 1 } });
  });

  test('leaves its wall clock running', () => {
    const env = testEnv();
    env.pool();
    const job = env.job({ onAllTasksComplete: 'terminatejob', maxWallClockMs: 60_000 }).task();
    env.settle();
    env.meanwhile(job, () => job.task());
    job.end(1);
    env.pass(60_000);
    expect(job.status).toMatchObject({ state: 'completed', terminateReason: 'MaxWallClockTimeExpiry', tasks: { succeeded: 1, failed: 1 } });
  });

  test('leaves a disabled job disabled', () => {
    const env = testEnv();
    env.pool();
    const job = env.job({ onAllTasksComplete: 'terminatejob' }).task();
    env.settle();
    job.disable('wait');
    env.settle();
    env.meanwhile(job, () => job.task());
    job.end(1);
    expect(job.status).toMatchObject({ state: 'disabled', previousState: 'disabling', tasks: { active: 1, succeeded: 1 } });
    job.enable();
    env.settle();
    job.end(2);
    expect(job.status.state).toBe('completed');
  });

  test('is taken back beside one that is made active again, too', () => {
    const env = testEnv();
    env.pool();
    const job = env.job({ onAllTasksComplete: 'terminatejob' }).task();
    env.settle();
    env.meanwhile(job, () => job.reactivate(1));
    job.end(1, exited(1));
    expect(job.of(1)).toMatchObject({ state: 'running', attempt: 2 });
    job.end(1);
    expect(job.status).toMatchObject({ state: 'completed', tasks: { succeeded: 1, failed: 0 } });
  });

  test('waits while it is not known whether tasks are to be active again', () => {
    const env = testEnv();
    const job = env.job({ onAllTasksComplete: 'terminatejob', reactivations: -1 });
    env.settle();
    expect(job.status.state).toBe('active');
    job.patch({ reactivations: 3 });
    expect(env.tick().guards).toMatchObject([{ reactivations: 3 }]);
    expect(job.status.state).toBe('completed');
  });

  test('is known to stand when the next tick comes: to take it back then is a fault', () => {
    const env = testEnv();
    const job = env.job({ onAllTasksComplete: 'terminatejob' });
    env.tick();
    env.tick();
    expect(() => env.apply({ kind: 'endingRefused', job: job.number })).toThrow('has not ended by itself in the last decide');
  });
});

describe('onTaskFailure with exit options', () => {
  test('ends the job when a task fails and nothing else is said', () => {
    const env = testEnv();
    env.pool({ slots: 2 });
    const job = env.job({ onTaskFailure: 'performexitoptionsjobaction', maxTaskRetryCount: 1 }).tasks(2);
    env.settle();
    job.end(1, exited(1));
    expect(job.status.state).toBe('active');
    job.end(1, exited(1));
    expect(job.status).toMatchObject({ state: 'completed', terminateReason: 'TaskFailed' });
    expect(job.of(2).failure?.code).toBe('TaskEnded');
  });

  test('disables the job if an exit condition says so: the other tasks are requeued', () => {
    const env = testEnv();
    env.pool({ slots: 2 });
    const job = env
      .job({ onTaskFailure: 'performexitoptionsjobaction' })
      .tasks(2, { exitConditions: { exitCodes: [{ code: 7, exitOptions: { jobAction: 'disable' } }] } });
    env.settle();
    job.end(1, exited(7));
    expect(job.status.state).toBe('disabled');
    expect(job.of(2)).toMatchObject({ state: 'active', requeueCount: 1 });
    job.enable();
    env.settle();
    expect(job.state(2)).toBe('running');
  });

  test('does nothing where the job does not ask for it', () => {
    const env = testEnv();
    env.pool();
    const job = env.job().task();
    env.settle();
    job.end(1, exited(1));
    expect(job.status.state).toBe('active');
  });
});

describe('deleting a job', () => {
  test('kills what runs; then it is gone, and its directories with it', () => {
    const { env, pool, job } = twoRunningOneWaiting();
    job.delete();
    env.tick();
    expect(env.jobs.has(job.number)).toBe(true);
    env.restart().settle();
    expect(env.jobs.has(job.number)).toBe(false);
    expect(pool.agent(0).running.size).toBe(0);
    expect(env.sent('discardJob')).toEqual([{ kind: 'discardJob', node: pool.node(0).node, job: job.number }]);
    expect(pool.node(0)).toMatchObject({ state: 'idle', runningSlots: 0 });
  });

  test('is heard by the nodes that its tasks were given to, and by no others', () => {
    const env = testEnv();
    const pool = env.pool({ slots: 1, nodes: 100 });
    const job = env.job().tasks(3);
    env.settle();
    const ran = [1, 2, 3].map((task) => job.of(task).node);
    job.run().delete();
    env.settle();
    expect(env.sent('discardJob').map((command) => ('node' in command ? command.node : null)).toSorted()).toEqual(ran.toSorted());
    expect(pool.nodes.flatMap(({ node }) => [...env.agent(node).jobs])).toEqual([]);
  });

  test('is heard by the same nodes under the next owner', () => {
    const env = testEnv();
    env.pool({ slots: 1, nodes: 20 });
    const job = env.job().tasks(3).task({ requiredSlots: 2 });
    env.settle();
    const ran = [1, 2, 3].map((task) => job.of(task).node);
    job.run();
    env.restart().settle();
    job.delete();
    env.settle();
    expect(env.sent('discardJob').map((command) => ('node' in command ? command.node : null)).toSorted()).toEqual(ran.toSorted());
  });

  test('is heard by each node whose agent does not say what it has', () => {
    const env = testEnv();
    const pool = env.pool({ slots: 1, nodes: 5 });
    const job = env.job().task();
    env.settle();
    job.run();
    env.restart();
    for (const { node } of pool.nodes) env.agent(node).says({ kind: 'hello', life: 1, version: '1', ipAddress: '', held: [], startTask: null, ready: true });
    job.delete();
    env.settle();
    expect(env.sent('discardJob')).toHaveLength(5);
  });

  test('is heard after its hello by a node that was away, also from the next owner', () => {
    const env = testEnv();
    const pool = env.pool({ slots: 1, nodes: 3, jobOrder: 'creationtime' });
    const job = env.job().tasks(3);
    const other = env.job().tasks(3);
    env.settle();
    job.run();
    other.run();
    const [away, under] = [pool.agent(0), pool.agent(1)];
    for (const agent of [away, under]) agent.goSilent();
    job.delete();
    env.settle();
    expect(env.sent('discardJob')).toHaveLength(1);
    away.hello();
    env.settle();
    env.restart().settle();
    expect(pool.nodes.map(({ node }) => [...env.agent(node).jobs])).toEqual([[other.number], [job.number, other.number], [other.number]]);
    under.hello();
    env.settle();
    expect(pool.nodes.map(({ node }) => [...env.agent(node).jobs])).toEqual([[other.number], [other.number], [other.number]]);
  });

  test('is heard by all nodes of its pool if it was completed before the rules were loaded', () => {
    const env = testEnv();
    env.pool({ slots: 1, nodes: 3 });
    const job = env.job().task();
    env.settle();
    job.run().terminate();
    env.settle();
    env.restart().settle();
    job.delete();
    env.settle();
    expect(env.sent('discardJob')).toHaveLength(3);
  });

  test('is not told to a node that has got rid of what the job left, by its hello', () => {
    const env = testEnv();
    const pool = env.pool({ slots: 1, nodes: 2 });
    const job = env.job().tasks(2);
    env.settle();
    job.run();
    pool.agent(0).jobs.clear();
    for (const index of [0, 1]) pool.agent(index).hello();
    job.delete();
    env.settle();
    expect(env.sent('discardJob')).toEqual([{ kind: 'discardJob', node: pool.node(1).node, job: job.number }]);
  });

  test('that was completed long ago makes it go at once', () => {
    const { env, job } = twoRunningOneWaiting();
    job.terminate();
    env.settle();
    env.restart().settle();
    job.delete();
    env.settle();
    expect(env.jobs.has(job.number)).toBe(false);
  });
});

describe('jobs of one pool', () => {
  test('are served by priority, and among equals the older one first', () => {
    const env = testEnv();
    const low = env.job({ priority: -5 }).task();
    const older = env.job().task();
    const younger = env.job().task();
    const high = env.job({ priority: 5 }).task();
    env.pool();
    env.settle();
    const order: number[] = [];
    for (let round = 0; round < 4; round++) {
      const running = [low, older, younger, high].find((job) => job.inState('running').length > 0);
      order.push(running?.number ?? 0);
      running?.end(1);
    }
    expect(order).toEqual([high, older, younger, low].map(({ number }) => number));
  });

  test('with a higher priority take waiting offers back from the others, never running tasks', () => {
    const env = testEnv();
    env.pool({ slots: 1 });
    const low = env.job().tasks(10);
    env.settle();
    expect(low.states).toEqual({ running: 1, offered: 4, active: 5 });
    const high = env.job({ priority: 1 }).tasks(2);
    env.settle();
    expect(low.states.running).toBe(1);
    expect(high.states).toEqual({ offered: 2 });
    expect(env.sent('revoke').length).toBeLessThanOrEqual(4);
    low.end(1);
    expect(high.states).toEqual({ running: 1, offered: 1 });
    expect(low.of(2).requeueCount).toBe(0);
  });

  test('that is too wide for the pool does not unsettle the others', () => {
    const env = testEnv();
    env.pool({ slots: 1 });
    env.job({ priority: 1 }).task({ requiredSlots: 2 });
    env.job().tasks(10);
    env.settle();
    expect(env.sent('revoke')).toEqual([]);
  });

  test('run no more tasks at once than maxParallelTasks, offers included', () => {
    const env = testEnv();
    env.pool({ slots: 4 });
    const job = env.job({ maxParallelTasks: 2 }).tasks(5);
    const other = env.job().tasks(2);
    env.settle();
    expect(job.states).toEqual({ running: 2, active: 3 });
    expect(other.states).toEqual({ running: 2 });
    job.end(1);
    expect(job.states).toEqual({ running: 2, completed: 1, active: 2 });
    job.patch({ maxParallelTasks: -1 });
    env.settle();
    expect(job.states).toEqual({ running: 2, completed: 1, offered: 2 });
  });

  test('are held to a lower maxParallelTasks with what waits on nodes already, and none that runs is touched', () => {
    const env = testEnv();
    env.pool({ slots: 3 });
    const job = env.job().tasks(8);
    env.settle();
    expect(job.states).toEqual({ running: 3, offered: 5 });
    job.patch({ maxParallelTasks: 2 });
    env.restart().settle();
    expect(job.states).toEqual({ running: 3, active: 5 });
    expect(job.of(4)).toMatchObject({ requeueCount: 0, cause: 'revoked' });
    job.end(1);
    expect(job.states).toEqual({ completed: 1, running: 2, active: 5 });
    job.end(2);
    expect(job.states).toEqual({ completed: 2, running: 2, active: 4 });
  });

  test('wait for their pool by its id, whatever the case, and for the next of that id', () => {
    const env = testEnv();
    const job = env.job({ poolId: 'Later' }).tasks(2);
    env.settle();
    expect(job.states).toEqual({ active: 2 });
    const pool = env.pool({ id: 'later' });
    env.settle();
    expect(job.states).toEqual({ running: 1, offered: 1 });
    pool.delete();
    env.settle();
    expect(env.pools.has(pool.number)).toBe(false);
    expect(job.of(1)).toMatchObject({ state: 'active', requeueCount: 1, cause: 'nodeRemoved' });
    env.pool({ id: 'LATER' });
    env.settle();
    expect(job.states).toEqual({ running: 1, offered: 1 });
  });

  test('move to another pool when they are told to while disabled', () => {
    const env = testEnv();
    const job = env.job({ poolId: 'nowhere' }).task();
    env.pool();
    env.settle();
    job.disable('wait');
    env.settle();
    job.patch({ poolId: 'pool' });
    job.enable();
    env.settle();
    expect(job.state(1)).toBe('running');
  });
});

describe('a job that ended', () => {
  test('is not begun again by an old request', () => {
    const env = testEnv();
    env.pool();
    const job = env.job().task();
    env.settle();
    job.end(1, EXIT_0).terminate('enough');
    env.settle();
    const { status } = job;
    env.restart();
    job.patch({});
    env.settle();
    expect(job.status).toEqual(status);
  });
});

describe('forcing a job to end', () => {
  test('completes it at once, with what runs on nodes that do not answer; what they say later changes nothing', () => {
    const env = testEnv();
    env.pool({ nodes: 2 });
    const job = env.job().tasks(6);
    env.settle();
    const [away] = job.inState('running');
    const node = env.agent(job.of(away ?? 0).node ?? 0);
    node.goSilent();
    job.terminate('enough');
    env.settle();
    expect(job.status).toMatchObject({ state: 'terminating' });
    job.terminate('more', true);
    env.settle();
    expect(job.status).toMatchObject({ state: 'completed', terminateReason: 'enough', tasks: { running: 0, failed: 2 } });
    expect(job.of(away ?? 0)).toMatchObject({ state: 'completed', failure: { code: 'TaskEnded' }, cause: 'jobTerminated' });
    const other = env.job().task();
    env.settle();
    node.hello();
    env.settle();
    expect([...node.running.values()].some(({ key }) => key.job === job.number)).toBe(false);
    expect(other.state(1)).toBe('running');
    expect(job.of(away ?? 0)).toMatchObject({ state: 'completed', attempt: 1 });
  });

  test('asks for the release of its nodes, and does not wait for it', () => {
    const env = testEnv();
    const pool = env.pool();
    const job = env.job({ preparation: { waitForSuccess: true, rerunOnNodeReboot: true, retentionMs: 0 }, release: { retentionMs: 0 } }).task();
    env.settle();
    const { node } = pool.node(0);
    job.endOwn('preparation', node);
    job.terminate('enough', true);
    env.settle();
    expect(job.status.state).toBe('completed');
    job.endOwn('release', node, 3);
    expect(job.on(node).release).toMatchObject({ state: 'completed', exitCode: 3 });
  });

  test('deletes it at once, also when it was being deleted; its nodes hear of it when they are back', () => {
    const env = testEnv();
    const pool = env.pool();
    const job = env.job().task();
    env.settle();
    const agent = pool.agent(0);
    agent.goSilent();
    job.delete();
    env.settle();
    expect(env.jobs.has(job.number)).toBe(true);
    job.delete(true);
    env.settle();
    expect(env.jobs.has(job.number)).toBe(false);
    agent.hello();
    env.settle();
    expect([agent.running.size, [...agent.jobs]]).toEqual([0, []]);
  });
});
