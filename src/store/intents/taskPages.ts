import type { JobNumber, TaskNumber } from '../../core/keys.ts';
import type { WireTaskState } from '../../core/wireState.ts';
import { lowerAscii } from '../../wire/letters.ts';
import type { Filter } from '../../wire/odata.ts';
import { openTasks } from './openTasks.ts';
import { areFull, bounded, isFull, type Bounded } from './pageBytes.ts';
import { rows, statement, type Database } from './statement.ts';
import { stateAskedFor, STATUSES_OF } from './taskFilter.ts';
import { placesOf } from './taskPlaces.ts';
import { searchByNumber, STATUS_OF_TASK } from './taskSearch.ts';
import { FIRST_WINDOW, windows } from './taskSteps.ts';
import { TASK_COLUMNS, taskStatusColumns, type TaskWithStatus } from './tasks.ts';

/**
 * Pages of a job's tasks. Without a filter they go by id, as on the real service, and without statuses to look at the
 * index of ids gives them.
 *
 * With a filter they go by number, since statuses have numbers and no ids, unless the filter says with which ids
 * (`searchById`); a list that fits one page is put in the order of ids as well.
 *
 * A job may have a hundred thousand tasks whose status changes by the thousand each second, and the planner's
 * statistics are always late. So no statement here leaves it a choice: tasks and statuses are read apart, by key; where
 * a filter has to look at many, it looks at a window of numbers at a time, bounded on both sides.
 */
export interface TaskPage {
  readonly job: JobNumber;
  /** The number that the next task will get. */
  readonly nextTask: TaskNumber;
  /** Tasks numbered above this. */
  readonly after: TaskNumber;
  readonly limit: number;
  /**
   * The owner's counts, which were committed together with the statuses: where they say that there is none, nobody
   * needs to look.
   */
  readonly counted: { readonly active: number; readonly running: number; readonly completed: number };
  /** The highest number that the counts cover. */
  readonly ingested: TaskNumber;
  /** Looked at before each window: once nobody waits for the page, the search ends with the signal's reason. */
  readonly signal: AbortSignal;
}

/** Back from the last task that began: few that are active lie further below. */
const NEAR_WINDOW = 1_000;

/** A page of all tasks: those with ids above `after`, a key of the last page's last task. */
export interface WholePage {
  readonly job: JobNumber;
  readonly after: string;
  readonly limit: number;
}

/** Ids are compared by this. */
export interface Keyed {
  readonly idKey: string;
}

const pageOfTasks = statement<TaskWithStatus & Bounded>(
  'task.page',
  bounded(
    `select ${TASK_COLUMNS}, ${taskStatusColumns}
   from (select * from task where job = $1 and task > $2 and task < $3 and deleted_at is null order by task limit $4) t ${STATUS_OF_TASK} order by t.task`,
    'task',
  ),
);
// In the order of the whole index, so that nothing has to be sorted.
const pageById = statement<TaskWithStatus & Bounded & Keyed>(
  'task.pageById',
  bounded(
    `select ${TASK_COLUMNS}, ${taskStatusColumns}, t.id_key as "idKey"
   from (select * from task where job = $1 and id_key > $2 and deleted_at is null order by job, id_key, (case when deleted_at is null then 0 else task end) limit $3) t
   ${STATUS_OF_TASK} order by t.id_key`,
    '"idKey"',
  ),
);
function taskOfNumber(number: string): string {
  return `(select * from task where task.job = $1 and task.task = ${number} limit 1)`;
}
const tasksByNumber = statement<FoundTask>(
  'task.byNumber',
  `select ${TASK_COLUMNS}, ${taskStatusColumns}, t.deleted_at as "deletedAt"
   from unnest($2::bigint[]) n, lateral ${taskOfNumber('n')} t ${STATUS_OF_TASK} order by t.task`,
);
const tasksInState = statement<FoundTask & Bounded>(
  'task.inState',
  bounded(
    `select ${TASK_COLUMNS}, ${taskStatusColumns}, t.deleted_at as "deletedAt"
   from (select * from task_status where job = $1 and task > $2 and task <= $3 and state = any($4::smallint[]) order by task limit $5) s, lateral ${taskOfNumber('s.task')} t
   order by t.task`,
    'task',
  ),
);
// A task without a row in task_status was never attempted: it is active.
const tasksNotElsewhere = statement<FoundTask & Bounded>(
  'task.notElsewhere',
  bounded(
    `select ${TASK_COLUMNS}, ${taskStatusColumns}, t.deleted_at as "deletedAt"
   from (select n as task from generate_series($2::bigint + 1, $3::bigint) n
     except select task from task_status where job = $1 and task > $2 and task <= $3 and state <> all($4::smallint[]) order by task limit $5) c,
     lateral ${taskOfNumber('c.task')} t ${STATUS_OF_TASK} order by t.task`,
    'task',
  ),
);
/**
 * Tasks begin in about the order in which they were added, so those that are active begin near the last one with a
 * status. How many are active up to there follows from the owner's counts, if no task of the job has been deleted: from
 * there back, windows are counted until all of these have been met. No row: that is not known.
 */
const lastActiveWindows = statement<{ after: TaskNumber; last: TaskNumber }>(
  'task.lastActiveWindows',
  `with recursive counted as (
     select last.task as last, s.tasks_active - (s.ingested - last.task) as active
     from job_status s, lateral (select coalesce(max(task), 0) as task from task_status where job = $1) last
     where s.job = $1 and s.tasks_active + s.tasks_running + s.tasks_succeeded + s.tasks_failed = s.ingested
   ), back (low, met) as (
     select last, 0::bigint from counted
     union all
     select edge.low, back.met + (back.low - edge.low) - (select count(*) from task_status where job = $1 and task > edge.low and task <= back.low and state <> all($3::smallint[]))
     from back, counted, lateral (select greatest(back.low - ${NEAR_WINDOW}, $2::bigint) as low) edge
     where back.met < counted.active and back.low > $2::bigint
   )
   select greatest(min(low), $2::bigint) as after, greatest(max(low), $2::bigint) as last from back having min(low) is not null`,
);
// Where tasks have been deleted: windows are counted from the first one on until one has room, which is a third of the
// work of finding out which tasks are active in it.
const firstNotElsewhere = statement<{ after: TaskNumber }>(
  'task.firstNotElsewhere',
  `select w as after from generate_series($2::bigint, $3::bigint - 1, ${FIRST_WINDOW}) w
   where (select count(*) from task_status where job = $1 and task > w and task <= least(w + ${FIRST_WINDOW}, $3::bigint) and state <> all($4::smallint[])) < least(${FIRST_WINDOW}, $3::bigint - w)
   limit 1`,
);
// Tasks whose intent the owner has not seen yet: their state may read otherwise than their status says.
const askedOf = statement<{ task: TaskNumber }>(
  'task.asked',
  `select distinct i.task from inbox i where i.account = (select account from job where job = $1) and i.kind = 'task' and i.subject = $1 and i.task > $2 and i.task < $3`,
);

/** `deletedAt`: left out by statements that leave out tasks which are deleted. */
type FoundTask = TaskWithStatus & { readonly deletedAt?: number | null };

/** What a search gave: at most `limit` tasks, and whether it ended before that because they are long. */
export interface FoundTasks {
  readonly tasks: readonly TaskWithStatus[];
  readonly cut: boolean;
}

/** All tasks of a job, in the order of ids. */
export async function listAllTasks(database: Database, { job, after, limit }: WholePage): Promise<{ readonly tasks: readonly (TaskWithStatus & Keyed)[]; readonly cut: boolean }> {
  const tasks = await rows(database, pageById, [job, after, limit]);
  return { tasks, cut: isFull(tasks) };
}

/** `stateOf`: the state on the wire (a status alone does not tell of a reactivation that the owner has not seen). */
export async function listTasks(database: Database, page: TaskPage, filter: Filter, stateOf: (row: TaskWithStatus) => WireTaskState): Promise<FoundTasks> {
  const state = stateAskedFor(filter);
  const found = await (state === null ? searchByNumber(database, page, filter, placesOf(filter)) : ofState(database, page, state, stateOf));
  const isWhole = page.after === 0 && !found.cut && found.tasks.length < page.limit;
  return isWhole ? { ...found, tasks: found.tasks.toSorted(byId) } : found;
}

function byId(one: TaskWithStatus, other: TaskWithStatus): number {
  return lowerAscii(one.id) < lowerAscii(other.id) ? -1 : 1;
}

/** `state eq '…'`, which clients poll: candidates from the narrow table, window by window, with their rows. */
async function ofState(
  database: Database,
  page: TaskPage,
  state: WireTaskState,
  stateOf: (row: TaskWithStatus) => WireTaskState,
): Promise<FoundTasks> {
  // Asked beside the first candidates; whatever fails then, it is the first failure that is told.
  const asking = rows(database, askedOf, [page.job, page.after, page.nextTask]).then((asked) => new Set(asked.map(({ task }) => task)));
  asking.catch(() => undefined);
  const found: TaskWithStatus[] = [];
  const take = async (candidates: readonly FoundTask[], reached: TaskNumber): Promise<void> => {
    const left = await asking;
    const known = new Set(candidates.map(({ task }) => task));
    const extra = [...left].filter((task) => task <= reached && !known.has(task));
    for (const task of left) if (task <= reached) left.delete(task);
    const more = extra.length === 0 ? [] : await rows(database, tasksByNumber, [page.job, extra]);
    const all = more.length === 0 ? candidates : [...candidates, ...more].toSorted((a, b) => a.task - b.task);
    for (const row of all) if ((row.deletedAt ?? null) === null && stateOf(row) === state) found.push(row);
  };
  for (const stretch of await stretchesOf(database, page, state)) {
    for (const [first, through] of windows(stretch)) {
      // As many as a page needs at a time: most pages are full long before the window is through.
      for (let after = first; after < through && found.length < page.limit; ) {
        page.signal.throwIfAborted();
        const candidates = await stretch.candidates(after, through);
        after = candidates.length < page.limit && !isFull(candidates) ? through : (candidates.at(-1)?.task ?? through);
        await take(candidates, after);
        if (areFull(found)) return { tasks: found.slice(0, page.limit), cut: true };
      }
      if (found.length >= page.limit) return { tasks: found.slice(0, page.limit), cut: false };
    }
  }
  await take([], page.nextTask);
  return { tasks: found.slice(0, page.limit), cut: false };
}

/**
 * Numbers above `after`, below `nextTask`, and how at most a page of those among them that may be in the state are
 * read.
 */
interface Stretch {
  readonly after: TaskNumber;
  readonly nextTask: TaskNumber;
  readonly candidates: (after: TaskNumber, through: TaskNumber) => Promise<readonly (FoundTask & Bounded)[]>;
}

/** Where tasks can be in that state. */
async function stretchesOf(database: Database, page: TaskPage, state: WireTaskState): Promise<readonly Stretch[]> {
  const { job, limit, counted, after, nextTask } = page;
  const by = (statement: typeof tasksInState) => (above: TaskNumber, through: TaskNumber) => rows(database, statement, [job, above, through, STATUSES_OF[state], limit]);
  if (state === 'completed') return counted.completed > 0 ? [{ after, nextTask, candidates: by(tasksInState) }] : [];
  if (state !== 'active') {
    if (counted.running === 0) return [];
    const { ranges, begun } = await openTasks(database, job);
    return ranges
      .map(([first, last]) => ({ after: Math.max(after, first - 1), nextTask: Math.min(nextTask, begun + 1, last + 1), candidates: by(tasksInState) }))
      .filter((stretch) => stretch.after < stretch.nextTask - 1);
  }
  // None of them had a status a moment ago.
  const notBegun = (above: TaskNumber): Stretch => ({ after: above, nextTask, candidates: (from, through) => rows(database, pageOfTasks, [job, from, through + 1, limit]) });
  if (counted.active === 0) return [notBegun(Math.max(after, page.ingested))];
  const [near] = await rows(database, lastActiveWindows, [job, after, STATUSES_OF.active]);
  if (near !== undefined) return [{ after: near.after, nextTask: near.last + 1, candidates: by(tasksNotElsewhere) }, notBegun(near.last)];
  const { ranges: [lowest = [1, nextTask]] } = await openTasks(database, job);
  const [first] = await rows(database, firstNotElsewhere, [job, Math.max(after, lowest[0] - 1), nextTask - 1, STATUSES_OF.active]);
  return first === undefined ? [] : [{ after: first.after, nextTask, candidates: by(tasksNotElsewhere) }];
}
