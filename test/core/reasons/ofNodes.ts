import type { StartTaskStatus } from '../../../src/core/status.ts';
import type { TestEnv, TestJob, TestPool } from '../harness.ts';
import { idleNode, ofNode, ofTask, type Situations } from './situation.ts';

const DAY_MS = 24 * 3_600_000;
const ALONE = { runExclusive: true, allowLowPriorityNode: true, killJobOnCompletion: false };
const AGAIN = ['Reboot the node', 'Remove the node'];

/** What keeps a task from a node, and what a node has to say of itself. */
export const ofNodes: Situations<
  | 'TooManySlots' | 'PoolNotForMultiInstance' | 'TooFewNodesTogether' | 'WaitingForNodesTogether' | 'KeptForTask' | 'AgentTooOld' | 'NodeNotReady' | 'NodeBeingPreempted' | 'StartTaskFailed'
  | 'PreparationFailed' | 'NoFreeSlots' | 'HeldByJobManager' | 'LowPriorityNode' | 'MoreNodes' | 'NodeBusy' | 'NothingWaits' | 'TasksBlocked' | 'AboutToBePlaced'
> = {
  TooManySlots: [
    {
      given: (env) => {
        const pool = env.pool({ slots: 2 });
        const job = env.job().task({ requiredSlots: 3 });
        env.settle();
        return ofTask(env, job, 1, { pool });
      },
      sentence: 'The task needs 3 slots on one node; nodes of pool pool have 2. It will never run there.',
      stays: true,
      never: true,
      fixes: ['Need 2 slots instead'],
    },
  ],
  PoolNotForMultiInstance: [
    {
      given: (env) => {
        env.pool({ slots: 2, nodes: 2 });
        const job = env.job().task({ instances: 2 });
        env.settle();
        return ofTask(env, job, 1, { passes: () => {
          env.pool({ id: 'other', nodes: 2, interNode: true });
          job.patch({ poolId: 'other' });
          env.settle();
        } });
      },
      sentence: 'A multi-instance task never runs in pool pool: enableInterNodeCommunication is false, and taskSlotsPerNode is 2, not 1.',
      stays: true,
      never: true,
    },
  ],
  TooFewNodesTogether: [
    {
      given: (env) => {
        const { pool, job, narrow } = gang(env, 3);
        return ofTask(env, job, 1, { pool, afterFix: () => narrow.end(1) });
      },
      sentence: 'The task needs 3 nodes at once; pool pool has 2 that may run it, and 2 are asked for.',
      stays: true,
      fixes: ['Ask for 3 nodes'],
    },
    {
      given: (env) => {
        const pool = env.pool({ nodes: 0, interNode: true, autoScale: { formula: '$TargetDedicatedNodes = min(2, 2 * max(0, $PendingTasks.GetSample(1)));', intervalMs: 300_000, sequence: 0, at: env.now } });
        env.settle();
        const job = env.job().task({ instances: 2 });
        env.settle();
        return ofTask(env, job, 1, { pool, passes: () => env.pass(600_000) });
      },
      sentence: 'The task needs 2 nodes at once; pool pool has 0 that may run it, and 0 are asked for; its formula decides, and runs every 5 minutes.',
    },
  ],
  WaitingForNodesTogether: [
    {
      given: (env) => {
        const { job, narrow } = gang(env, 2);
        return ofTask(env, job, 1, { passes: () => narrow.end(1) });
      },
      sentence: 'The task needs 2 nodes at once; 1 is free, and whichever become free are kept for it until there are 2.',
    },
  ],
  KeptForTask: [
    {
      given: (env) => {
        const { job, narrow } = gang(env, 2);
        narrow.task();
        env.settle();
        return ofTask(env, narrow, 2, { passes: () => (narrow.end(1), job.end(1)) });
      },
      sentence: 'Node NODE1 is kept for a task of job together that needs 2 nodes at once.',
    },
    {
      given: (env) => {
        const { job, narrow, pool } = gang(env, 2);
        narrow.task();
        env.settle();
        return ofNode(env, pool, { node: idleNode(pool), passes: () => (narrow.end(1), job.end(1)) });
      },
      sentence: 'Node NODE1 is kept for a task of job together that needs 2 nodes at once.',
    },
  ],
  AgentTooOld: [
    {
      given: (env) => {
        const { pool, job, narrow } = gang(env, 2, (old) => {
          const agent = old.agent(1);
          agent.says({ kind: 'hello', life: agent.life, version: '0.1', ipAddress: '127.0.0.1', held: [], jobs: [], startTask: null, ready: true });
        });
        return ofTask(env, job, 1, { pool, afterFix: () => narrow.end(1) });
      },
      sentence: 'The agent of node NODE2 is of version 0.1, which knows no multi-instance tasks: the node has to start again.',
      stays: true,
      fixes: AGAIN,
    },
  ],
  NodeNotReady: [
    {
      given: (env) => {
        env.bootsByItself = false;
        const pool = env.pool();
        const job = env.job().task();
        env.settle();
        return ofTask(env, job, 1, { pool, passes: () => (pool.agent(0).boot(), env.settle()) });
      },
      sentence: 'Node NODE1 is being created.',
    },
    {
      given: (env) => {
        const pool = env.pool();
        env.settle();
        const agent = pool.agent(0);
        agent.goSilent();
        const job = env.job().task();
        env.settle();
        return ofTask(env, job, 1, { pool, passes: () => (agent.hello(), env.settle()) });
      },
      sentence: 'Node NODE1 is idle, and its agent is not connected.',
    },
    {
      given: (env) => {
        const pool = env.pool();
        env.settle();
        pool.askNode(pool.node(0).node, { schedulingDisabled: 'requeue' });
        const job = env.job().task();
        env.settle();
        return ofTask(env, job, 1, { pool });
      },
      sentence: 'Scheduling is disabled on node NODE1.',
      stays: true,
      fixes: ['Let the node take tasks'],
    },
    {
      given: (env) => {
        const pool = env.pool();
        env.settle();
        pool.restart(pool.node(0).node, 'deallocate');
        const job = env.job().task();
        env.settle();
        return ofTask(env, job, 1, { pool });
      },
      sentence: 'Node NODE1 is deallocated until it is started.',
      stays: true,
      fixes: ['Start the node'],
    },
    {
      given: (env) => {
        const pool = env.pool();
        const before = env.job().task();
        env.settle();
        pool.askNode(pool.node(0).node, { schedulingDisabled: 'taskcompletion' });
        env.settle();
        pool.resize(0, { nodeDeallocation: 'taskcompletion' });
        env.settle();
        const job = env.job().task();
        env.settle();
        return ofTask(env, job, 1, { pool, passes: () => (before.end(1), pool.resize(1), env.settle()) });
      },
      sentence: 'Node NODE1 is leaving its pool.',
    },
    {
      given: (env) => {
        env.bootsByItself = false;
        const pool = env.pool();
        const job = env.job().task();
        env.settle();
        const agent = pool.agent(0);
        agent.hello({ ready: false });
        agent.says({ kind: 'unusable', errors: [{ code: 'ApplicationPackageError', message: 'There is no package', values: [{ name: 'ApplicationId', value: 'tool' }] }] });
        env.bootsByItself = true;
        env.settle();
        return ofTask(env, job, 1, { pool, afterFix: () => rebooted(env, pool) });
      },
      sentence: 'Node NODE1 is unusable. ApplicationPackageError: There is no package; ApplicationId tool.',
      stays: true,
      fixes: AGAIN,
    },
  ],
  NodeBeingPreempted: [
    {
      given: (env) => {
        const pool = env.pool({ nodes: 0, targetLowPriority: 1 });
        env.settle();
        const agent = pool.agent(0);
        agent.notice(30_000);
        const job = env.job().task();
        env.settle();
        return ofTask(env, job, 1, { pool, passes: () => (agent.takenBack(), env.pass(60_000)) });
      },
      sentence: 'Node NODE1 is being taken back by its provider: no new task comes there.',
    },
  ],
  StartTaskFailed: [
    {
      given: (env) => {
        env.bootsByItself = false;
        const pool = env.pool({ startTask: { waitForSuccess: true, maxTaskRetryCount: 0 } });
        const job = env.job().task();
        env.settle();
        const agent = pool.agent(0);
        agent.hello({ ready: false });
        agent.says({ kind: 'startTask', status: FAILED });
        env.settle();
        env.bootsByItself = true;
        return ofTask(env, job, 1, { pool, afterFix: () => rebooted(env, pool) });
      },
      sentence: 'The start task has failed on node NODE1 with exit code 7: FailureExitCode, The task failed (Message: no such package).',
      stays: true,
      fixes: ['Run the start task again: reboot the node', 'Remove the node'],
    },
  ],
  PreparationFailed: [
    {
      given: (env) => {
        const pool = env.pool();
        const job = env.job({ preparation: { waitForSuccess: true, rerunOnNodeReboot: true, retentionMs: DAY_MS } }).task();
        env.settle();
        const { node } = pool.node(0);
        job.endOwn('preparation', node, 3, 1);
        return ofTask(env, job, 1, { pool, afterFix: () => {
          rebooted(env, pool);
          if (pool.nodes.length > 0) job.endOwn('preparation', pool.node(0).node);
        } });
      },
      sentence: 'The job preparation task has failed on node NODE1, after 1 retry with exit code 3. No task of the job runs there.',
      stays: true,
      fixes: AGAIN,
    },
  ],
  NoFreeSlots: [
    {
      given: (env) => {
        env.pool({ slots: 2 });
        const before = env.job({ priority: 1 }).tasks(20, { requiredSlots: 2 });
        const job = env.job().task({ requiredSlots: 2 });
        env.settle();
        return ofTask(env, job, 1, { passes: () => before.run() });
      },
      sentence: 'The task needs 2 slots; on node NODE1 2 of 2 are taken, and 2 tasks more wait there for slots.',
    },
  ],
  HeldByJobManager: [
    {
      given: (env) => {
        const { manager, after } = held(env);
        return ofTask(env, after, 1, { passes: () => manager.end(1) });
      },
      sentence: 'The job manager of job managed has node NODE1 for itself.',
    },
  ],
  LowPriorityNode: [
    {
      given: (env) => {
        const pool = env.pool({ nodes: 0, targetLowPriority: 1 });
        const job = env.job({ manager: { ...ALONE, allowLowPriorityNode: false } }).task();
        env.settle();
        return ofTask(env, job, 1, { pool, passes: () => (pool.resize(1), env.settle()) });
      },
      sentence: 'Node NODE1 is a low-priority node, which the job manager does not allow (allowLowPriorityNode).',
      stays: true,
    },
  ],
  MoreNodes: [
    {
      given: (env) => {
        env.bootsByItself = false;
        const pool = env.pool({ nodes: 6 });
        const job = env.job().task();
        env.settle();
        return ofTask(env, job, 1, { pool, passes: () => {
          for (const agent of env.agents.values()) agent.boot();
          env.settle();
        } });
      },
      sentence: 'Likewise on 1 more node.',
    },
  ],
  NodeBusy: [
    {
      given: (env) => {
        const pool = env.pool({ slots: 2 });
        const job = env.job().task().task({ requiredSlots: 2 });
        env.settle();
        return ofNode(env, pool, { passes: () => job.run(), mended: () => pool.node(0).runningTasks === 0 });
      },
      sentence: 'Node NODE1 runs 1 task in 1 of 2 slots; 1 task waits there for slots.',
    },
  ],
  NothingWaits: [
    {
      given: (env) => {
        const pool = env.pool();
        env.settle();
        return ofNode(env, pool, { passes: () => (env.job().task(), env.settle()) });
      },
      sentence: 'No task waits for pool pool.',
    },
  ],
  TasksBlocked: [
    {
      given: (env) => {
        const pool = env.pool({ nodes: 2 });
        const job = env.job({ id: 'chain', usesTaskDependencies: true }).task({ idKey: 'first' }).tasks(2, { dependsOn: { ids: ['first'], ranges: [] } });
        env.settle();
        return ofNode(env, pool, { node: idleNode(pool), passes: () => job.end(1) });
      },
      sentence: 'The 2 tasks of job chain that wait depend on others that have not satisfied them, or are over their time.',
    },
  ],
  AboutToBePlaced: [
    {
      given: (env) => {
        const pool = env.pool();
        env.settle();
        env.job({ id: 'night' }).task();
        return ofNode(env, pool, { passes: () => env.settle() });
      },
      sentence: 'Node NODE1 is about to be given a task of job night.',
    },
    {
      given: (env) => {
        const pool = env.pool({ nodes: 2, interNode: true });
        env.settle();
        env.job({ id: 'together' }).task({ instances: 2 });
        return ofNode(env, pool, { passes: () => env.settle() });
      },
      sentence: 'Node NODE1 is about to be given a task of job together.',
    },
  ],
};

const FAILED: StartTaskStatus = {
  state: 'completed',
  startedAt: 1,
  endedAt: 2,
  exitCode: 7,
  failure: { category: 'UserError', code: 'FailureExitCode', message: 'The task failed', details: [{ name: 'Message', value: 'no such package' }] },
  retryCount: 0,
  lastRetryAt: null,
  result: 'failure',
};

/** A task waits for so many nodes of two, on one of which another task runs. */
function gang(env: TestEnv, instances: number, before: (pool: TestPool) => void = () => undefined): { readonly pool: TestPool; readonly job: TestJob; readonly narrow: TestJob } {
  const pool = env.pool({ nodes: 2, interNode: true });
  env.settle();
  before(pool);
  const narrow = env.job({ id: 'narrow' }).task();
  env.settle();
  const job = env.job({ id: 'together' }).task({ instances });
  env.settle();
  return { pool, job, narrow };
}

/** A job manager has the only node for itself. */
function held(env: TestEnv): { readonly manager: TestJob; readonly after: TestJob } {
  env.pool({ slots: 2 });
  const manager = env.job({ id: 'managed', manager: ALONE }).task();
  env.settle();
  const after = env.job().task();
  env.settle();
  return { manager, after };
}

/** A node that was asked to has come up again. */
function rebooted(env: TestEnv, pool: TestPool): void {
  env.settle();
  for (const { node } of pool.nodes) {
    const agent = env.agents.get(node);
    if (agent !== undefined && !agent.booted) agent.boot();
  }
  env.settle();
}
