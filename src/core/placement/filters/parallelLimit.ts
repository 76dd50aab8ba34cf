import type { Job } from '../../model.ts';
import type { Filter } from '../filter.ts';

/** maxParallelTasks: offers count as well, for the agents start them by themselves. */
export const parallelLimit: Filter<{ readonly job: Pick<Job, 'live' | 'intent'> }> = {
  code: 'MaxParallelTasks',
  passes: ({ job }) => job.intent.maxParallelTasks < 0 || job.live.size < job.intent.maxParallelTasks,
  message: ({ job }) => `Job ${job.intent.id} has ${job.live.size} tasks running or about to; its maxParallelTasks is ${job.intent.maxParallelTasks}.`,
};
