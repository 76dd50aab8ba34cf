import type { AttemptOutcome } from '../events.ts';
import type { Instant } from '../keys.ts';
import type { CoreState, Live, Node, Task } from '../model.ts';
import type { FailureInfo, SubtaskStatus } from '../status.ts';
import { FAILURE_EXIT_CODE, TASK_ENDED, WALL_CLOCK_EXCEEDED } from './failures.ts';

/**
 * Rows of the instances of a task beside its primary: `offered`, then `preparing` and `running` as their agents say,
 * `completed` in the end. What runs is the coordination command, and after it whatever it has left behind: so an
 * instance that is ended after that has succeeded.
 */

export function offeredSubtask({ job, number, status }: Task, instance: number, node: Node, now: Instant): SubtaskStatus {
  return {
    job: job.number,
    task: number,
    instance,
    attempt: status.attempt,
    node: node.number,
    state: 'offered',
    since: now,
    previousState: null,
    previousSince: null,
    startedAt: null,
    endedAt: null,
    exitCode: null,
    result: null,
    failure: null,
  };
}

export function moveSubtask(state: CoreState, live: Live, was: SubtaskStatus, to: SubtaskStatus['state'], when: Instant, change: Partial<SubtaskStatus>): void {
  live.subtask = moved(was, to, when, change);
  state.changes.subtask(live.subtask);
}

function moved(was: SubtaskStatus, to: SubtaskStatus['state'], when: Instant, change: Partial<SubtaskStatus>): SubtaskStatus {
  const previous = was.state === 'preparing' || was.state === 'running' ? { previousState: was.state, previousSince: was.since } : null;
  return { ...was, ...change, ...previous, state: to, since: when };
}

/** Does nothing if its row says already how it ended. */
export function endSubtask(state: CoreState, live: Live, subtask: SubtaskStatus, outcome: AttemptOutcome, endedAt: Instant): void {
  if (subtask.state === 'completed') return;
  live.subtask = endedSubtask(subtask, outcome, endedAt);
  state.changes.subtask(live.subtask);
}

export function endedSubtask(was: SubtaskStatus, outcome: AttemptOutcome, endedAt: Instant): SubtaskStatus {
  const exitCode = 'exitCode' in outcome ? outcome.exitCode : null;
  const failure = failureOf(outcome);
  return moved(was, 'completed', endedAt, { endedAt, exitCode, failure, result: failure === null ? 'success' : 'failure' });
}

/** null: it has succeeded. */
function failureOf(outcome: AttemptOutcome): FailureInfo | null {
  switch (outcome.kind) {
    case 'exited':
      return outcome.exitCode === 0 ? null : (outcome.failure ?? FAILURE_EXIT_CODE);
    case 'killed':
      return outcome.exitCode === 0 ? null : TASK_ENDED;
    case 'notStarted':
    case 'uploadFailed':
      return outcome.failure;
    case 'timedOut':
      return WALL_CLOCK_EXCEEDED;
    case 'lost':
      return TASK_ENDED;
  }
}

/**
 * What the failure of an instance makes of the whole attempt: it ends as that one did, and its failure names it. null:
 * it has not failed by itself.
 */
export function instanceFailureOf(instance: number, outcome: AttemptOutcome): AttemptOutcome | null {
  const details = (failure: FailureInfo): FailureInfo => ({ ...failure, details: [...(failure.details ?? []), { name: 'SubtaskId', value: String(instance) }] });
  switch (outcome.kind) {
    case 'exited':
      return outcome.exitCode === 0 ? null : { ...outcome, failure: details(outcome.failure ?? FAILURE_EXIT_CODE) };
    case 'notStarted':
    case 'uploadFailed':
      return { ...outcome, failure: details(outcome.failure) };
    case 'timedOut':
      return outcome;
    case 'killed':
    case 'lost':
      return null;
  }
}

/** The same, from a row. */
export function storedFailure({ instance, exitCode, failure }: SubtaskStatus): AttemptOutcome | null {
  if (failure === null) return null;
  if (failure.code === TASK_ENDED.code) return failure.details === undefined ? null : { kind: 'timedOut', exitCode };
  return instanceFailureOf(instance, exitCode === null ? { kind: 'notStarted', failure } : { kind: 'exited', exitCode, failure });
}
