import type { Instant, JobNumber, PoolNumber, ScheduleNumber } from '../../core/keys.ts';
import type { PoolMeasure } from '../../core/pool/measure.ts';
import type { TaskUsage } from '../../core/task/usage.ts';
import { taskSums, USED } from '../lifetime.ts';
import { numbers } from '../owner/literals.ts';
import { rows, statement, type Database } from './statement.ts';

/** What became of tasks, those that run until now. */
export interface TaskSums {
  readonly succeeded: number;
  readonly failed: number;
  readonly retries: number;
  readonly wallClockMs: number;
  readonly waitMs: number;
  readonly used: TaskUsage;
}

/** As a statement reads them: JSON is text. */
export type SumsRow = Omit<TaskSums, 'used'> & { readonly used: string };

export function readSums<Row extends SumsRow>(row: Row): Omit<Row, 'used'> & Pick<TaskSums, 'used'> {
  return { ...row, used: JSON.parse(row.used) as TaskUsage };
}

const NAMED = `succeeded, failed, retries, wall_clock as "wallClockMs", wait as "waitMs", json_build_array(${USED.join(', ')}) as used`;
const ofJobs = statement<SumsRow & { readonly of: JobNumber }>(
  'statistics.jobs',
  `select sums.of, ${NAMED} from (select s.job as of, ${taskSums('$2')} from task_status s join task t using (job, task) where s.job = any($1::bigint[]) group by 1) sums`,
);
const ofSchedules = statement<SumsRow & { readonly of: ScheduleNumber }>(
  'statistics.schedules',
  `select sums.of, ${NAMED} from (select j.schedule as of, ${taskSums('$2')} from job j join task_status s using (job) join task t using (job, task) where j.schedule = any($1::bigint[]) group by 1) sums`,
);

/** By job; left out: it has no task that was ever tried. Goes through all tasks of these jobs. */
export async function jobSums(database: Database, jobs: readonly JobNumber[], now: Instant): Promise<ReadonlyMap<JobNumber, TaskSums>> {
  return new Map((await rows(database, ofJobs, [numbers(jobs), now])).map((row) => [row.of, readSums(row)]));
}

/** By schedule, as of jobs. */
export async function scheduleSums(database: Database, schedules: readonly ScheduleNumber[], now: Instant): Promise<ReadonlyMap<ScheduleNumber, TaskSums>> {
  return new Map((await rows(database, ofSchedules, [numbers(schedules), now])).map((row) => [row.of, readSums(row)]));
}

const resources = statement<{ readonly pool: PoolNumber; readonly resources: string }>(
  'statistics.resources',
  'select pool, resources from pool_status where pool = any($1::bigint[]) and resources is not null',
);

/** What the nodes of pools have used since the pools were made; left out: nothing was measured. */
export async function poolResources(database: Database, pools: readonly PoolNumber[]): Promise<ReadonlyMap<PoolNumber, PoolMeasure>> {
  return new Map((await rows(database, resources, [numbers(pools)])).map(({ pool, resources: text }) => [pool, JSON.parse(text) as PoolMeasure]));
}
