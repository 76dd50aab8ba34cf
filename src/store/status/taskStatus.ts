import type { Cause, TaskState, TaskStatus } from '../../core/status.ts';
import { choice, column, seldom, type Description } from './description.ts';

const STATES = { active: 1, offered: 2, preparing: 3, starting: 4, running: 5, completed: 6 } as const satisfies Readonly<Record<TaskState, number>>;
const RESULTS = { success: 1, failure: 2 } as const satisfies Readonly<Record<NonNullable<TaskStatus['result']>, number>>;
const DEPENDENCIES = { satisfy: 1, block: 2 } as const satisfies Readonly<Record<NonNullable<TaskStatus['dependency']>, number>>;
const CAUSES = {
  added: 1,
  offered: 2,
  started: 3,
  exited: 4,
  retry: 5,
  revoked: 6,
  nodeLost: 7,
  nodeRemoved: 8,
  jobDisabled: 9,
  jobTerminated: 10,
  terminatedByUser: 11,
  reactivated: 12,
  shutdown: 13,
  preempted: 14,
  overTime: 15,
  nodeOperation: 16,
  nodePreempted: 17,
} as const satisfies Readonly<Record<Cause, number>>;

/**
 * The busiest rows, and so as narrow as can be: what most tasks never have stands aside in each row's `seldom`. A task
 * without a row was never attempted.
 */
export const TASK_STATUS = {
  table: 'task_status',
  key: ['job', 'task'],
  present: 'state',
  columns: {
    job: column('job', 'bigint', null),
    task: column('task', 'bigint', null),
    state: choice('state', STATES),
    since: column('since', 'bigint'),
    previousState: choice('previous_state', STATES),
    previousSince: column('previous_since', 'bigint'),
    cause: choice('cause', CAUSES, null),
    attempt: column('attempt', 'int', null),
    node: column('node', 'bigint'),
    startedAt: column('started_at', 'bigint'),
    endedAt: column('ended_at', 'bigint'),
    exitCode: column('exit_code', 'int'),
    result: choice('result', RESULTS),
    failure: seldom('failure', 'json', null),
    container: seldom('container', 'json', null),
    retryCount: seldom('retry_count', 'int', 0),
    lastRetryAt: seldom('last_retry_at', 'bigint', null),
    requeueCount: seldom('requeue_count', 'int', 0),
    lastRequeueAt: seldom('last_requeue_at', 'bigint', null),
    reactivateSequence: seldom('reactivate_sequence', 'int', 0, 'seenReactivateSequence'),
    dependency: choice('dependency', DEPENDENCIES, null),
    used: column('used', 'json'),
    earlierMs: seldom('earlier_ms', 'bigint', 0),
  },
} as const satisfies Description<TaskStatus>;
