import type { TaskStatus } from '../../core/status.ts';
import type { TickCommit } from '../ownerStore.ts';
import { asArrays, columnNames, overwriteRow } from '../status/description.ts';
import { TASK_STATUS } from '../status/taskStatus.ts';
import { numbers } from './literals.ts';
import { GO, type Part } from './part.ts';

const { select, from, values } = asArrays<TaskStatus>(TASK_STATUS);

export const TASKS: Part = {
  name: 'tasks',
  applies: ({ decisions }) => decisions.tasks.length > 0,
  sql: (next) => `tasks as (insert into ${TASK_STATUS.table} (${columnNames<TaskStatus>(TASK_STATUS).join(', ')})
    select ${select} from ${from(next)} where ${GO} ${overwriteRow<TaskStatus>(TASK_STATUS)})`,
  values: (tick) => values(remaining(tick)),
};

/**
 * Which tasks have failed, for lists of them (`intents/taskSteps.ts`). A row stays when its task is made active again,
 * until the task goes: who reads it looks at the status as well. An index on the status would keep the updates of all
 * tasks from being heap-only.
 */
export const FAILED_TASKS: Part = {
  name: 'failed-tasks',
  applies: (tick) => tick.decisions.tasks.some(isFailed),
  sql: (next) => `failed_tasks as (insert into failed_task (job, task)
    select * from unnest(${next()}::bigint[], ${next()}::bigint[]) as u(job, task) where ${GO} on conflict do nothing)`,
  values: (tick) => {
    const failed = remaining(tick).filter(isFailed);
    return [numbers(failed.map(({ job }) => job)), numbers(failed.map(({ task }) => task))];
  },
};

function isFailed({ result }: TaskStatus): boolean {
  return result === 'failure';
}

/** A row that the same statement deletes must not be written by it. */
function remaining({ decisions: { tasks, gone } }: TickCommit): readonly TaskStatus[] {
  if (gone.tasks.length === 0 && gone.jobs.length === 0) return tasks;
  const goneJobs = new Set(gone.jobs);
  const goneTasks = new Set(gone.tasks.map(({ job, task }) => `${job}.${task}`));
  return tasks.filter(({ job, task }) => !goneJobs.has(job) && !goneTasks.has(`${job}.${task}`));
}
