import type { JobNumber, TaskNumber } from '../../core/keys.ts';
import { TASK_STATUS } from '../status/taskStatus.ts';
import { valueSql } from '../status/description.ts';
import { row, statement, type Database } from './statement.ts';
import { STATUSES_OF } from './taskFilter.ts';

/**
 * What sorting, filters and sums need of tasks, one array a column, as it stands in rows: `asShown` says how it is
 * read. A window of numbers comes as one row of binary columns, since making an object of each of a million tasks, or
 * parsing their numbers, takes seconds.
 *
 * Tasks and statuses are read apart, each by its key: of a table that has just grown the planner knows nothing, and a
 * join of its choosing takes a hundred times as long.
 */
export interface TaskColumnsWindow {
  readonly tasks: TasksWindow;
  readonly statuses: StatusesWindow;
}

interface TasksWindow {
  /** In order; those between them do not exist, or not any more. */
  readonly task: ArrayLike<TaskNumber>;
  readonly created: ArrayLike<number>;
  readonly slots: ArrayLike<number>;
  readonly reactivations: ArrayLike<number>;
}

/** Of those that were ever attempted, or ended. */
interface StatusesWindow {
  /** In order. */
  readonly task: ArrayLike<TaskNumber>;
  /** As in `TASK_STATUS`. */
  readonly state: ArrayLike<number>;
  /** `NOTHING`: none. */
  readonly started: ArrayLike<number>;
  readonly ended: ArrayLike<number>;
  readonly exitCode: ArrayLike<number>;
  /** As in `TASK_STATUS`; 0: none. */
  readonly result: ArrayLike<number>;
  readonly retries: ArrayLike<number>;
  readonly reactivations: ArrayLike<number>;
  /** Its number; 0: none. */
  readonly node: ArrayLike<number>;
}

/** Below all times, exit codes and numbers. */
export const NOTHING = -(2 ** 40);
/** By their place: the state as clients read it. */
export const WIRE_STATES = ['active', 'preparing', 'running', 'completed'] as const;

const OF_TASK: Readonly<Record<keyof TasksWindow, string>> = { task: 't.task', created: 't.created', slots: 't.required_slots', reactivations: 't.reactivate_sequence' };
/** Plain columns: a million rows go through these expressions. */
const OF_STATUS: Readonly<Record<keyof StatusesWindow, string>> = {
  task: 's.task',
  state: 's.state',
  started: `coalesce(s.started_at, ${NOTHING})`,
  ended: `coalesce(s.ended_at, ${NOTHING})`,
  exitCode: `coalesce(s.exit_code, ${NOTHING})`,
  result: 'coalesce(s.result, 0)',
  retries: valueSql('s', TASK_STATUS.columns.retryCount),
  reactivations: valueSql('s', TASK_STATUS.columns.reactivateSequence),
  node: 'coalesce(s.node, 0)',
};

type Packed<Window> = { readonly [Name in keyof Window]: Buffer };

/** Each column as doubles, one after the other. */
function packed(columns: Readonly<Record<string, string>>, source: string, order: string): string {
  const each = Object.entries(columns).map(([name, sql]) => `${sql} as "${name}"`).join(', ');
  const all = Object.keys(columns).map((name) => `coalesce(string_agg(float8send(w."${name}"::float8), ''), '') as "${name}"`).join(', ');
  return `select ${all} from (select ${each} from ${source} order by ${order}) w`;
}

function unpacked<Window extends object>(row: Packed<Window> | null, empty: Window): Window {
  if (row === null) return empty;
  return Object.fromEntries(Object.entries<Buffer>(row).map(([name, bytes]) => [name, doubles(bytes)])) as Window;
}

/** As PostgreSQL sends them: the highest byte first. */
function doubles(bytes: Buffer): Float64Array {
  const copy = new Uint8Array(bytes);
  Buffer.from(copy.buffer).swap64();
  return new Float64Array(copy.buffer);
}

const tasksOfWindow = statement<Packed<TasksWindow>>('task.columns', packed(OF_TASK, '(select * from task where job = $1 and task > $2 and task <= $3 and deleted_at is null) t', 't.task'));
const statusesOfWindow = statement<Packed<StatusesWindow>>('task.statusColumns', packed(OF_STATUS, '(select * from task_status where job = $1 and task > $2 and task <= $3) s', 's.task'));
const tasksOf = statement<Packed<TasksWindow>>('task.columnsOf', packed(OF_TASK, 'unnest($2::bigint[]) n, lateral (select * from task where task.job = $1 and task.task = n and deleted_at is null limit 1) t', 't.task'));
const statusesOf = statement<Packed<StatusesWindow>>('task.statusColumnsOf', packed(OF_STATUS, 'unnest($2::bigint[]) n, lateral (select * from task_status where task_status.job = $1 and task_status.task = n limit 1) s', 's.task'));

const NO_TASKS: TasksWindow = { task: [], created: [], slots: [], reactivations: [] };
const NO_STATUSES: StatusesWindow = { task: [], state: [], started: [], ended: [], exitCode: [], result: [], retries: [], reactivations: [], node: [] };

/** Of the tasks numbered above `after`, up to `through`. `begun`: no task above it was ever attempted. */
export async function taskColumns(database: Database, job: JobNumber, { after, through, begun }: { readonly after: TaskNumber; readonly through: TaskNumber; readonly begun: TaskNumber }): Promise<TaskColumnsWindow> {
  const [tasks, statuses] = await Promise.all([row(database, tasksOfWindow, [job, after, through]), after < begun ? row(database, statusesOfWindow, [job, after, through]) : null]);
  return { tasks: unpacked(tasks, NO_TASKS), statuses: unpacked(statuses, NO_STATUSES) };
}

/** Of these. */
export async function taskColumnsOf(database: Database, job: JobNumber, numbers: readonly TaskNumber[]): Promise<TaskColumnsWindow> {
  const [tasks, statuses] = await Promise.all([row(database, tasksOf, [job, numbers]), row(database, statusesOf, [job, numbers])]);
  return { tasks: unpacked(tasks, NO_TASKS), statuses: unpacked(statuses, NO_STATUSES) };
}

/** A task as the wire shows it: the place in `WIRE_STATES`, and what of an attempt is shown in that state. */
export interface TaskAsShown {
  readonly state: number;
  readonly started: number;
  readonly ended: number;
  readonly exitCode: number;
  /** 0: none; 1: success; 2: failure. */
  readonly result: number;
  readonly retries: number;
  readonly node: number;
}

const { choices: STATES } = TASK_STATUS.columns.state;
const COMPLETED = WIRE_STATES.indexOf('completed');
/** By the number that stands in the row. */
const SHOWN: readonly number[] = [0, ...Object.values(STATES).map((number) => WIRE_STATES.findIndex((state) => STATUSES_OF[state].includes(number)))];

const NEVER_ATTEMPTED: TaskAsShown = { state: 0, started: NOTHING, ended: NOTHING, exitCode: NOTHING, result: 0, retries: 0, node: 0 };

/**
 * Of a task at a place, whose status stands at another (-1: it has none): the facts of api/data/task/view.ts. A
 * reactivation that the owner has not seen yet reads active already.
 */
export function asShown({ tasks, statuses }: TaskColumnsWindow, at: number, statusAt: number): TaskAsShown {
  if (statusAt === -1) return NEVER_ATTEMPTED;
  const isUnseen = (tasks.reactivations[at] ?? 0) > (statuses.reactivations[statusAt] ?? 0);
  const state = isUnseen ? 0 : (SHOWN[statuses.state[statusAt] ?? 0] ?? 0);
  const ended = state === COMPLETED;
  return {
    state,
    started: state === 0 ? NOTHING : (statuses.started[statusAt] ?? NOTHING),
    ended: ended ? (statuses.ended[statusAt] ?? NOTHING) : NOTHING,
    exitCode: ended ? (statuses.exitCode[statusAt] ?? NOTHING) : NOTHING,
    result: ended ? (statuses.result[statusAt] ?? 0) : 0,
    retries: statuses.retries[statusAt] ?? 0,
    node: state === 0 ? 0 : (statuses.node[statusAt] ?? 0),
  };
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
