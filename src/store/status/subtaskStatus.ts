import type { SubtaskStatus } from '../../core/status.ts';
import { column, type Description } from './description.ts';

/** Instances of multi-instance tasks beside the primary: of each task those of its last attempt. */
export const SUBTASK_STATUS = {
  table: 'subtask_status',
  key: ['job', 'task', 'instance'],
  present: 'state',
  columns: {
    job: column('job', 'bigint'),
    task: column('task', 'bigint'),
    instance: column('instance', 'int'),
    attempt: column('attempt', 'int'),
    node: column('node', 'bigint'),
    state: column('state', 'word'),
    since: column('since', 'bigint'),
    previousState: column('previous_state', 'word'),
    previousSince: column('previous_since', 'bigint'),
    startedAt: column('started_at', 'bigint'),
    endedAt: column('ended_at', 'bigint'),
    exitCode: column('exit_code', 'int'),
    result: column('result', 'word'),
    failure: column('failure', 'json'),
  },
} as const satisfies Description<SubtaskStatus>;
