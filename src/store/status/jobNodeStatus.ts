import type { JobNodeStatus } from '../../core/status.ts';
import { column, type Description } from './description.ts';

/** A node that has run a job's preparation, or is to: few a job, written a few times each. */
export const JOB_NODE_STATUS = {
  table: 'job_node_status',
  key: ['job', 'node'],
  present: 'node',
  columns: {
    job: column('job', 'bigint', null),
    node: column('node', 'bigint'),
    preparation: column('preparation', 'json'),
    release: column('release', 'json'),
  },
} as const satisfies Description<JobNodeStatus>;
