import { exited, type TestEnv, type TestJob } from '../harness.ts';
import { ofTask, type Situations } from './situation.ts';

const DAY_MS = 24 * 3_600_000;
const REFUSAL = { category: 'UserError', code: 'InvalidCertificatesInAutoPool', message: 'The certificate is not there.', details: [] } as const;

/** What keeps a task in its job, or says what has become of it. */
export const ofTasks: Situations<
  | 'JobNotActive' | 'NotScheduled' | 'DependenciesNotMet' | 'OverTime' | 'MaxParallelTasks' | 'WaitingItsTurn' | 'WaitingOnNode' | 'Preparing' | 'Running' | 'BeingEnded'
  | 'MakingRoom' | 'MadeRoom' | 'RoomIsMade' | 'BeingPreempted' | 'NodePreempted' | 'NotTakenIn' | 'TaskCompleted' | 'JobNotOpen' | 'InQuarantine'
> = {
  JobNotActive: [
    {
      given: (env) => {
        env.pool();
        const job = env.job({ id: 'night' }).disable('wait').task();
        env.settle();
        return ofTask(env, job, 1);
      },
      sentence: 'Job night is disabled.',
      stays: true,
      fixes: ['Enable the job'],
    },
    {
      given: (env) => {
        env.pool();
        const job = env.job({ id: 'night' }).task();
        job.patch({ deletedAt: env.now });
        return ofTask(env, job, 1, { passes: () => env.settle(), mended: () => !env.jobs.has(job.number) });
      },
      sentence: 'Job night is deleting.',
    },
  ],
  NotScheduled: [
    {
      given: (env) => {
        const job = env.job({ id: 'night', poolId: '', autoPool: { lifetime: 'job', prefix: 'x', refusal: REFUSAL } }).task();
        env.settle();
        return ofTask(env, job, 1, { passes: null });
      },
      sentence: 'Job night got no pool: InvalidCertificatesInAutoPool, The certificate is not there.',
      stays: true,
      never: true,
    },
  ],
  DependenciesNotMet: [
    {
      given: (env) => {
        const { job } = childAndParents(env);
        return ofTask(env, job, 3, { passes: () => job.end(1).end(2) });
      },
      sentence: 'The task depends on tasks that have not satisfied it, or do not exist: first, second.',
    },
    {
      given: (env) => {
        const { job } = childAndParents(env);
        job.end(1).end(2, exited(3));
        // The rules forget what has ended: the operations look it up (src/api/own/explain/reasons.ts).
        const parents = [{ id: 'second', state: 'completed', exitCode: 3 }] as const;
        const ask = () => env.explain(job, 3).map((reason) => (reason.code === 'DependenciesNotMet' ? { ...reason, parents } : reason));
        return { ...ofTask(env, job, 3), ask, afterFix: () => job.end(2) };
      },
      sentence: 'The task depends on tasks that have not satisfied it, or do not exist: second. Task second has ended with exit code 3, which blocks it until second is made active again and ends well.',
      stays: true,
      fixes: ['Run second again'],
    },
    {
      given: (env) => {
        env.pool();
        const job = env.job({ usesTaskDependencies: true }).task({ dependsOn: { ids: ['nobody'], ranges: [] } });
        env.settle();
        const parents = [{ id: 'nobody', state: 'missing', exitCode: null }] as const;
        const ask = () => env.explain(job, 1).map((reason) => (reason.code === 'DependenciesNotMet' ? { ...reason, parents } : reason));
        return { ...ofTask(env, job, 1), ask, passes: () => (job.task({ idKey: 'nobody' }), env.settle(), job.end(2)) };
      },
      sentence: 'The task depends on tasks that have not satisfied it, or do not exist: nobody. There is no task nobody.',
      stays: true,
    },
  ],
  OverTime: [
    {
      given: (env) => {
        env.pool();
        const job = env.job({ priority: 1 }).tasks(20);
        env.pass(181 * DAY_MS);
        return ofTask(env, job, 20, { passes: null });
      },
      sentence: 'The task was added more than 180 days ago, as long as a task may live. It will never run.',
      stays: true,
      never: true,
    },
  ],
  MaxParallelTasks: [
    {
      given: (env) => {
        env.pool({ slots: 4 });
        const job = env.job({ id: 'night', maxParallelTasks: 1 }).tasks(2);
        env.settle();
        return ofTask(env, job, 2);
      },
      sentence: 'Job night has 1 task running or about to start; its maxParallelTasks is 1.',
      fixes: ['Lift the bound of parallel tasks'],
    },
  ],
  WaitingItsTurn: [
    {
      given: (env) => {
        env.pool();
        env.settle();
        return ofTask(env, env.job().task(), 1, { passes: () => env.settle() });
      },
      sentence: 'Nothing is in the way of the task: it is given to a node next.',
    },
    {
      given: (env) => {
        env.pool({ slots: 4 });
        env.settle();
        env.job({ priority: 1 }).tasks(2);
        return ofTask(env, env.job().task(), 1, { passes: () => env.settle() });
      },
      sentence: 'Nothing is in the way of the task: it is given to a node after 2 other tasks at most.',
    },
  ],
  WaitingOnNode: [
    {
      given: (env) => {
        env.pool();
        const job = env.job().tasks(3);
        env.settle();
        return ofTask(env, job, 3, { passes: () => job.end(1).end(2) });
      },
      sentence: 'The task was given to node NODE1 0 s ago and starts there when slots are free, after 1 other.',
    },
  ],
  Preparing: [
    {
      given: (env) => {
        const pool = env.pool();
        const job = prepared(env).task();
        env.settle();
        return ofTask(env, job, 1, { passes: () => job.endOwn('preparation', pool.node(0).node) });
      },
      sentence: 'The task waits on node NODE1 for the job preparation task of job night.',
    },
  ],
  Running: [
    {
      given: (env) => {
        env.pool();
        const job = env.job().task();
        env.settle();
        return ofTask(env, job, 1, { passes: () => job.end(1), mended: () => job.state(1) === 'completed' });
      },
      sentence: 'Attempt 1 is running on node NODE1.',
    },
  ],
  BeingEnded: [
    {
      given: (env) => {
        env.pool();
        const job = env.job().task();
        linger(env);
        job.terminateTask(1);
        env.settle();
        return ofTask(env, job, 1, { passes: () => kill(env), mended: () => job.state(1) === 'completed' });
      },
      sentence: 'Attempt 1 is being ended on node NODE1.',
    },
  ],
  MakingRoom: [
    {
      given: (env) => {
        const { low, high } = outranked(env);
        return ofTask(env, low, 1, { passes: () => (kill(env), high.end(1)), mended: () => low.of(1).state === 'running' && low.of(1).attempt === 2 });
      },
      sentence: 'Attempt 1 is being ended on node NODE1 to make room for tasks of a higher priority; the task then runs again.',
    },
  ],
  MadeRoom: [
    {
      given: (env) => {
        const { low, high } = outranked(env);
        low.patch({ maxParallelTasks: 0 });
        kill(env);
        return ofTask(env, low, 1, { passes: () => (low.patch({ maxParallelTasks: -1 }), high.end(1)) });
      },
      sentence: 'The task made room for tasks of a higher priority and runs again when there are slots; it has been requeued 1 time.',
    },
  ],
  RoomIsMade: [
    {
      given: (env) => {
        const { high } = outranked(env);
        return ofTask(env, high, 1, { passes: () => kill(env) });
      },
      sentence: 'On node NODE1 1 task of lower priority is being ended so that the task can start there.',
    },
  ],
  BeingPreempted: [
    {
      given: (env) => {
        const { job, killed } = takenBack(env);
        return ofTask(env, job, 1, { passes: killed, mended: () => job.of(1).attempt === 2 && job.state(1) === 'running' });
      },
      sentence: 'Attempt 1 is being ended on node NODE1, which its provider takes back in 30 s; the task then runs again elsewhere.',
    },
  ],
  NodePreempted: [
    {
      given: (env) => {
        const { job, killed } = takenBack(env);
        job.patch({ maxParallelTasks: 0 });
        killed();
        return ofTask(env, job, 1, { passes: () => (job.patch({ maxParallelTasks: -1 }), env.settle()) });
      },
      sentence: 'The node that the task ran on was taken back by its provider, and the task runs again; it has been requeued 1 time.',
    },
  ],
  NotTakenIn: [
    {
      given: (env) => {
        env.pool();
        const job = env.job();
        env.settle();
        return { ask: () => env.explain(job, 1), job, passes: () => (job.task(), env.settle()), mended: () => job.inState('running').length === 1 };
      },
      sentence: 'The task has just been added and is about to be taken in.',
    },
  ],
  TaskCompleted: [
    {
      given: (env) => {
        env.pool();
        const job = env.job().task();
        env.settle();
        job.end(1);
        return ofTask(env, job, 1, { passes: null });
      },
      sentence: 'The task is completed or deleted.',
    },
  ],
  JobNotOpen: [
    {
      given: (env) => {
        env.pool();
        const job = env.job().task();
        env.settle();
        job.delete();
        env.settle();
        return { ask: () => env.explain(job, 1), passes: null };
      },
      sentence: 'The job is completed or does not exist.',
    },
  ],
  InQuarantine: [
    {
      // The owner says so, who goes on without it (test/simulation/quarantine.test.ts).
      given: () => ({ ask: () => [{ code: 'InQuarantine', subject: 'task' }], passes: null }),
      sentence: 'The service failed on the task and goes on without it: see linarite status.',
      stays: true,
    },
  ],
};

/** The third task depends on the first two, which run. */
function childAndParents(env: TestEnv): { readonly job: TestJob } {
  env.pool({ slots: 4 });
  const job = env.job({ usesTaskDependencies: true }).task({ idKey: 'first' }).task({ idKey: 'second' }).task({ dependsOn: { ids: ['first', 'second'], ranges: [] } });
  env.settle();
  return { job };
}

function prepared(env: TestEnv): TestJob {
  return env.job({ id: 'night', preparation: { waitForSuccess: true, rerunOnNodeReboot: true, retentionMs: DAY_MS } });
}

/** A task of low priority that is told to make room for one of higher priority, and goes on until it is killed. */
function outranked(env: TestEnv): { readonly low: TestJob; readonly high: TestJob } {
  env.pool();
  const low = env.job({ allowTaskPreemption: true }).task();
  env.pass(60_000);
  linger(env);
  const high = env.job({ priority: 1 }).task();
  env.settle();
  return { low, high };
}

/** A task that is told to end, since its node is taken back in half a minute; there is another node. */
function takenBack(env: TestEnv): { readonly job: TestJob; readonly killed: () => void } {
  const pool = env.pool({ nodes: 0, targetLowPriority: 1 });
  const job = env.job().task();
  linger(env);
  pool.agent(0).notice(30_000);
  env.settle();
  pool.resize(1);
  env.settle();
  return { job, killed: () => kill(env) };
}

function linger(env: TestEnv): void {
  env.settle();
  for (const agent of env.agents.values()) agent.lingers = true;
}

function kill(env: TestEnv): void {
  for (const agent of env.agents.values()) agent.kill();
  env.settle();
}
