import { row, statement, type Database } from './statement.ts';

export interface TaskTotals {
  readonly active: number;
  readonly running: number;
  readonly succeeded: number;
  readonly failed: number;
}

const totals = statement<TaskTotals>(
  'task.totals',
  `select coalesce(sum(tasks_active), 0)::float8 as active, coalesce(sum(tasks_running), 0)::float8 as running,
     coalesce(sum(tasks_succeeded), 0)::float8 as succeeded, coalesce(sum(tasks_failed), 0)::float8 as failed
   from job_status`,
);

const aside = statement<{ readonly count: number }>('quarantine.count', 'select count(*)::float8 as count from quarantine');

/** What owners of all accounts go on without. */
export async function countQuarantined(database: Database): Promise<number> {
  return (await row(database, aside, []))?.count ?? 0;
}

/** Tasks of all jobs of all accounts, as the owners counted them: one row a job, so cheap enough for each scrape. */
export async function countTasksByState(database: Database): Promise<TaskTotals> {
  return (await row(database, totals, [])) ?? { active: 0, running: 0, succeeded: 0, failed: 0 };
}
