import type { Job } from '../../model.ts';
import type { Filter } from './filter.ts';

/** maxParallelTasks: offers count as well, for the agents start them by themselves. */
export const parallelLimit: Filter<{ readonly job: Pick<Job, 'live' | 'intent'> }> = ({ job: { live, intent } }) =>
  intent.maxParallelTasks < 0 || live.size < intent.maxParallelTasks
    ? null
    : { code: 'MaxParallelTasks', jobId: intent.id, liveTasks: live.size, maxParallelTasks: intent.maxParallelTasks };
