import { own } from '../../client/own.ts';
import { filterOf, type Asked } from './filters.ts';

/** As many as the service takes at once for one action, and lists at once. */
const MOST = 10_000;
const PAGE = 1_000;

/** The ids of the rows from one to another, both included, in either order. @throws Error for more than 10,000. */
export async function idsBetween(job: string, asked: Asked, one: number, other: number): Promise<readonly string[]> {
  const [first, last] = [Math.min(one, other), Math.max(one, other)];
  if (last - first >= MOST) throw new Error(`At most ${MOST} tasks are selected one by one: a filter selects any number.`);
  const ids: string[] = [];
  for (let from = first; from <= last; from += PAGE) {
    const query = { q: asked.text, filter: filterOf(asked), sort: asked.sort, from, count: Math.min(PAGE, last - from + 1) };
    const { rows } = await own.tasks(job, query, new AbortController().signal);
    ids.push(...rows.map(({ id }) => id));
  }
  return ids;
}
