import type { JobNumber, TaskNumber } from '../../core/keys.ts';
import type { Filter } from '../../wire/odata.ts';
import { loweringOf } from './lowering.ts';
import { areFull, bounded, isFull, type Bounded } from './pageBytes.ts';
import { row, rowsOf, statement, type Database } from './statement.ts';
import { taskFilter } from './taskFilter.ts';
import type { FoundTasks, Keyed, TaskPage } from './taskPages.ts';
import { type IdRange, isOfIdsAlone, type Places } from './taskPlaces.ts';
import { TASK_COLUMNS, taskStatusColumns, type TaskWithStatus } from './tasks.ts';
import { type Step, stepsOf } from './taskSteps.ts';

/**
 * The one status of a task `t`. `limit 1` keeps the planner from turning these look-ups into a join of its own
 * choosing, which without statistics costs a thousandfold.
 */
export const STATUS_OF_TASK = 'left join lateral (select * from task_status where task_status.job = $1 and task_status.task = t.task limit 1) s on true';

const WINDOW = `(select * from task where job = $1 and task > $2 and task <= $3 and deleted_at is null) t
  left join (select * from task_status where job = $1 and task > $2 and task <= $3) s on s.task = t.task`;
const NUMBERS = `unnest($2::bigint[]) n cross join lateral (select * from task where task.job = $1 and task.task = n and deleted_at is null limit 1) t ${STATUS_OF_TASK}`;

/** Any filter, in the order of numbers: what may pass it is read part by part, joined and filtered by the database. */
export async function searchByNumber(database: Database, page: TaskPage, filter: Filter, places: Places | null): Promise<FoundTasks> {
  const lowered = await loweringOf(database);
  const found: TaskWithStatus[] = [];
  const look = (step: Step): Promise<readonly (TaskWithStatus & Bounded)[]> => {
    const values = step.kind === 'window' ? [page.job, step.after, step.through] : [page.job, `{${step.numbers.join(',')}}`];
    const condition = taskFilter(filter, values.length + 2, lowered);
    const text = `select ${TASK_COLUMNS}, ${taskStatusColumns} from ${step.kind === 'window' ? WINDOW : NUMBERS} where ${condition.text} order by t.task limit $${values.length + 1}`;
    return rowsOf<TaskWithStatus & Bounded>(database, bounded(text, 'task'), [...values, page.limit - found.length, ...condition.values]);
  };
  for await (const step of stepsOf(database, page, places)) {
    page.signal.throwIfAborted();
    const some = await look(step);
    found.push(...some);
    if (isFull(some) || areFull(found)) return { tasks: found, cut: true };
    if (found.length >= page.limit) break;
  }
  return { tasks: found, cut: false };
}

/** Numbers of all tasks below `nextTask` that pass a filter, in order. */
export async function numbersByFilter(database: Database, { job, nextTask, signal }: Pick<TaskPage, 'job' | 'nextTask' | 'signal'>, filter: Filter, places: Places | null): Promise<readonly TaskNumber[]> {
  const lowered = await loweringOf(database);
  const found: TaskNumber[] = [];
  for await (const step of stepsOf(database, { job, nextTask, after: 0, limit: NUMBERS_A_STEP }, places)) {
    signal.throwIfAborted();
    const values = step.kind === 'window' ? [job, step.after, step.through] : [job, `{${step.numbers.join(',')}}`];
    const condition = taskFilter(filter, values.length + 1, lowered);
    const text = `select coalesce(array_agg(w.task), '{}') as task from (select t.task from ${step.kind === 'window' ? WINDOW : NUMBERS} where ${condition.text} order by t.task) w`;
    const [some] = await rowsOf<{ task: readonly TaskNumber[] }>(database, text, [...values, ...condition.values]);
    for (const number of some?.task ?? []) found.push(number);
  }
  return found;
}

const NUMBERS_A_STEP = 4_000;

/** A page of the tasks with such ids that pass the filter, in the order of ids: those above `after`. */
export interface IdsPage {
  readonly job: JobNumber;
  readonly after: string;
  readonly limit: number;
  readonly ids: readonly IdRange[];
  /** As in `TaskPage`. */
  readonly signal: AbortSignal;
}

const IN_ORDER = 'order by job, id_key, (case when deleted_at is null then 0 else task end)';
const FIRST_LOOK = 2_000;
const LARGEST_LOOK = 16_000;
const keyAfter = statement<Keyed>(
  'task.keyAfter',
  `select id_key as "idKey" from task where job = $1 and id_key > $2 and id_key >= $3 and id_key <= $4 and deleted_at is null ${IN_ORDER} offset $5 limit 1`,
);

/** As `searchByNumber`, where ids say which tasks they are. */
export async function searchById(database: Database, { job, after, limit, ids, signal }: IdsPage, filter: Filter): Promise<{ readonly tasks: readonly (TaskWithStatus & Keyed)[]; readonly cut: boolean }> {
  const condition = taskFilter(filter, 6, await loweringOf(database));
  const text = bounded(
    `select ${TASK_COLUMNS}, ${taskStatusColumns}, t.id_key as "idKey"
     from (select * from task where job = $1 and id_key > $2 and id_key >= $3 and id_key <= $4 and deleted_at is null ${IN_ORDER} offset 0) t ${STATUS_OF_TASK}
     where ${condition.text} order by t.id_key limit $5`,
    '"idKey"',
  );
  const found: (TaskWithStatus & Keyed)[] = [];
  // Where all of them pass, a page is full after as many.
  let size = isOfIdsAlone(filter) ? Number.POSITIVE_INFINITY : FIRST_LOOK;
  for (const { from, through } of ids) {
    for (let reached = after; reached < through; ) {
      signal.throwIfAborted();
      const last = size === Number.POSITIVE_INFINITY ? through : ((await row(database, keyAfter, [job, reached, from, through, size - 1]))?.idKey ?? through);
      const some = await rowsOf<TaskWithStatus & Bounded & Keyed>(database, text, [job, reached, from, last, limit - found.length, ...condition.values]);
      found.push(...some);
      if (isFull(some) || areFull(found)) return { tasks: found, cut: true };
      if (found.length >= limit) return { tasks: found, cut: false };
      reached = last;
      size = Math.min(size * 2, size === Number.POSITIVE_INFINITY ? size : LARGEST_LOOK);
    }
  }
  return { tasks: found, cut: false };
}
