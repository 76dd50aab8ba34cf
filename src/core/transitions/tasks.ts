import type { Instant } from '../keys.ts';
import type { TaskStatus } from '../status.ts';
import { type WireTaskState, wireTaskState } from '../wireState.ts';
import { failureOf, given, type TaskTransition } from './transition.ts';

/** Names of a task and of where it is, as far as they are known. */
export interface TaskNames {
  readonly jobId: string | null;
  readonly taskId: string | null;
  readonly nodeId?: string;
  readonly poolId?: string;
}

/** A step that clients see. Thousands of them come in a second. */
export function taskTransition(names: TaskNames, from: WireTaskState, row: TaskStatus): TaskTransition {
  const { job, task, cause, since: at, attempt, node, retryCount, requeueCount } = row;
  const state = wireTaskState(row.state);
  const of = { at, job, jobId: names.jobId, task, taskId: names.taskId, from, state, cause };
  const on = { ...(attempt === 0 ? {} : { attempt }), ...given('node', node), ...given('nodeId', names.nodeId), ...given('poolId', names.poolId), ...(retryCount === 0 ? {} : { retryCount }), ...(requeueCount === 0 ? {} : { requeueCount }) };
  switch (state) {
    case 'active':
      if (from === 'completed') return { kind: 'task.reactivated', ...of, ...on };
      return { kind: 'task.requeued', ...of, ...on, ...given('exitCode', row.exitCode) };
    case 'preparing':
      return { kind: 'task.preparing', ...of, ...on };
    case 'running':
      return { kind: 'task.running', ...of, ...on, ...given('startedAt', row.startedAt) };
    case 'completed': {
      const kind = row.result === 'success' ? 'task.succeeded' : 'task.failed';
      return { kind, ...of, ...on, ...given('startedAt', row.startedAt), ...given('endedAt', row.endedAt), ...given('exitCode', row.exitCode), ...given('result', row.result), ...failureOf(row.failure) };
    }
  }
}

export function taskCreated({ jobId, taskId, poolId }: TaskNames, job: number, task: number, at: Instant): TaskTransition {
  return { kind: 'task.created', at, job, jobId, task, taskId, from: null, state: 'active', cause: 'added', ...given('poolId', poolId) };
}

/** `from` is not told: what a deleted task was in shows in what came before. */
export function taskDeleted({ jobId, taskId }: TaskNames, job: number, task: number, at: Instant): TaskTransition {
  return { kind: 'task.deleted', at, job, jobId, task, taskId, from: null, state: 'deleted' };
}
