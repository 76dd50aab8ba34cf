import type { Pool } from 'pg';
import type { TaskIntake } from '../../core/events.ts';
import type { JobNumber, TaskNumber } from '../../core/keys.ts';
import type { TaskPage } from '../ownerStore.ts';
import { numbers } from './literals.ts';
import { TASK_COLUMNS, type TaskRow, taskIntake } from './rows.ts';

/**
 * Adds take their numbers under the job row's lock: in one snapshot all tasks below its `next_task` are there, so a
 * page that is not full covers them all.
 */
const TASKS = `select j.next_task, page.* from job j left join lateral (
    select ${TASK_COLUMNS} from task t left join task_status s on s.job = t.job and s.task = t.task
    where t.job = j.job and t.task > $2 order by t.task limit $3
  ) page on true where j.job = $1 order by page.t_task`;

/** As `TASKS`, of several jobs: a round trip for all of them. */
const TASKS_OF_MANY = `select asked.place, j.next_task, page.* from unnest($1::int[], $2::bigint[], $3::bigint[], $4::int[]) asked(place, job, after, most)
  join job j on j.job = asked.job left join lateral (
    select ${TASK_COLUMNS} from task t left join task_status s on s.job = t.job and s.task = t.task
    where t.job = asked.job and t.task > asked.after order by t.task limit asked.most
  ) page on true order by asked.place, page.t_task`;

type PageRow = { readonly next_task: number } & Omit<TaskRow, 't_task'> & { readonly t_task: number | null };

interface Asked {
  readonly job: JobNumber;
  readonly after: TaskNumber;
  readonly limit: number;
}

interface Waiting extends Asked {
  readonly resolve: (page: TaskPage) => void;
  readonly reject: (error: unknown) => void;
}

/** Reads pages of new tasks; those that are asked for in the same turn go out as one statement. */
export function tasksReader(pool: Pool): (job: JobNumber, after: TaskNumber, limit: number) => Promise<TaskPage> {
  let waiting: Waiting[] = [];
  const readAll = (): void => {
    const asked = waiting;
    waiting = [];
    readPages(pool, asked).then(
      (pages) => asked.forEach(({ resolve }, place) => resolve(pageAt(pages, place))),
      (error: unknown) => asked.forEach(({ reject }) => reject(error)),
    );
  };
  return (job, after, limit) =>
    new Promise((resolve, reject) => {
      if (waiting.length === 0) queueMicrotask(readAll);
      waiting.push({ job, after, limit, resolve, reject });
    });
}

function pageAt(pages: readonly TaskPage[], place: number): TaskPage {
  const page = pages[place];
  if (page === undefined) throw new Error(`page ${place} was not read`);
  return page;
}

async function readPages(pool: Pool, asked: readonly Asked[]): Promise<readonly TaskPage[]> {
  const [only] = asked;
  if (only !== undefined && asked.length === 1) {
    const { rows } = await pool.query<PageRow>({ name: 'tasks', text: TASKS, values: [only.job, only.after, only.limit] });
    return [pageOf(only, rows)];
  }
  const values = [asked.map((_, place) => place), asked.map(({ job }) => job), asked.map(({ after }) => after), asked.map(({ limit }) => limit)].map(numbers);
  const { rows } = await pool.query<PageRow & { readonly place: number }>({ name: 'tasks-of-many', text: TASKS_OF_MANY, values });
  const byPlace = asked.map((): PageRow[] => []);
  for (const row of rows) byPlace[row.place]?.push(row);
  return asked.map((one, place) => pageOf(one, byPlace[place] ?? []));
}

function pageOf({ after, limit }: Asked, rows: readonly PageRow[]): TaskPage {
  const tasks: TaskIntake[] = [];
  let last = after;
  for (const row of rows) {
    if (row.t_task === null) continue;
    tasks.push(taskIntake({ ...row, t_task: row.t_task }));
    last = row.t_task;
  }
  const newest = Math.max(after, (rows[0]?.next_task ?? 1) - 1);
  return { through: tasks.length === limit ? last : newest, newest, tasks };
}
