import type { PoolStatus } from '../../core/status.ts';
import { column, type Description } from './description.ts';

export const POOL_STATUS = {
  table: 'pool_status',
  key: ['pool'],
  present: 'allocationState',
  columns: {
    pool: column('pool', 'bigint', null),
    allocationState: column('allocation_state', 'word'),
    allocationSince: column('allocation_since', 'bigint'),
    resizeSequence: column('resize_sequence', 'int', 'seenResizeSequence'),
    stopSequence: column('stop_sequence', 'int', 'seenStopSequence'),
    resizeErrors: column('resize_errors', 'json'),
    targetDedicated: column('target_dedicated', 'int', 'effectiveDedicated', 'p.target_dedicated'),
    targetLowPriority: column('target_low_priority', 'int', 'effectiveLowPriority', 'p.target_low_priority'),
    currentDedicated: column('current_dedicated', 'int'),
    currentLowPriority: column('current_low_priority', 'int'),
    preemptions: column('preemptions', 'int', null),
    autoScale: column('auto_scale', 'json', 'autoScaleRun'),
    meter: column('meter', 'json'),
    resources: column('resources', 'json', null),
  },
} as const satisfies Description<PoolStatus>;
