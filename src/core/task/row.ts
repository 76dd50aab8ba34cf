import type { Instant, JobNumber, NodeNumber, TaskNumber } from '../keys.ts';
import type { TaskStatus } from '../status.ts';

/** A task's status row: the first one, and the next one. */

export function neverAttempted(job: JobNumber, task: TaskNumber, since: Instant): TaskStatus {
  return {
    job,
    task,
    state: 'active',
    since,
    previousState: null,
    previousSince: null,
    cause: 'added',
    attempt: 0,
    node: null,
    startedAt: null,
    endedAt: null,
    exitCode: null,
    result: null,
    failure: null,
    container: null,
    retryCount: 0,
    lastRetryAt: null,
    requeueCount: 0,
    lastRequeueAt: null,
    reactivateSequence: 0,
    dependency: null,
    used: null,
    earlierMs: 0,
  };
}

/** What clients see stays as it was. */
export function offeredStatus(was: TaskStatus, { attempt, node }: { readonly attempt: number; readonly node: NodeNumber }): TaskStatus {
  const { since, previousState, previousSince } = was;
  return changed(was, { attempt, node }, { state: 'offered', since, previousState, previousSince, cause: 'offered' });
}

/** Field by field: this is done several times for each task, and spreading is five times as slow. */
export function changed(
  was: TaskStatus,
  change: Partial<TaskStatus>,
  { state, since, previousState, previousSince, cause }: Pick<TaskStatus, 'state' | 'since' | 'previousState' | 'previousSince' | 'cause'>,
): TaskStatus {
  return {
    job: was.job,
    task: was.task,
    state,
    since,
    previousState,
    previousSince,
    cause,
    attempt: either(change.attempt, was.attempt),
    node: either(change.node, was.node),
    startedAt: either(change.startedAt, was.startedAt),
    endedAt: either(change.endedAt, was.endedAt),
    exitCode: either(change.exitCode, was.exitCode),
    result: either(change.result, was.result),
    failure: either(change.failure, was.failure),
    container: either(change.container, was.container),
    retryCount: either(change.retryCount, was.retryCount),
    lastRetryAt: either(change.lastRetryAt, was.lastRetryAt),
    requeueCount: either(change.requeueCount, was.requeueCount),
    lastRequeueAt: either(change.lastRequeueAt, was.lastRequeueAt),
    reactivateSequence: either(change.reactivateSequence, was.reactivateSequence),
    dependency: either(change.dependency, was.dependency),
    used: either(change.used, was.used),
    earlierMs: either(change.earlierMs, was.earlierMs),
  };
}

function either<Value>(changedTo: Value | undefined, was: Value): Value {
  return (changedTo === undefined ? was : changedTo);
}
