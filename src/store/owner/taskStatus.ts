import type { TaskStatus } from '../../core/status.ts';
import type { TickCommit } from '../ownerStore.ts';
import { jsons, numbers, words } from './literals.ts';
import { GO, type Part, overwrite } from './part.ts';

/** The busiest rows: one array a column, which is what PostgreSQL takes in fastest short of `copy`. */
interface Column {
  readonly name: string;
  readonly type: 'bigint' | 'int' | 'text' | 'jsonb';
  literal(tasks: readonly TaskStatus[]): string;
}

const bigint = (name: string, of: (task: TaskStatus) => number | null): Column => ({ name, type: 'bigint', literal: (tasks) => numbers(tasks.map(of)) });
const int = (name: string, of: (task: TaskStatus) => number | null): Column => ({ ...bigint(name, of), type: 'int' });
const word = (name: string, of: (task: TaskStatus) => string | null): Column => ({ name, type: 'text', literal: (tasks) => words(tasks.map(of)) });

const COLUMNS: readonly Column[] = [
  bigint('job', (task) => task.job),
  bigint('task', (task) => task.task),
  word('state', (task) => task.state),
  bigint('since', (task) => task.since),
  word('previous_state', (task) => task.previousState),
  bigint('previous_since', (task) => task.previousSince),
  word('cause', (task) => task.cause),
  int('attempt', (task) => task.attempt),
  bigint('node', (task) => task.node),
  bigint('started_at', (task) => task.startedAt),
  bigint('ended_at', (task) => task.endedAt),
  int('exit_code', (task) => task.exitCode),
  word('result', (task) => task.result),
  { name: 'failure', type: 'jsonb', literal: (tasks) => jsons(tasks.map((task) => task.failure)) },
  int('retry_count', (task) => task.retryCount),
  bigint('last_retry_at', (task) => task.lastRetryAt),
  int('requeue_count', (task) => task.requeueCount),
  bigint('last_requeue_at', (task) => task.lastRequeueAt),
  int('reactivate_sequence', (task) => task.reactivateSequence),
  word('dependency', (task) => task.dependency),
];
const NAMES = COLUMNS.map(({ name }) => name);

export const TASK_STATUS: Part = {
  name: 'tasks',
  applies: ({ decisions }) => decisions.tasks.length > 0,
  sql: (next) => `tasks as (insert into task_status (${NAMES.join(', ')})
    select * from unnest(${COLUMNS.map(({ type }) => `${next()}::${type}[]`).join(', ')}) as u where ${GO} ${overwrite('job, task', NAMES.slice(2))})`,
  values: (tick) => {
    const tasks = remaining(tick);
    return COLUMNS.map((column) => column.literal(tasks));
  },
};

/** A row that the same statement deletes must not be written by it. */
const remaining = ({ decisions: { tasks, gone } }: TickCommit): readonly TaskStatus[] => {
  if (gone.tasks.length === 0 && gone.jobs.length === 0) return tasks;
  const goneJobs = new Set(gone.jobs);
  const goneTasks = new Set(gone.tasks.map(({ job, task }) => `${job}.${task}`));
  return tasks.filter(({ job, task }) => !goneJobs.has(job) && !goneTasks.has(`${job}.${task}`));
};
