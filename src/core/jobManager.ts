import { type JobManager, MANAGER_TASK } from './intent.ts';
import type { Task } from './model.ts';

/** What the job asks of the task as its manager; null: it is none. */
export function managerOf({ job, number }: Pick<Task, 'job' | 'number'>): JobManager | null {
  return number === MANAGER_TASK ? job.intent.manager : null;
}
