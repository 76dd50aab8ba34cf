import { expect, test } from 'vitest';
import type { TaskTransition } from '../../../src/core/transitions/transition.ts';
import { noEarlierRuns, noteTransition } from '../../../src/api/own/tasks/earlierRuns.ts';

function told(kind: TaskTransition['kind'], at: number, more: Partial<TaskTransition> = {}): TaskTransition {
  return { kind, at, job: 1, jobId: 'j', task: 5, taskId: 't', from: 'active', state: 'running', ...more };
}

function runsOf(...all: readonly TaskTransition[]) {
  const known = noEarlierRuns();
  for (const one of all) noteTransition(known, one);
  return known.runs.map(({ node, startedAt, endedAt, outcome }) => [node, startedAt, endedAt, outcome]);
}

test.each([
  ['a retry has failed', 'retry', 2],
  ['its node was taken back', 'nodePreempted', 3],
  ['it made room', 'preempted', 3],
  ['its node was lost', 'nodeLost', 4],
] as const)('an attempt that another follows is told with what became of it: %s', (_what, cause, outcome) => {
  expect(runsOf(told('task.created', 0), told('task.running', 10, { node: 7, startedAt: 9 }), told('task.requeued', 20, { cause }), told('task.running', 30, { node: 8 }))).toEqual([[7, 9, 20, outcome]]);
});

test('the last attempt is in the task\'s own row; one that has failed is told once it is run again', () => {
  const failed = [told('task.running', 10, { node: 7 }), told('task.failed', 20, { endedAt: 19 })];
  expect(runsOf(...failed)).toEqual([]);
  expect(runsOf(...failed, told('task.reactivated', 30))).toEqual([[7, 10, 19, 2]]);
  expect(runsOf(told('task.running', 10, { node: 7 }), told('task.succeeded', 20), told('task.requeued', 30))).toEqual([]);
});
