import type { Job } from '../../model.ts';
import type { Filter } from '../filter.ts';

/** Only an active job has its tasks placed. */
export const jobIsActive: Filter<{ readonly job: Pick<Job, 'status' | 'intent'> }> = {
  code: 'JobNotActive',
  passes: ({ job }) => job.status.state === 'active' && job.intent.deletedAt === null,
  message: ({ job }) => `Job ${job.intent.id} is ${job.intent.deletedAt === null ? job.status.state : 'deleting'}.`,
};
