import type { Job } from '../../model.ts';
import type { Filter } from './filter.ts';

/** Only an active job has its tasks placed. */
export const jobIsActive: Filter<{ readonly job: Pick<Job, 'status' | 'intent'> }> = ({ job: { status, intent } }) =>
  status.state === 'active' && intent.deletedAt === null ? null : { code: 'JobNotActive', jobId: intent.id, state: intent.deletedAt === null ? status.state : 'deleting' };
