import type { TaskNumber } from '../../core/keys.ts';
import type { TaskRange } from '../../core/status.ts';
import { type Open, openTasks } from './openTasks.ts';
import { rows, statement, type Database } from './statement.ts';
import type { TaskPage } from './taskPages.ts';
import type { IdRange, Places } from './taskPlaces.ts';

/**
 * Tasks of a job that are looked at together: those numbered above `after`, up to `through`; or those with these
 * numbers, in order.
 */
export type Step = { readonly kind: 'window'; readonly after: TaskNumber; readonly through: TaskNumber } | { readonly kind: 'numbers'; readonly numbers: readonly TaskNumber[] };

export const FIRST_WINDOW = 4_000;
const LARGEST_WINDOW = 32_000;
const MOST_NUMBERS = 16_000;
/** Where more ids begin as asked, all tasks are looked at as quickly. */
const MOST_IDS = 10_000;

const failedAfter = statement<{ task: TaskNumber }>('task.failedAfter', 'select task from failed_task where job = $1 and task > $2 order by task limit $3');
const numbersOfIds = statement<{ task: TaskNumber }>(
  'task.numbersOfIds',
  'select task from task where job = $1 and id_key >= $2 and id_key <= $3 and deleted_at is null limit $4',
);

/** Bounds of numbers from the page's start to the job's last task: small ones first, as most pages are full soon. */
export function* windows({ after, nextTask }: Pick<TaskPage, 'after' | 'nextTask'>): Generator<readonly [TaskNumber, TaskNumber]> {
  let size = FIRST_WINDOW;
  for (let start = after; start < nextTask - 1; ) {
    const through = Math.min(start + size, nextTask - 1);
    yield [start, through];
    start = through;
    size = Math.min(size * 2, LARGEST_WINDOW);
  }
}

/** Where a page's tasks are looked for, in the order of their numbers. `places` null: everywhere. */
export async function* stepsOf(database: Database, page: Pick<TaskPage, 'job' | 'nextTask' | 'after' | 'limit'>, places: Places | null): AsyncGenerator<Step> {
  const named = places === null ? null : await namedIn(database, page, places.ids);
  if (places === null || named === null) return yield* windowSteps(page.after, page.nextTask - 1);
  const ranges = places.open || places.live ? rangesOf(await openTasks(database, page.job), places) : [];
  const end = page.nextTask - 1;
  let size = page.limit;
  for (let reached = page.after; reached < end; ) {
    const failed = places.failed ? (await rows(database, failedAfter, [page.job, reached, size])).map(({ task }) => task) : [];
    const through = Math.min(end, failed.length < size ? end : (failed.at(-1) ?? end));
    const numbers = [...new Set([...failed, ...named])].filter((number) => number > reached && number <= through).toSorted((a, b) => a - b);
    yield* between(reached, through, ranges, numbers);
    reached = through;
    size = Math.min(size * 2, MOST_NUMBERS);
  }
}

/** What runs was attempted. */
function rangesOf({ ranges, begun }: Open, { open }: Places): readonly TaskRange[] {
  return open ? ranges : ranges.filter(([first]) => first <= begun).map(([first, last]): TaskRange => [first, Math.min(last, begun)]);
}

/** The numbers of tasks with such ids; null: too many. */
async function namedIn(database: Database, { job }: Pick<TaskPage, 'job'>, ids: readonly IdRange[]): Promise<readonly TaskNumber[] | null> {
  const found: TaskNumber[] = [];
  for (const { from, through } of ids) {
    found.push(...(await rows(database, numbersOfIds, [job, from, through, MOST_IDS + 1 - found.length])).map(({ task }) => task));
    if (found.length > MOST_IDS) return null;
  }
  return found;
}

/** The ranges, as far as they lie above `after` and up to `through`, and the numbers outside them. */
function* between(after: TaskNumber, through: TaskNumber, ranges: readonly TaskRange[], numbers: readonly TaskNumber[]): Generator<Step> {
  let index = 0;
  const below = function* (bound: TaskNumber): Generator<Step> {
    const first = index;
    while (index < numbers.length && (numbers[index] ?? bound) < bound) index += 1;
    if (index > first) yield { kind: 'numbers', numbers: numbers.slice(first, index) };
  };
  for (const [first, last] of ranges) {
    if (last <= after || first > through) continue;
    yield* below(first);
    yield* windowSteps(Math.max(after, first - 1), Math.min(through, last));
    while (index < numbers.length && (numbers[index] ?? last) <= last) index += 1;
  }
  yield* below(Number.POSITIVE_INFINITY);
}

function* windowSteps(after: TaskNumber, through: TaskNumber): Generator<Step> {
  for (const [from, to] of windows({ after, nextTask: through + 1 })) yield { kind: 'window', after: from, through: to };
}
