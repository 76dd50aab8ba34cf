import type { Pool } from 'pg';
import { tallyTasks, taskSums } from '../lifetime.ts';

const ROWS_A_BATCH = 5000;
function clear([table, key]: readonly [table: string, key: string]): string {
  return `delete from ${table} where job = $1 and ${key} in (select ${key} from ${table} where job = $1 order by ${key} limit ${ROWS_A_BATCH})`;
}

/** What they count goes to the account's tally in the same statement. */
const CLEAR_STATUSES = `with s as (${clear(['task_status', 'task'])} returning *),
  sums as (select ${taskSums('s.started_at')} from s join task t using (job, task)),
  tally as (${tallyTasks('(select account from gone_job where job = $1)', 'sums')})
  select from s`;
/** Statuses first: a status without its task would be found by nobody. */
const CLEAR = [
  CLEAR_STATUSES,
  ...(
    [
      ['failed_task', 'task'],
      ['subtask_status', 'task'],
      ['task', 'task'],
      ['satisfied_id', 'id_key'],
    ] as const
  ).map(clear),
];

/**
 * Clears away the tasks of jobs that are gone, in transactions of a few thousand rows, until none are left or `signal`
 * aborts. Returns how many rows went.
 */
export async function clearGoneJobs(pool: Pool, signal?: AbortSignal): Promise<number> {
  let cleared = 0;
  for (;;) {
    const { rows } = await pool.query<{ job: number }>('select job from gone_job order by job limit 1');
    const job = rows[0]?.job;
    if (job === undefined) return cleared;
    for (const text of CLEAR) {
      for (let deleted = ROWS_A_BATCH; deleted === ROWS_A_BATCH; ) {
        if (signal?.aborted === true) return cleared;
        deleted = (await pool.query(text, [job])).rowCount ?? 0;
        cleared += deleted;
      }
    }
    await pool.query('delete from gone_job where job = $1', [job]);
  }
}
