import { describe, expect, test } from 'vitest';
import type { JobManager } from '../../src/core/intent.ts';
import { exited, testEnv } from './harness.ts';

const KIND: JobManager = { runExclusive: false, allowLowPriorityNode: true, killJobOnCompletion: false };
const ALONE: JobManager = { ...KIND, runExclusive: true };

describe('A job manager', () => {
  test('is the first task of its job to be placed, also when it is tried again', () => {
    const env = testEnv();
    env.pool({ slots: 1, nodes: 1 });
    const job = env.job({ manager: KIND, maxTaskRetryCount: 1 }).tasks(300);
    env.settle();
    expect([job.of(1).state, job.of(1).attempt]).toEqual(['running', 1]);
    job.end(1, exited(1));
    // Behind what waits on the node, and before all that does not.
    expect([job.of(1).state, job.of(1).attempt]).toEqual(['offered', 2]);
  });

  test('ends its job with JMComplete, whatever became of it, and the tasks beside it', () => {
    for (const exitCode of [0, 3]) {
      const env = testEnv();
      env.pool({ slots: 4, nodes: 1 });
      const job = env.job({ manager: { ...KIND, killJobOnCompletion: true } }).tasks(2);
      env.settle();
      job.end(1, exited(exitCode));
      expect(job.status).toMatchObject({ state: 'completed', terminateReason: 'JMComplete' });
      expect(job.of(2)).toMatchObject({ state: 'completed', failure: { code: 'TaskEnded' } });
    }
  });

  test('leaves its job as it is where it is not to end it', () => {
    const env = testEnv();
    env.pool({ slots: 4, nodes: 1 });
    const job = env.job({ manager: KIND }).tasks(2);
    env.settle();
    job.end(1);
    expect(job.status.state).toBe('active');
    expect(job.of(2).state).toBe('running');
  });

  test('that is to be alone waits for an empty node, and nothing else starts or waits there until it has ended', () => {
    const env = testEnv();
    env.pool({ slots: 4, nodes: 1 });
    const before = env.job().tasks(2);
    env.settle();
    const job = env.job({ manager: ALONE }).tasks(1);
    const after = env.job().tasks(2);
    env.settle();
    expect([before.of(1).state, before.of(2).state]).toEqual(['running', 'running']);
    expect(job.of(1).state).toBe('offered');
    before.end(1);
    expect(job.of(1).state).toBe('offered');
    before.end(2);
    expect(job.of(1).state).toBe('running');
    expect(env.agents.get(job.of(1).node ?? -1)?.offers).toEqual([]);
    expect(env.explain(after, 1)).toMatchObject([{ code: 'HeldByJobManager', jobId: job.row.intent.id }]);
    job.end(1);
    expect([after.of(1).state, after.of(2).state]).toEqual(['running', 'running']);
  });

  test('that shares takes the slots that it requires', () => {
    const env = testEnv();
    env.pool({ slots: 4, nodes: 1 });
    const job = env.job({ manager: KIND }).tasks(4);
    env.settle();
    expect([1, 2, 3, 4].map((task) => job.of(task).state)).toEqual(['running', 'running', 'running', 'running']);
  });

  test('that asks for a dedicated node takes no low-priority one', () => {
    const env = testEnv();
    const pool = env.pool({ slots: 2, targetDedicated: 0, targetLowPriority: 2 });
    const job = env.job({ manager: { ...KIND, allowLowPriorityNode: false } }).tasks(1);
    const other = env.job().tasks(1);
    env.settle();
    expect(env.explain(job, 1)).toContainEqual(expect.objectContaining({ code: 'LowPriorityNode' }));
    expect(other.of(1).state).toBe('running');
    pool.resize(1);
    env.settle();
    expect(env.nodes.get(job.of(1).node ?? -1)?.dedicated).toBe(true);
  });

  test('that asks for a dedicated node has offers of lower priority taken back there, and on no other', () => {
    const env = testEnv();
    env.pool({ slots: 1, targetDedicated: 1, targetLowPriority: 1 });
    env.job().tasks(300);
    env.settle();
    const job = env.job({ priority: 10, manager: { ...KIND, allowLowPriorityNode: false } }).tasks(1);
    env.settle();
    const { node } = job.of(1);
    expect(env.nodes.get(node ?? -1)?.dedicated).toBe(true);
    const revoked = env.sent('revoke').map((command) => ('node' in command ? command.node : null));
    expect(new Set(revoked)).toEqual(new Set([node]));
  });

  test('keeps its node when the pool shrinks', () => {
    const env = testEnv();
    const pool = env.pool({ slots: 2, nodes: 3 });
    const job = env.job({ manager: ALONE }).tasks(1);
    env.settle();
    const { node } = job.of(1);
    const busy = env.job().tasks(4);
    env.settle();
    expect(busy.of(4).state).toBe('running');
    pool.resize(1, { nodeDeallocation: 'terminate' });
    env.settle();
    expect([...env.nodes.values()].filter(({ goneAt }) => goneAt === null).map((left) => left.node)).toEqual([node]);
    expect(job.of(1).state).toBe('running');
  });
});
