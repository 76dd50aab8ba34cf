import type { Pool } from 'pg';
import type { TaskIntake } from '../../core/events.ts';
import type { JobNumber, TaskNumber } from '../../core/keys.ts';
import type { TaskPage } from '../ownerStore.ts';
import { TASK_COLUMNS, type TaskRow, taskIntake } from './rows.ts';

/** Adds take their numbers under the job row's lock: in one snapshot all tasks below its `next_task` are there, so a page that is not full covers them all. */
const TASKS = `select j.next_task, page.* from job j left join lateral (
    select ${TASK_COLUMNS} from task t left join task_status s on s.job = t.job and s.task = t.task
    where t.job = j.job and t.task > $2 order by t.task limit $3
  ) page on true where j.job = $1 order by page.t_task`;

type PageRow = { readonly next_task: number } & Omit<TaskRow, 't_task'> & { readonly t_task: number | null };

export const readTasks = async (pool: Pool, job: JobNumber, after: TaskNumber, limit: number): Promise<TaskPage> => {
  const { rows } = await pool.query<PageRow>({ name: 'tasks', text: TASKS, values: [job, after, limit] });
  const tasks: TaskIntake[] = [];
  let last = after;
  for (const row of rows) {
    if (row.t_task === null) continue;
    tasks.push(taskIntake({ ...row, t_task: row.t_task }));
    last = row.t_task;
  }
  const newest = Math.max(after, (rows[0]?.next_task ?? 1) - 1);
  return { through: tasks.length === limit ? last : newest, newest, tasks };
};
