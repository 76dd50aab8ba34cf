import { expect, test } from 'vitest';
import type { JobIntent } from '../../src/core/intent.ts';
import { reviewJob, upsertJob } from '../../src/core/job/life.ts';
import { load } from '../../src/core/load.ts';
import { testEnv } from './harness.ts';

const YEAR_MS = 365 * 24 * 3_600_000;
function intentOf(change: Partial<JobIntent>): JobIntent {
  return { ...testEnv().job({ maxWallClockMs: YEAR_MS, usesTaskDependencies: true }).row.intent, ...change };
}
function empty() {
  return load({ pools: [], nodes: [], nextNode: 1, jobs: [], jobNodes: [], tasks: [], satisfied: [] }, 0);
}

test('of jobs that were deleted nothing stays: no queue of the pool they named, no timer of their wall clock', () => {
  const state = empty();
  for (let number = 1; number <= 100; number++) {
    const intent = intentOf({ job: number, poolId: `pool-${number}` });
    upsertJob(state, intent, null);
    const moved = { ...intent, poolId: `Pool-${number}-again` };
    upsertJob(state, moved, null);
    expect([...state.queues.keys()]).toEqual([`pool-${number}-again`]);
    const job = upsertJob(state, { ...moved, deletedAt: 1 }, null);
    reviewJob(state, job, 1, Math.random);
    expect(state.queues.size).toBe(0);
  }
  expect(state.jobs.size).toBe(0);
  expect(state.timers.next()).toBeNull();
});

test('of a job that is completed neither the timer of its wall clock stays, nor who waited for whom', () => {
  const state = empty();
  const job = upsertJob(state, intentOf({ job: 1, action: { kind: 'terminate', reason: 'enough' }, actionSequence: 1 }), null);
  reviewJob(state, job, 1, Math.random);
  expect(job.status.state).toBe('completed');
  expect(state.timers.next()).toBeNull();
  expect(job.dependencies).toBeNull();
});
