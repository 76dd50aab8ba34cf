import type { JobNumber, TaskNumber } from '../../core/keys.ts';
import type { WireTaskState } from '../../core/wireState.ts';
import type { Filter } from '../../wire/odata.ts';
import { rows, rowsOf, statement, type Database } from './statement.ts';
import { stateAskedFor, statusesOf, taskFilter } from './taskFilter.ts';
import { taskColumns, taskStatusColumns, type TaskWithStatus } from './tasks.ts';

/**
 * Pages of a job's tasks, in the order of their numbers: adds go to the end and deletes leave no hole behind, so pages stay stable under both.
 *
 * A job may have a hundred thousand tasks whose status changes by the thousand each second, and the planner's statistics are always late. So no statement here leaves it
 * a choice: tasks and statuses are read apart, by key; where a filter has to look at many, it looks at a window of numbers at a time, bounded on both sides.
 */
export interface TaskPage {
  readonly job: JobNumber;
  /** The number that the next task will get. */
  readonly nextTask: TaskNumber;
  /** Tasks numbered above this. */
  readonly after: TaskNumber;
  readonly limit: number;
}

const firstWindow = 4_000;
const largestWindow = 32_000;

// `limit 1` keeps the planner from turning these look-ups into a join of its own choosing, which without statistics costs a thousandfold.
const statusOfTask = 'left join lateral (select * from task_status where task_status.job = $1 and task_status.task = t.task limit 1) s on true';
const pageOfTasks = statement<TaskWithStatus>(
  'task.page',
  `select ${taskColumns}, ${taskStatusColumns}
   from (select * from task where job = $1 and task > $2 and task < $3 and deleted_at is null order by task limit $4) t ${statusOfTask} order by t.task`,
);
const tasksByNumber = statement<TaskWithStatus>(
  'task.byNumber',
  `select ${taskColumns}, ${taskStatusColumns}
   from unnest($2::bigint[]) n, lateral (select * from task where task.job = $1 and task.task = n and task.deleted_at is null limit 1) t ${statusOfTask} order by t.task`,
);
const inState = statement<{ task: TaskNumber }>(
  'task.inState',
  'select task from task_status where job = $1 and task > $2 and task <= $3 and state = any($4::text[]) order by task limit $5',
);
// A task without a row in task_status was never attempted: it is active.
const notElsewhere = statement<{ task: TaskNumber }>(
  'task.notElsewhere',
  `select n as task from generate_series($2::bigint + 1, $3::bigint) n
   except select task from task_status where job = $1 and task > $2 and task <= $3 and state <> all($4::text[]) order by task limit $5`,
);
const countElsewhere = statement<{ tasks: number }>(
  'task.countElsewhere',
  'select count(*)::int as tasks from task_status where job = $1 and task > $2 and task <= $3 and state <> all($4::text[])',
);
const tally = statement<Tally>(
  'job.tally',
  `select coalesce(tasks_active, 0)::float8 as active, coalesce(tasks_running, 0)::float8 as running,
     coalesce(tasks_succeeded + tasks_failed, 0)::float8 as completed, coalesce(ingested, 0)::float8 as ingested,
     (select coalesce(array_agg(distinct i.task), '{}')::text from inbox i where i.account = j.account and i.kind = 'task' and i.subject = j.job) as asked
   from job j left join job_status using (job) where j.job = $1`,
);

interface Tally {
  readonly active: number;
  readonly running: number;
  readonly completed: number;
  readonly ingested: TaskNumber;
  /** Tasks whose intent the owner has not seen yet, as an array literal: their state may read otherwise than their status says. */
  readonly asked: string;
}

/** `stateOf`: the state on the wire (a status alone does not tell of a reactivation that the owner has not seen). */
export async function listTasks(
  database: Database,
  page: TaskPage,
  filter: Filter | undefined,
  stateOf: (row: TaskWithStatus) => WireTaskState,
): Promise<readonly TaskWithStatus[]> {
  if (filter === undefined) return rows(database, pageOfTasks, [page.job, page.after, page.nextTask, page.limit]);
  const state = stateAskedFor(filter);
  return state === null ? filtered(database, page, filter) : ofState(database, page, state, stateOf);
}

/** Any filter: windows of numbers, joined and filtered by the database. */
async function filtered(database: Database, page: TaskPage, filter: Filter): Promise<readonly TaskWithStatus[]> {
  const condition = taskFilter(filter, 5);
  const text = `select ${taskColumns}, ${taskStatusColumns}
    from (select * from task where job = $1 and task > $2 and task <= $3 and deleted_at is null) t
    left join (select * from task_status where job = $1 and task > $2 and task <= $3) s on s.task = t.task
    where ${condition.text} order by t.task limit $4`;
  const found: TaskWithStatus[] = [];
  for (const [after, through] of windows(page)) {
    found.push(...(await rowsOf<TaskWithStatus>(database, text, [page.job, after, through, page.limit - found.length, ...condition.values])));
    if (found.length >= page.limit) break;
  }
  return found;
}

/** `state eq '…'`, which clients poll: candidates from the narrow table, window by window, then only their rows. */
async function ofState(
  database: Database,
  page: TaskPage,
  state: WireTaskState,
  stateOf: (row: TaskWithStatus) => WireTaskState,
): Promise<readonly TaskWithStatus[]> {
  const candidates = await candidatesOf(database, page, state);
  const found: TaskWithStatus[] = [];
  for await (const numbers of candidates) {
    for (let from = 0; from < numbers.length && found.length < page.limit; from += page.limit) {
      const tasks = await rows(database, tasksByNumber, [page.job, numbers.slice(from, from + page.limit)]);
      found.push(...tasks.filter((row) => stateOf(row) === state));
    }
    if (found.length >= page.limit) break;
  }
  return found.slice(0, page.limit);
}

/** Numbers of tasks that may be in that state, ascending, in batches. */
async function candidatesOf(database: Database, page: TaskPage, state: WireTaskState): Promise<AsyncIterable<readonly TaskNumber[]>> {
  const [counts] = await rows(database, tally, [page.job]);
  if (counts === undefined) return none();
  const asked = new Set((counts.asked.match(/\d+/g) ?? []).map(Number).filter((task) => task > page.after && task < page.nextTask));
  // The counts were committed together with the statuses: where they say that there is none, nobody needs to look.
  const count = { active: counts.active, preparing: counts.running, running: counts.running, completed: counts.completed }[state];
  const start = count > 0 ? page.after : state === 'active' ? Math.max(page.after, counts.ingested) : page.nextTask;
  return search(database, { ...page, after: start }, state, asked);
}

async function* none(): AsyncGenerator<readonly TaskNumber[]> {}

async function* search(database: Database, page: TaskPage, state: WireTaskState, asked: ReadonlySet<TaskNumber>): AsyncGenerator<readonly TaskNumber[]> {
  const left = new Set(asked);
  const statement = state === 'active' ? notElsewhere : inState;
  for (const [first, through] of windows(page)) {
    if (state === 'active' && (await allElsewhere(database, page.job, first, through)) && ![...left].some((task) => task <= through)) continue;
    // As many as a page needs at a time: most pages are full long before the window is through.
    for (let after = first; after < through; ) {
      const found = (await rows(database, statement, [page.job, after, through, statusesOf[state], page.limit])).map(({ task }) => task);
      const reached = found.length < page.limit ? through : (found.at(-1) ?? through);
      const extra = [...left].filter((task) => task <= reached);
      for (const task of extra) left.delete(task);
      yield extra.length === 0 ? found : [...new Set([...found, ...extra])].toSorted((a, b) => a - b);
      after = reached;
    }
  }
  if (left.size > 0) yield [...left].toSorted((a, b) => a - b);
}

/** Whether a window holds no active task: counting is a third of the work of finding out which. */
async function allElsewhere(database: Database, job: JobNumber, after: TaskNumber, through: TaskNumber): Promise<boolean> {
  const [counted] = await rows(database, countElsewhere, [job, after, through, statusesOf.active]);
  return counted?.tasks === through - after;
}

/** Bounds of numbers from the page's start to the job's last task: small ones first, because most pages are full soon. */
function* windows({ after, nextTask }: TaskPage): Generator<readonly [TaskNumber, TaskNumber]> {
  let size = firstWindow;
  for (let start = after; start < nextTask - 1; ) {
    const through = Math.min(start + size, nextTask - 1);
    yield [start, through];
    start = through;
    size = Math.min(size * 2, largestWindow);
  }
}
