import { expect, test } from 'vitest';
import { testEnv } from './harness.ts';

test('a task that starts while its delete is on the way has its row written, so that rows and counts agree after a reload', () => {
  const env = testEnv();
  env.pool();
  const job = env.job().tasks(1);
  env.tick();
  const [node] = env.nodes.values();
  env.apply({ kind: 'node', node: node?.node ?? 0, life: 1, observed: { kind: 'running' } });
  const report = { kind: 'hello', life: 1, version: '1', ipAddress: '127.0.0.1', held: [], startTask: null, ready: true } as const;
  env.apply({ kind: 'agent', node: node?.node ?? 0, report });
  env.tick();
  expect(job.state(1)).toBe('offered');
  job.deleteTask(1);
  env.tick();
  const key = { job: job.number, task: 1, attempt: 1, instance: 0 };
  env.apply({ kind: 'agent', node: node?.node ?? 0, report: { kind: 'started', key, at: env.now } });
  env.tick();
  expect(job.state(1)).toBe('running');
  expect(job.status.tasks).toEqual({ active: 0, running: 1, succeeded: 0, failed: 0 });
});
