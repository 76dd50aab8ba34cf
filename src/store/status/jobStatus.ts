import type { JobStatus } from '../../core/status.ts';
import { column, type Description } from './description.ts';

export const JOB_STATUS = {
  table: 'job_status',
  key: ['job'],
  present: 'state',
  columns: {
    job: column('job', 'bigint', null),
    state: column('state', 'word'),
    since: column('since', 'bigint'),
    previousState: column('previous_state', 'word'),
    previousSince: column('previous_since', 'bigint'),
    actionSequence: column('action_sequence', 'int', 'seenActionSequence'),
    endedAt: column('ended_at', 'bigint'),
    terminateReason: column('terminate_reason', 'text'),
    autoPoolId: column('auto_pool_id', 'text'),
    schedulingError: column('scheduling_error', 'json'),
    open: column('open_tasks', 'json', null),
    ingested: column('ingested', 'bigint'),
    tasks: {
      active: column('tasks_active', 'bigint', 'tasksActive'),
      running: column('tasks_running', 'bigint', 'tasksRunning'),
      succeeded: column('tasks_succeeded', 'bigint', 'tasksSucceeded'),
      failed: column('tasks_failed', 'bigint', 'tasksFailed'),
    },
    slots: {
      active: column('slots_active', 'bigint', 'slotsActive'),
      running: column('slots_running', 'bigint', 'slotsRunning'),
      succeeded: column('slots_succeeded', 'bigint', 'slotsSucceeded'),
      failed: column('slots_failed', 'bigint', 'slotsFailed'),
    },
    usage: column('usage', 'json'),
  },
} as const satisfies Description<JobStatus>;
