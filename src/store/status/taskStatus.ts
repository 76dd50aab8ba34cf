import type { TaskStatus } from '../../core/status.ts';
import { column, type Description } from './description.ts';

/** The busiest rows. A task without one was never attempted. */
export const TASK_STATUS = {
  table: 'task_status',
  key: ['job', 'task'],
  present: 'state',
  columns: {
    job: column('job', 'bigint', null),
    task: column('task', 'bigint', null),
    state: column('state', 'word'),
    since: column('since', 'bigint'),
    previousState: column('previous_state', 'word'),
    previousSince: column('previous_since', 'bigint'),
    cause: column('cause', 'word', null),
    attempt: column('attempt', 'int', null),
    node: column('node', 'bigint'),
    startedAt: column('started_at', 'bigint'),
    endedAt: column('ended_at', 'bigint'),
    exitCode: column('exit_code', 'int'),
    result: column('result', 'word'),
    failure: column('failure', 'json'),
    retryCount: column('retry_count', 'int'),
    lastRetryAt: column('last_retry_at', 'bigint'),
    requeueCount: column('requeue_count', 'int'),
    lastRequeueAt: column('last_requeue_at', 'bigint'),
    reactivateSequence: column('reactivate_sequence', 'int', 'seenReactivateSequence'),
    dependency: column('dependency', 'word', null),
  },
} as const satisfies Description<TaskStatus>;
