import type { TestEnv, TestPool } from '../harness.ts';
import { ofPool, ofTask, type Situations } from './situation.ts';

const MINUTE_MS = 60_000;

/** Why a pool has not the nodes that are asked for, and what its tasks hear of that. */
export const ofPools: Situations<'PoolNotFound' | 'NoNodes' | 'WaitingForNodes' | 'PoolAtTarget' | 'NodesLeaving' | 'FormulaFailed'> = {
  PoolNotFound: [
    {
      given: (env) => {
        const job = env.job({ poolId: 'Typo' }).task();
        env.settle();
        return ofTask(env, job, 1, { passes: () => (env.pool({ id: 'Typo' }), env.settle()) });
      },
      sentence: 'There is no pool Typo.',
      stays: true,
    },
    {
      given: (env) => {
        const pool = env.pool();
        env.settle();
        const job = env.job().task();
        pool.delete();
        return ofTask(env, job, 1, { passes: () => (env.settle(), env.pool(), env.settle()) });
      },
      sentence: 'Pool pool is being deleted.',
      stays: true,
    },
  ],
  NoNodes: [
    {
      given: (env) => {
        const pool = env.pool({ nodes: 0 });
        const job = env.job().task();
        env.settle();
        return ofTask(env, job, 1, { pool });
      },
      sentence: 'Pool pool has no nodes, and none are asked for.',
      stays: true,
      fixes: ['Ask for one node'],
    },
    {
      given: (env) => {
        const pool = env.pool();
        const before = env.job().task();
        env.settle();
        pool.resize(0, { nodeDeallocation: 'taskcompletion' });
        const job = env.job().task();
        env.settle();
        return ofTask(env, job, 1, { pool, afterFix: () => before.end(1) });
      },
      sentence: 'Pool pool has only nodes that leave (1), and none are asked for.',
      stays: true,
      fixes: ['Ask for one node'],
    },
    {
      given: (env) => {
        const pool = scaled(env, '$TargetDedicatedNodes = max(0, $PendingTasks.GetSample(1));');
        const job = env.job().task();
        env.settle();
        return ofTask(env, job, 1, { pool, passes: () => env.pass(10 * MINUTE_MS) });
      },
      sentence: 'Pool pool has no nodes, and none are asked for; its formula decides, and runs every 5 minutes.',
    },
  ],
  WaitingForNodes: [
    {
      given: (env) => {
        env.bootsByItself = false;
        const pool = env.pool({ nodes: 2 });
        env.settle();
        return ofPool(env, pool, { passes: () => {
          for (const agent of env.agents.values()) agent.boot();
          env.settle();
        } });
      },
      sentence: 'Pool pool has 0 of 2 nodes ready; it is being resized.',
    },
    {
      given: (env) => {
        env.apply({ kind: 'room', maxNodes: 1 });
        const pool = env.pool({ nodes: 2 });
        env.settle();
        return ofPool(env, pool, { passes: () => env.apply({ kind: 'room', maxNodes: 2 }) });
      },
      sentence: 'Pool pool has 1 of 2 nodes ready; there is room for 1 node here; AllocationFailed: Desired number of dedicated nodes could not be allocated: All nodes that there is room for here are taken: 1.',
      stays: true,
      fixes: ['Ask for the nodes again'],
    },
  ],
  PoolAtTarget: [
    {
      given: (env) => {
        const pool = env.pool();
        env.settle();
        return ofPool(env, pool, { passes: () => (pool.resize(0), env.settle()), mended: () => pool.nodes.length === 0 });
      },
      sentence: 'Pool pool has the one node that is asked for, and it takes tasks.',
    },
  ],
  NodesLeaving: [
    {
      given: (env) => {
        const pool = env.pool({ nodes: 2 });
        const job = env.job().tasks(2);
        env.settle();
        pool.resize(1, { nodeDeallocation: 'taskcompletion' });
        env.settle();
        return ofPool(env, pool, { passes: () => job.run() });
      },
      sentence: 'Pool pool has 2 nodes, and 1 is asked for: the others leave when their tasks let them.',
    },
  ],
  FormulaFailed: [
    {
      given: (env) => {
        const pool = scaled(env, '$TargetDedicatedNodes = 1 / 0;');
        const mended = (): void => {
          const { autoScale } = pool.row.intent;
          if (autoScale !== undefined && autoScale !== null) pool.ask({ autoScale: { ...autoScale, formula: '$TargetDedicatedNodes = 1;' } });
        };
        return ofPool(env, pool, { passes: mended });
      },
      sentence: 'The formula of pool pool has failed, and its size stays as it is: AutoScalingFormulaEvaluationError: The specified auto-scaling formula has evaluation error; Message Line 1, Col 25: the number is out of range: expected a number of nodes, found inf.',
      stays: true,
      fixes: ['Run the formula again'],
    },
    {
      given: (env) => {
        const pool = scaled(env, '$TargetDedicatedNodes = 1 + 0 * max($PendingTasks.GetSample(TimeInterval_Minute * 2, 100));');
        return ofPool(env, pool, { passes: () => env.pass(5 * MINUTE_MS) });
      },
      sentence: 'The formula of pool pool has failed, and its size stays as it is: InsufficientSampleData: Autoscale evaluation failed due to insufficient sample data; Message Line 1, Col 60: Insufficient data from data set: $PendingTasks wanted 100%, received 0%.',
      fixes: ['Run the formula again'],
    },
  ],
};

function scaled(env: TestEnv, formula: string): TestPool {
  const pool = env.pool({ nodes: 0, autoScale: { formula, intervalMs: 5 * MINUTE_MS, sequence: 0, at: env.now } });
  env.settle();
  return pool;
}
