import { idKey, type AccountNumber, type Instant, type JobNumber, type TaskNumber, type TaskKey } from '../../core/keys.ts';
import type { TaskIntake } from '../../core/events.ts';
import type { Cause, TaskStatus } from '../../core/status.ts';
import type { AddedTasks } from '../ownerStore.ts';
import { taskRulesOf, type TaskRules } from '../rules.ts';
import { asShown, valueSql, type ApiRow, type NoRow } from '../status/description.ts';
import { TASK_STATUS } from '../status/taskStatus.ts';
import { sealedText } from '../sealedSpecs.ts';
import type { Sealing } from '../sealing.ts';
import { row, rows, statement, type Database, type Transaction } from './statement.ts';

/** A task as both writers left it. JSON columns are text. */
export interface TaskRow {
  readonly task: TaskNumber;
  readonly id: string;
  /** Canonical TaskAdd. */
  readonly spec: string;
  readonly createdAt: Instant;
  readonly modifiedAt: Instant;
  readonly terminateAt: Instant | null;
  readonly reactivateSequence: number;
}

type TaskStatusRow = ApiRow<TaskStatus, typeof TASK_STATUS>;

/** All null: never attempted. */
export type TaskWithStatus = TaskRow & TaskStatusSeen;
type TaskStatusSeen = TaskStatusRow | NoRow<TaskStatusRow>;

/** As `TaskWithStatus`, of its specification the beginning of the command line alone. */
export type TaskLine = Omit<TaskRow, 'spec' | 'terminateAt'> & { readonly requiredSlots: number; readonly commandLine: string } & TaskStatusSeen;

const SHOWN = asShown<TaskStatus, typeof TASK_STATUS>(TASK_STATUS);
export const TASK_COLUMNS = `t.task, t.id, t.spec, t.created as "createdAt", t.modified as "modifiedAt", t.terminate_at as "terminateAt", t.reactivate_sequence as "reactivateSequence"`;
export const taskStatusColumns = SHOWN.columns;

const find = statement<TaskWithStatus>(
  'task.find',
  `select ${TASK_COLUMNS}, ${taskStatusColumns} from task t left join task_status s using (job, task)
   where t.job = $1 and t.id_key = $2 and t.deleted_at is null`,
);
const lock = statement<TaskRow>('task.lock', `select ${TASK_COLUMNS} from task t where t.job = $1 and t.id_key = $2 and t.deleted_at is null for update`);
const status = statement<TaskStatusRow>('task.status', `select ${taskStatusColumns} from task_status s where s.job = $1 and s.task = $2`);
// One statement, so that the job's row is locked for one round trip less each: tasks, numbers, and the owner's entry.
const insert = statement<{ entry: number }>(
  'task.insert',
  `with added as (
     insert into task (job, task, id, id_key, spec, created, modified, required_slots, rules)
     select $1, $2 + new.ordinality - 1, new.id, new.key, new.spec::json, new.created, new.created, new.slots, new.rules::jsonb
     from unnest($3::text[], $4::text[], $5::text[], $6::bigint[], $7::int[], $8::text[]) with ordinality as new (id, key, spec, created, slots, rules, ordinality)
   ), numbered as (
     update job set next_task = next_task + cardinality($3::text[]), slots_added = slots_added + $9 where job = $1
   )
   insert into inbox (account, kind, subject) values ($10, 'tasks', $1) returning entry`,
);
const update = statement<{ modifiedAt: Instant }>(
  'task.update',
  // A reactivation is counted on the job: the owner must not end that by itself beside it.
  `with counted as (update job set reactivations = reactivations + 1 where job = $1 and $10::boolean)
   update task set spec = coalesce($3, spec), rules = case when $3::json is null then rules else $4 end, terminate_at = $5,
     reactivate_sequence = $6, deleted_at = $7, modified = case when $9 then greatest($8, modified + 1) else modified end
   where job = $1 and task = $2 returning modified as "modifiedAt"`,
);
const pending = statement<{ tasks: number; slots: number }>(
  'task.pending',
  `select count(*)::int as tasks, coalesce(sum(required_slots), 0)::bigint as slots from task where job = $1 and task > $2 and task < $3 and deleted_at is null`,
);

const findByNumber = statement<{ readonly jobId: string; readonly state: TaskStatus['state'] | null; readonly attempt: number | null }>(
  'task.findByNumber',
  `select j.id as "jobId", ${valueSql('s', TASK_STATUS.columns.state)} as state, s.attempt from job j join task t using (job) left join task_status s using (job, task)
   where j.account = $1 and j.job = $2 and t.task = $3 and t.deleted_at is null`,
);

/** The id of the job of a task that has not ended, nor begun a later try than `attempt`; null: it has, or is gone. */
export async function jobOfTask(database: Database, { account, job, task, attempt }: TaskKey): Promise<string | null> {
  const found = await row(database, findByNumber, [account, job, task]);
  if (found === null) return null;
  const isOver = found.state === 'completed' || (found.attempt ?? 0) > attempt;
  return isOver ? null : found.jobId;
}

/** Characters of a command line in a `TaskLine`. */
const LINE_LENGTH = 200;
// `limit 1` makes each key a look-up of its own, whatever the planner believes.
const lines = statement<TaskLine>(
  'task.lines',
  `select t.task, t.id, t.created as "createdAt", t.modified as "modifiedAt", t.reactivate_sequence as "reactivateSequence", t.required_slots as "requiredSlots",
     left(t.spec ->> 'commandLine', ${LINE_LENGTH}) as "commandLine", ${taskStatusColumns}
   from unnest($2::bigint[]) n, lateral (select * from task where task.job = $1 and task.task = n and deleted_at is null limit 1) t
   left join lateral (select * from task_status where task_status.job = $1 and task_status.task = t.task limit 1) s on true`,
);

/** The tasks with these numbers, in this order; those that are gone are left out. */
export async function taskLines(database: Database, job: JobNumber, numbers: readonly TaskNumber[]): Promise<readonly TaskLine[]> {
  if (numbers.length === 0) return [];
  const found = new Map((await rows(database, lines, [job, numbers])).map((line) => [line.task, line]));
  return numbers.flatMap((number) => found.get(number) ?? []);
}

export function findTask(database: Database | Transaction, job: JobNumber, id: string): Promise<TaskWithStatus | null> {
  return row(database, find, [job, idKey(id)]);
}

/** Locks the task's intent, then reads its status (with a snapshot younger than the lock). */
export async function lockTask(tx: Transaction, job: JobNumber, id: string): Promise<TaskWithStatus | null> {
  const locked = await row(tx, lock, [job, idKey(id)]);
  if (locked === null) return null;
  return { ...locked, ...((await row(tx, status, [job, locked.task])) ?? SHOWN.none) };
}

const ids = statement<{ task: TaskNumber; id: string }>(
  'task.ids',
  `select t.task, t.id from unnest($2::bigint[]) n, lateral (select task, id from task where task.job = $1 and task.task = n and deleted_at is null limit 1) t`,
);

/** By their numbers; tasks that are gone are not in it. */
export async function taskIds(database: Database, job: JobNumber, numbers: readonly TaskNumber[]): Promise<ReadonlyMap<TaskNumber, string>> {
  if (numbers.length === 0) return new Map();
  return new Map((await rows(database, ids, [job, numbers])).map(({ task, id }) => [task, id]));
}

const why = statement<LastAttempt>('task.lastAttempt', `select s.attempt, ${valueSql('s', TASK_STATUS.columns.cause)} as cause from task_status s where s.job = $1 and s.task = $2`);

export interface LastAttempt {
  /** 0: none yet. */
  readonly attempt: number;
  /** Why its state is what it is. */
  readonly cause: Cause;
}

/** Which attempt of the task was the last one. */
export async function lastAttempt(database: Database, job: JobNumber, task: TaskNumber): Promise<LastAttempt> {
  return (await row(database, why, [job, task])) ?? { attempt: 0, cause: 'added' };
}

const lockSeveral = statement<TaskRow>('task.lockSeveral', `select ${TASK_COLUMNS} from task t where t.job = $1 and t.task = any($2::bigint[]) and t.deleted_at is null order by t.task for update`);
const statusOfSeveral = statement<TaskStatusRow & { readonly number: TaskNumber }>('task.statusOfSeveral', `select s.task as number, ${taskStatusColumns} from task_status s where s.job = $1 and s.task = any($2::bigint[])`);

/** As `lockTask`, of those with these numbers that are there, in order. */
export async function lockTasks(tx: Transaction, job: JobNumber, numbers: readonly TaskNumber[]): Promise<readonly TaskWithStatus[]> {
  const locked = await rows(tx, lockSeveral, [job, numbers]);
  const seen = new Map((await rows(tx, statusOfSeveral, [job, numbers])).map(({ number, ...of }) => [number, of]));
  return locked.map((task) => ({ ...task, ...(seen.get(task.task) ?? SHOWN.none) }));
}

const numbersOf = statement<{ task: TaskNumber }>('task.numbersOf', 'select t.task from unnest($2::text[]) k, lateral (select task from task where task.job = $1 and task.id_key = k and task.deleted_at is null limit 1) t order by t.task');

/** The numbers of the tasks with these ids, as far as they are there; in order. */
export async function taskNumbers(database: Database, job: JobNumber, ids: readonly string[]): Promise<readonly TaskNumber[]> {
  return (await rows(database, numbersOf, [job, [...new Set(ids.map(idKey))]])).map(({ task }) => task);
}

export interface NewTask {
  readonly id: string;
  readonly spec: string;
  readonly createdAt: Instant;
  readonly requiredSlots: number;
  /** null: nothing but defaults. */
  readonly rules: TaskRules | null;
}

/**
 * Adds tasks, whose ids must be free, to a locked job, and tells the owner: numbers follow the order of commits.
 * `nextTask`: as read under the lock. Returns what the owner will read of it.
 */
export async function insertTasks(
  tx: Transaction,
  sealing: Sealing,
  account: AccountNumber,
  job: { readonly job: JobNumber; readonly nextTask: TaskNumber },
  tasks: readonly NewTask[],
): Promise<AddedTasks | null> {
  if (tasks.length === 0) return null;
  const ids = tasks.map(({ id }) => id);
  const slots = tasks.map(({ requiredSlots }) => requiredSlots);
  const rules = tasks.map((task) => (task.rules === null ? null : JSON.stringify(task.rules)));
  const columns = [ids, ids.map(idKey), tasks.map(({ spec }) => sealedText('task.spec', spec, sealing)), tasks.map(({ createdAt }) => createdAt), slots, rules];
  const entered = await row(tx, insert, [job.job, job.nextTask, ...columns, slots.reduce((sum, some) => sum + some, 0), account]);
  if (entered === null) throw new Error('insert into inbox returned no row');
  const size = tasks.reduce((sum, { id }, place) => sum + id.length + (rules[place]?.length ?? 0), 0);
  return { entry: entered.entry, job: job.job, tasks: tasks.map((task, place) => asTakenIn(task, job.nextTask + place)), size };
}

function asTakenIn({ id, createdAt, requiredSlots, rules }: NewTask, task: TaskNumber): TaskIntake {
  const nothingAsked = { terminateAt: null, reactivateSequence: 0, deletedAt: null };
  const key = idKey(id);
  return { intent: { task, idKey: key, ...(key === id ? null : { id }), createdAt, requiredSlots, ...taskRulesOf(rules), ...nothingAsked }, status: null };
}

export interface TaskChange {
  readonly spec?: { readonly text: string; readonly rules: TaskRules | null };
  readonly terminateAt?: Instant | null;
  readonly reactivateSequence?: number;
  readonly deletedAt?: Instant;
}

/**
 * Writes the intent of a locked task (where it is made active again, of a locked job, too). A new specification, a
 * request to end it and a reactivation are modifications (recorded); state changes leave the ETag. Returns `modified`.
 */
export async function updateTask(tx: Transaction, sealing: Sealing, job: JobNumber, task: TaskRow, change: TaskChange, now: Instant): Promise<Instant> {
  const rules = change.spec?.rules ?? null;
  const terminateAt = change.terminateAt === undefined ? task.terminateAt : change.terminateAt;
  const reactivateSequence = change.reactivateSequence ?? task.reactivateSequence;
  const asked = [terminateAt, reactivateSequence, change.deletedAt ?? null];
  const terminates = terminateAt !== null && task.terminateAt === null;
  const modifies = change.spec !== undefined || change.reactivateSequence !== undefined || terminates;
  const spec = change.spec === undefined ? null : sealedText('task.spec', change.spec.text, sealing);
  const updated = await row(tx, update, [job, task.task, spec, rules && JSON.stringify(rules), ...asked, now, modifies, change.reactivateSequence !== undefined]);
  if (updated === null) throw new Error('the locked task is gone');
  return updated.modifiedAt;
}

/** Tasks that the owner has not taken in yet: active, and not in its counts. */
export async function countPending(
  database: Database,
  { job, nextTask }: { readonly job: JobNumber; readonly nextTask: TaskNumber },
  ingested: TaskNumber,
): Promise<{ readonly tasks: number; readonly slots: number }> {
  const none = { tasks: 0, slots: 0 };
  return ingested + 1 >= nextTask ? none : ((await row(database, pending, [job, ingested, nextTask])) ?? none);
}

/** What a task is called, and what has become of it. */
export type TaskLabel = {
  readonly job: JobNumber;
  readonly task: TaskNumber;
  readonly jobId: string;
  readonly taskId: string;
} & (TaskStatusRow | NoRow<TaskStatusRow>);

const labels = statement<TaskLabel>(
  'task.labels',
  `select t.job, t.task, j.id as "jobId", t.id as "taskId", ${taskStatusColumns} from unnest($1::bigint[], $2::bigint[]) as asked (job, task)
   join task t on t.job = asked.job and t.task = asked.task and t.deleted_at is null join job j on j.job = t.job
   left join task_status s on s.job = t.job and s.task = t.task`,
);

/** By `job.task`; tasks and jobs that are gone are not in it. */
export async function taskLabels(
  database: Database,
  tasks: readonly { readonly job: JobNumber; readonly task: TaskNumber }[],
): Promise<ReadonlyMap<string, TaskLabel>> {
  if (tasks.length === 0) return new Map();
  const found = await rows(database, labels, [tasks.map(({ job }) => job), tasks.map(({ task }) => task)]);
  return new Map(found.map((label) => [`${label.job}.${label.task}`, label]));
}
