import { expect, test } from 'vitest';
import type { AttemptOutcome } from '../../src/core/events.ts';
import type { TaskUsage } from '../../src/core/task/usage.ts';
import { exited, testEnv } from './harness.ts';
import { Invariants } from './invariants.ts';

const USED: TaskUsage = [5_000, 300, 7, 2, 0, 4_096];
const TWICE = USED.map((amount) => 2 * amount);
function using(outcome: AttemptOutcome, used: TaskUsage = USED): AttemptOutcome {
  return { ...outcome, used };
}

test('what a task has used is that of all its tries; an agent of before says nothing of it', () => {
  const env = testEnv();
  env.pool();
  const job = env.job().tasks(3, { maxTaskRetryCount: 1 });
  env.settle();
  expect(job.of(1)).toMatchObject({ used: null, earlierMs: 0 });
  env.now += 4_000;
  job.end(1, using(exited(1)));
  expect(job.of(1)).toMatchObject({ state: 'offered', used: USED, earlierMs: 4_000 });
  job.end(2);
  expect(job.of(2)).toMatchObject({ state: 'completed', used: null, earlierMs: 0 });
  job.end(3, using(exited(0)));
  env.settle();
  const { startedAt } = job.of(1);
  env.now += 1_000;
  job.end(1, using(exited(1)));
  expect(job.of(1)).toMatchObject({ state: 'completed', retryCount: 1, used: TWICE, earlierMs: 4_000, startedAt, endedAt: env.now });
});

test('what the instances of a multi-instance task have used is the task’s, also where they end after it', () => {
  const env = testEnv();
  env.pool({ nodes: 3, interNode: true });
  const job = env.job().task({ instances: 3 });
  env.settle();
  const others = [...env.subtasks.values()].map(({ node }) => env.agent(node));
  for (const agent of others) agent.lingers = true;
  job.end(1, using(exited(0)));
  expect(job.of(1)).toMatchObject({ state: 'completed', used: USED });
  for (const agent of others) agent.finish(job.number, 1, using({ kind: 'killed', exitCode: 0 }));
  env.settle();
  expect(job.of(1)).toMatchObject({ state: 'completed', result: 'success', used: USED.map((amount) => 3 * amount) });
  new Invariants(env).check();
});

test('what is said of a task that is active again, and not remembered, changes nothing of it', () => {
  const env = testEnv();
  env.pool({ nodes: 2, interNode: true });
  const job = env.job().task({ instances: 2 });
  env.settle();
  const [other] = [...env.subtasks.values()].map(({ node }) => env.agent(node));
  if (other === undefined) throw new Error('there is no other instance');
  other.lingers = true;
  job.end(1, using(exited(1)));
  for (let tick = 0; tick < 40; tick++) {
    env.job().task();
    env.settle();
  }
  other.finish(job.number, 1, using({ kind: 'killed', exitCode: 0 }));
  env.settle();
  expect(job.of(1)).toMatchObject({ state: 'completed', used: USED });
  new Invariants(env).check();
});
