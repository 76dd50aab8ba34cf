import { describe, expect, test } from 'vitest';
import { leaveOut } from '../../src/control/leaveOut.ts';
import type { Snapshot } from '../../src/core/events.ts';
import { EXIT_0, exited, testEnv } from './harness.ts';

function oneNode(tasks: number) {
  const env = testEnv();
  const pool = env.pool({ slots: 1, nodes: 1 });
  const job = env.job({ maxTaskRetryCount: 1 }).tasks(tasks);
  env.settle();
  const row = (task: number) => env.tasks.get(`${job.number}.${task}`)?.status ?? null;
  const offered = () => pool.node(0).offers.map(({ task, attempt }) => `${task}/${attempt}`);
  return { env, pool, job, row, offered };
}

describe('what waits on a node', () => {
  test('stands in the row of the node alone', () => {
    const { job, row, offered } = oneNode(4);
    expect(job.states).toEqual({ running: 1, offered: 3 });
    expect([1, 2, 3, 4].map((task) => row(task)?.state)).toEqual(['running', undefined, undefined, undefined]);
    expect(offered()).toEqual(['2/1', '3/1', '4/1']);
  });

  test('still waits there under the next owner, and runs once', () => {
    const { env, pool, job, offered } = oneNode(4);
    env.restart().settle();
    expect(offered()).toEqual(['2/1', '3/1', '4/1']);
    expect(env.core.explain(job.number, 3, env.now)).toMatchObject([{ code: 'WaitingOnNode' }]);
    job.run();
    expect(env.agent(pool.node(0).node).starts).toHaveLength(4);
    expect([1, 2, 3, 4].map((task) => job.of(task).attempt)).toEqual([1, 1, 1, 1]);
    expect(offered()).toEqual([]);
  });

  test('is what its own row says as soon as that knows of the attempt', () => {
    const { env, pool, job, row } = oneNode(3);
    const before = pool.node(0);
    const urgent = env.job({ priority: 5 }).tasks(4);
    env.settle();
    expect(urgent.states).toEqual({ offered: 4 });
    expect(row(2)).toMatchObject({ state: 'active', cause: 'revoked', attempt: 1 });
    // As if what was taken back still stood in the node's row.
    env.nodes.set(before.node, { ...pool.node(0), offers: [...pool.node(0).offers, ...before.offers] });
    env.restart().settle();
    expect(job.state(2)).toBe('active');
    job.end(1, EXIT_0);
    urgent.run();
    job.run();
    expect(job.of(2).attempt).toBe(2);
  });

  test('is written with its last try where that ended in the same tick', () => {
    const { env, job, row, offered } = oneNode(1);
    job.end(1, exited(3));
    expect(job.of(1)).toMatchObject({ state: 'running', attempt: 2, retryCount: 1 });
    const [back] = env.decisions.flatMap(({ tasks }) => tasks.filter(({ state }) => state === 'offered'));
    expect(back).toMatchObject({ attempt: 2, exitCode: 3 });
    expect(row(1)?.attempt).toBe(2);
    expect(offered()).toEqual([]);
  });

  test('is left out with its node: nobody else gets it', () => {
    const { env, pool, job } = oneNode(3);
    const node = pool.node(0);
    const plain = { numbers: [2, 3, 4], createdAt: [1, 1, 1], slots: [1, 1, 1], retentionMs: 1 };
    const snapshot: Snapshot = { pools: [], nodes: [node], nextNode: 1, jobs: [...env.jobs.values()], tasks: [{ job: job.number, tasks: [], plain }], satisfied: [], jobNodes: [] };
    const left = leaveOut(snapshot, { pools: new Set(), nodes: new Set([node.node]), jobs: new Set(), schedules: new Set(), tasks: new Set() });
    expect(left.snapshot.tasks[0]?.plain.numbers).toEqual([4]);
  });
});
