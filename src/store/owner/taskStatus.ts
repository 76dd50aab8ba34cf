import type { TaskStatus } from '../../core/status.ts';
import type { TickCommit } from '../ownerStore.ts';
import { asArrays, columnNames, overwriteRow } from '../status/description.ts';
import { TASK_STATUS } from '../status/taskStatus.ts';
import { GO, type Part } from './part.ts';

const { select, from, values } = asArrays<TaskStatus>(TASK_STATUS);

export const TASKS: Part = {
  name: 'tasks',
  applies: ({ decisions }) => decisions.tasks.length > 0,
  sql: (next) => `tasks as (insert into ${TASK_STATUS.table} (${columnNames<TaskStatus>(TASK_STATUS).join(', ')})
    select ${select} from ${from(next)} where ${GO} ${overwriteRow<TaskStatus>(TASK_STATUS)})`,
  values: (tick) => values(remaining(tick)),
};

/** A row that the same statement deletes must not be written by it. */
function remaining({ decisions: { tasks, gone } }: TickCommit): readonly TaskStatus[] {
  if (gone.tasks.length === 0 && gone.jobs.length === 0) return tasks;
  const goneJobs = new Set(gone.jobs);
  const goneTasks = new Set(gone.tasks.map(({ job, task }) => `${job}.${task}`));
  return tasks.filter(({ job, task }) => !goneJobs.has(job) && !goneTasks.has(`${job}.${task}`));
}
