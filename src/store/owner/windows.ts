import type { TaskNumber } from '../../core/keys.ts';

/** Tasks are read so many numbers of a job at a time. */
const WINDOW = 20_000;

/**
 * Those above `after`, up to `last`. Both tables by their keys in the same order, and both bounded, or each window
 * would read the second one from the job's first task on.
 */
export function tasksAndStatus(job: string, after: string, last: string): string {
  return `task t left join task_status s on s.job = t.job and s.task = t.task and s.task > ${after} and s.task <= ${last}
  where t.job = ${job} and t.task > ${after} and t.task <= ${last}`;
}

/** Bounds of numbers, the lower one left out, that together cover those above `first` up to `last`. */
export function* windows(first: TaskNumber, last: TaskNumber): Generator<readonly [TaskNumber, TaskNumber]> {
  for (let after = first; after < last; after += WINDOW) yield [after, Math.min(last, after + WINDOW)];
}
