import { expect, test } from 'vitest';
import type { Transition } from '../../src/core/transitions/transition.ts';
import { decodeTransitions, encodeTransitions } from '../../src/store/transitionCode.ts';

const all: readonly Transition[] = [
  { kind: 'job.created', at: 1, job: 1, jobId: 'J', from: null, state: 'active', poolId: 'P' },
  { kind: 'task.created', at: 2, job: 1, jobId: 'J', task: 1, taskId: 'a', from: null, state: 'active', cause: 'added', poolId: 'P' },
  { kind: 'task.running', at: 3, job: 1, jobId: 'J', task: 1, taskId: 'a', from: 'active', state: 'running', cause: 'started', attempt: 1, node: 7, nodeId: 'n7', poolId: 'Q', startedAt: 3 },
  { kind: 'task.failed', at: 4, job: 1, jobId: 'J', task: 1, taskId: 'a', from: 'running', state: 'completed', cause: 'exited', attempt: 1, node: 7, nodeId: 'n7', poolId: 'Q', startedAt: 3, endedAt: 4, exitCode: 0, result: 'failure', failure: { category: 'UserError', code: 'C', message: 'm' }, retryCount: 2, requeueCount: 1 },
  { kind: 'task.deleted', at: 5, job: 2, jobId: null, task: 9, taskId: null, from: null, state: 'deleted' },
  { kind: 'task.succeeded', at: 6, job: 3, jobId: 'K', task: 1, taskId: 'b', from: 'active', state: 'completed', cause: 'terminatedByUser', node: 8 },
  { kind: 'task.created', at: 7, job: 3, jobId: 'K', task: 2, taskId: 'c', from: null, state: 'active', cause: 'added' },
];

test('transitions are read as they were written', () => {
  expect(decodeTransitions(encodeTransitions(all))).toEqual(all);
  expect(decodeTransitions(encodeTransitions([]))).toEqual([]);
});
