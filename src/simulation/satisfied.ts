import type { JobRecord, TaskRecord } from './memoryStore.ts';

/** The tasks of a job by their lower-case ids; of several that had one id, the latest. */
export function byId(job: JobRecord): ReadonlyMap<string, TaskRecord> {
  const known = idsOfJobs.get(job);
  if (known !== undefined && known.nextTask === job.intent.nextTask && known.size === job.tasks.size) return known.ids;
  const ids = new Map([...job.tasks.values()].map((task) => [task.intent.idKey, task]));
  idsOfJobs.set(job, { size: job.tasks.size, nextTask: job.intent.nextTask, ids });
  return ids;
}
const idsOfJobs = new WeakMap<JobRecord, { readonly size: number; readonly nextTask: number; readonly ids: ReadonlyMap<string, TaskRecord> }>();

/**
 * Whether what depends on this id has to wait for it no more, by the rows: its task says so, or one that is no more, or
 * has been made active again, had said so.
 */
export function isSatisfied(job: JobRecord, id: string): boolean {
  return job.satisfied.has(id) || byId(job).get(id)?.status?.dependency === 'satisfy';
}
