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

/** A step that clients see. Thousands of them come in a second: each is made in one piece, without spreading. */
export function taskTransition({ jobId, taskId, nodeId, poolId }: TaskNames, from: WireTaskState, row: TaskStatus): TaskTransition {
  const { job, task, cause, since: at, attempt, node, retryCount, requeueCount } = row;
  const state = wireTaskState(row.state);
  const told: Mutable<TaskTransition> = { kind: kindOf(from, state, row), at, job, jobId, task, taskId, from, state, cause };
  if (attempt !== 0) told.attempt = attempt;
  if (node !== null) told.node = node;
  if (nodeId !== undefined) told.nodeId = nodeId;
  if (poolId !== undefined) told.poolId = poolId;
  if (retryCount !== 0) told.retryCount = retryCount;
  if (requeueCount !== 0) told.requeueCount = requeueCount;
  if (state === 'running' || state === 'completed') {
    if (row.startedAt !== null) told.startedAt = row.startedAt;
  }
  if (state === 'active' || state === 'completed') {
    if (row.exitCode !== null) told.exitCode = row.exitCode;
  }
  if (state === 'completed') {
    if (row.endedAt !== null) told.endedAt = row.endedAt;
    if (row.result !== null) told.result = row.result;
    if (row.failure !== null) Object.assign(told, failureOf(row.failure));
  }
  return told;
}

type Mutable<Of> = { -readonly [Name in keyof Of]: Of[Name] };

function kindOf(from: WireTaskState, state: WireTaskState, { result }: TaskStatus): TaskTransition['kind'] {
  switch (state) {
    case 'active':
      return from === 'completed' ? 'task.reactivated' : 'task.requeued';
    case 'preparing':
      return 'task.preparing';
    case 'running':
      return 'task.running';
    case 'completed':
      return result === 'success' ? 'task.succeeded' : 'task.failed';
  }
}

export function taskCreated({ jobId, taskId, poolId }: TaskNames, job: number, task: number, at: Instant): TaskTransition {
  return { kind: 'task.created', at, job, jobId, task, taskId, from: null, state: 'active', cause: 'added', ...given('poolId', poolId) };
}

/** `from` is not told: what a deleted task was in shows in what came before. */
export function taskDeleted({ jobId, taskId }: TaskNames, job: number, task: number, at: Instant): TaskTransition {
  return { kind: 'task.deleted', at, job, jobId, task, taskId, from: null, state: 'deleted' };
}
