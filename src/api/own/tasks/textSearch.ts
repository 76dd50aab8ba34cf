import type { JobNumber, TaskNumber } from '../../../core/keys.ts';
import type { Database } from '../../../store/intents/statement.ts';
import { tasksWithText } from '../../../store/intents/taskText.ts';

/**
 * Which tasks of a job have a text in their id or command line. Neither ever changes, so a search that was cut off by
 * its time goes on where it stood, and only new tasks are looked at by the next one.
 */
interface Search {
  readonly found: TaskNumber[];
  through: TaskNumber;
}

const byDatabase = new WeakMap<Database, Map<string, Search>>();
const MOST_SEARCHES = 50;
const WINDOW = 16_000;

export interface TextFound {
  /** In order; some of them may be gone. */
  readonly numbers: readonly TaskNumber[];
  /** All tasks have been looked at. */
  readonly exact: boolean;
}

/** `budgetMs`: how long this call may look. Rejects with the signal's reason. */
export async function searchText(database: Database, job: JobNumber, asked: { readonly text: string; readonly through: TaskNumber; readonly budgetMs: number; readonly signal: AbortSignal }): Promise<TextFound> {
  const { text, through, budgetMs, signal } = asked;
  const search = searchOf(database, `${job} ${text}`);
  const until = performance.now() + budgetMs;
  while (search.through < through && performance.now() < until) {
    signal.throwIfAborted();
    const from = search.through;
    const to = Math.min(from + WINDOW, through);
    const found = await tasksWithText(database, { job, text, after: from, through: to });
    // Another request for the same may have been quicker.
    if (search.through !== from) continue;
    search.found.push(...found);
    search.through = to;
  }
  return { numbers: search.found, exact: search.through >= through };
}

function searchOf(database: Database, key: string): Search {
  const searches = byDatabase.get(database) ?? new Map<string, Search>();
  byDatabase.set(database, searches);
  const search = searches.get(key) ?? { found: [], through: 0 };
  searches.delete(key);
  searches.set(key, search);
  const [oldest] = searches.keys();
  if (searches.size > MOST_SEARCHES && oldest !== undefined) searches.delete(oldest);
  return search;
}
