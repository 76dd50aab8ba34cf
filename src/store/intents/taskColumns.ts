import type { JobNumber, TaskNumber } from '../../core/keys.ts';
import { TASK_STATUS } from '../status/taskStatus.ts';
import { valueSql } from '../status/description.ts';
import { row, statement, type Database } from './statement.ts';
import { taskFilterColumns } from './taskFilter.ts';

/**
 * What sorting, filters and sums need of tasks, one array a column: a window of numbers comes as one row, since making
 * an object of each of a million tasks takes seconds.
 */
export interface TaskColumnsWindow {
  /** In order; those between them do not exist, or not any more. */
  readonly task: readonly TaskNumber[];
  /** As on the wire: the place in `WIRE_STATES`. */
  readonly state: readonly number[];
  readonly created: readonly number[];
  /** Of the present or last attempt, as the wire shows it; `NOTHING`: it shows none. */
  readonly started: readonly number[];
  readonly ended: readonly number[];
  readonly exitCode: readonly number[];
  /** 0: none; 1: success; 2: failure. */
  readonly result: readonly number[];
  readonly retries: readonly number[];
  readonly slots: readonly number[];
  /** Its number; 0: none. */
  readonly node: readonly number[];
}

/** Below all times, exit codes and numbers. */
export const NOTHING = -(2 ** 40);
/** Of `TaskColumnsWindow.state`. */
export const WIRE_STATES = ['active', 'preparing', 'running', 'completed'] as const;

/** A property of the wire, or what stands for its absence. */
function shown(path: keyof typeof taskFilterColumns): string {
  return `coalesce(${taskFilterColumns[path]?.sql ?? ''}::bigint, ${NOTHING})`;
}

const STATE = `case ${taskFilterColumns['state']?.sql ?? ''} ${WIRE_STATES.map((word, index) => `when '${word}' then ${index}`).join(' ')} end`;
const RESULT = `case ${taskFilterColumns['executionInfo/result']?.sql ?? ''} when 'success' then 1 when 'failure' then 2 else 0 end`;
/** What each task's row is made of, over `t` and `s`. */
const COLUMNS: Readonly<Record<keyof TaskColumnsWindow, string>> = {
  task: 't.task',
  state: STATE,
  created: 't.created',
  started: shown('executionInfo/startTime'),
  ended: shown('executionInfo/endTime'),
  exitCode: shown('executionInfo/exitCode'),
  result: RESULT,
  retries: `coalesce(${valueSql('s', TASK_STATUS.columns.retryCount)}, 0)`,
  slots: 't.required_slots',
  node: `case when ${STATE} > 0 then coalesce(s.node, 0) else 0 end`,
};

function aggregated(source: string): string {
  const each = Object.entries(COLUMNS).map(([name, sql]) => `${sql} as "${name}"`).join(', ');
  const all = Object.keys(COLUMNS).map((name) => `coalesce(array_agg(w."${name}"::bigint), '{}') as "${name}"`).join(', ');
  return `select ${all} from (select ${each} from ${source} order by t.task) w`;
}

const ofWindow = statement<TaskColumnsWindow>(
  'task.columns',
  aggregated(`(select * from task where job = $1 and task > $2 and task <= $3 and deleted_at is null) t
  left join (select * from task_status where job = $1 and task > $2 and task <= $3) s on s.task = t.task`),
);
const ofNumbers = statement<TaskColumnsWindow>(
  'task.columnsOf',
  aggregated(`unnest($2::bigint[]) n cross join lateral (select * from task where task.job = $1 and task.task = n and deleted_at is null limit 1) t
  left join lateral (select * from task_status where task_status.job = $1 and task_status.task = t.task limit 1) s on true`),
);

const EMPTY: TaskColumnsWindow = { task: [], state: [], created: [], started: [], ended: [], exitCode: [], result: [], retries: [], slots: [], node: [] };

/** Of the tasks numbered above `after`, up to `through`. */
export async function taskColumns(database: Database, job: JobNumber, after: TaskNumber, through: TaskNumber): Promise<TaskColumnsWindow> {
  return (await row(database, ofWindow, [job, after, through])) ?? EMPTY;
}

/** Of these. */
export async function taskColumnsOf(database: Database, job: JobNumber, numbers: readonly TaskNumber[]): Promise<TaskColumnsWindow> {
  return (await row(database, ofNumbers, [job, numbers])) ?? EMPTY;
}

const existing = statement<{ task: readonly TaskNumber[] }>('task.existing', `select coalesce(array_agg(w.task), '{}') as task from (select task from task where job = $1 and task > $2 and task <= $3 and deleted_at is null order by task) w`);

/** Numbers above `after`, up to `through`, that are those of tasks. */
export async function existingTasks(database: Database, job: JobNumber, after: TaskNumber, through: TaskNumber): Promise<readonly TaskNumber[]> {
  return (await row(database, existing, [job, after, through]))?.task ?? [];
}

const seen = statement<{ reactivations: number; gone: number; begun: TaskNumber }>(
  'task.columnsSeen',
  `select j.reactivations, coalesce(s.ingested - s.tasks_active - s.tasks_running - s.tasks_succeeded - s.tasks_failed, 0) as gone,
     coalesce((select max(task) from task_status where job = $1), 0) as begun
   from job j left join job_status s using (job) where j.job = $1`,
);

/** How often tasks of the job were made active again, how many are gone, and the last that was attempted or ended. */
export interface TasksSeen {
  readonly reactivations: number;
  readonly gone: number;
  readonly begun: TaskNumber;
}

export async function tasksSeen(database: Database, job: JobNumber): Promise<TasksSeen> {
  return (await row(database, seen, [job])) ?? { reactivations: 0, gone: 0, begun: 0 };
}

// In the order of the whole index, so that nothing has to be sorted. An aggregate with an order of its own would sort.
const inOrder = statement<{ task: readonly TaskNumber[]; last: string | null }>(
  'task.numbersById',
  `select coalesce(array_agg(w.task), '{}') as task, max(w.id_key) as last
   from (select task, id_key from task where job = $1 and id_key > $2 and deleted_at is null order by job, id_key, (case when deleted_at is null then 0 else task end) limit $3) w`,
);

/** The numbers of a job's tasks in the order of their ids, above the key `after`; `last`: the key of the last one. */
export async function taskNumbersById(database: Database, job: JobNumber, after: string, limit: number): Promise<{ readonly task: readonly TaskNumber[]; readonly last: string | null }> {
  return (await row(database, inOrder, [job, after, limit])) ?? { task: [], last: null };
}
