import type { ScheduleStatus } from '../../core/status.ts';
import { column, type Description } from './description.ts';

export const SCHEDULE_STATUS = {
  table: 'job_schedule_status',
  key: ['schedule'],
  present: 'state',
  columns: {
    schedule: column('schedule', 'bigint', null),
    state: column('state', 'word'),
    since: column('since', 'bigint'),
    previousState: column('previous_state', 'word'),
    previousSince: column('previous_since', 'bigint'),
    actionSequence: column('action_sequence', 'int', 'seenActionSequence'),
    timingSequence: column('timing_sequence', 'int', 'seenTimingSequence'),
    due: column('due', 'bigint'),
    lastDue: column('last_due', 'bigint'),
    runs: column('runs', 'int'),
    endedAt: column('ended_at', 'bigint'),
    autoPoolId: column('auto_pool_id', 'text', null),
  },
} as const satisfies Description<ScheduleStatus>;
