import { expect, test } from 'vitest';
import { testEnv } from './harness.ts';

test('a pool has the tasks of its jobs, the slots of its nodes and their states', () => {
  const env = testEnv();
  env.pool({ id: 'p', slots: 4, nodes: 2 });
  env.pool({ id: 'q', slots: 1, nodes: 1 });
  env.job({ poolId: 'p' }).tasks(5);
  const job = env.job({ poolId: 'p' }).tasks(1);
  env.job({ poolId: 'q' }).tasks(3);
  env.settle();
  job.end(1);
  env.settle();
  expect(env.core.poolCensus()).toEqual([
    { id: 'p', tasks: { active: 0, running: 5 }, slots: { used: 5, free: 3 }, nodes: [{ state: 'running', dedicated: true, nodes: 2 }] },
    { id: 'q', tasks: { active: 2, running: 1 }, slots: { used: 1, free: 0 }, nodes: [{ state: 'running', dedicated: true, nodes: 1 }] },
  ]);
});
