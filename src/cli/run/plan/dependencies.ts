import type { TaskToAdd } from '../account/batchAccount.ts';
import { RunError } from '../failure.ts';

export type Dependencies = NonNullable<TaskToAdd['dependsOn']>;

/** What the ids that a task depends on have together (API reference, TaskDependencies.taskIds). */
export const MOST_CHARACTERS = 64_000;
/** Fewer numbers in a row are shorter as ids. */
const SHORTEST_RANGE = 3;

/**
 * Finds the tasks that `--depends-on` names: ids, ranges of numbers (`1-10`), patterns (`cut-*`), separated by commas.
 * What is an id is never read as a range. What it returns throws RunError usage, naming what is none of them.
 * @param existing the ids of the job's tasks; the service does not tell them by their case
 */
export function taskFinder(existing: readonly string[], jobId: string): (text: string) => string[] {
  const byName = new Map(existing.map((id) => [id.toLowerCase(), id]));
  return (text) => {
    const parts = text.split(',').map((part) => part.trim()).filter((part) => part !== '');
    if (parts.length === 0) throw new RunError('usage', `--depends-on ${JSON.stringify(text)} names no task`);
    return [...new Set(parts.flatMap((part) => tasksOf(part, byName, jobId)))];
  };
}

function tasksOf(part: string, byName: ReadonlyMap<string, string>, jobId: string): string[] {
  const exact = byName.get(part.toLowerCase());
  if (exact !== undefined) return [exact];
  const [, from, to] = /^(\d+)-(\d+)$/.exec(part) ?? [];
  const inRange = (id: string): boolean => isPlainNumber(id) && Number(id) >= Number(from) && Number(id) <= Number(to);
  const matches = /[*?]/.test(part) ? patternOf(part) : undefined;
  const found = [...byName.values()].filter((id) => (matches === undefined ? from !== undefined && inRange(id) : matches.test(id)));
  if (found.length > 0) return found;
  const some = [...byName.values()].slice(0, 8).join(', ');
  throw new RunError('usage', `--depends-on ${part}: the job ${jobId} has no such task; ${some === '' ? 'it has none at all' : `it has ${some}${byName.size > 8 ? ', …' : ''}`}`);
}

function patternOf(part: string): RegExp {
  const source = part.replaceAll(/[^\w*?]/g, String.raw`\$&`).replaceAll('*', '.*').replaceAll('?', '.');
  return new RegExp(`^${source}$`, 'i');
}

/**
 * Ids as a task body has them: numbers in a row become ranges, which is all that a body has room for where they are
 * many. @throws RunError usage, when they are too long all the same; `option` is what asks for them
 */
export function dependenciesOn(ids: readonly string[], option: string): Dependencies {
  const numbers = ids.filter(isPlainNumber).map(Number).toSorted((a, b) => a - b);
  const taskIdRanges = rangesOf(numbers);
  const covered = new Set(taskIdRanges.flatMap(({ start, end }) => Array.from({ length: end - start + 1 }, (_, index) => String(start + index))));
  const taskIds = ids.filter((id) => !covered.has(id));
  const characters = taskIds.reduce((sum, { length }) => sum + length, 0);
  if (characters > MOST_CHARACTERS) {
    throw new RunError('usage', `${option}: the ids of ${taskIds.length} tasks have ${characters} characters, and a task may depend on ${MOST_CHARACTERS} of them; ids that are numbers have no such limit: --task-id '{index}'`);
  }
  return { ...(taskIds.length === 0 ? {} : { taskIds }), ...(taskIdRanges.length === 0 ? {} : { taskIdRanges }) };
}

function rangesOf(sorted: readonly number[]): { start: number; end: number }[] {
  const ranges: { start: number; end: number }[] = [];
  for (const number of sorted) {
    const last = ranges.at(-1);
    if (last !== undefined && last.end === number - 1) last.end = number;
    else ranges.push({ start: number, end: number });
  }
  return ranges.filter(({ start, end }) => end - start + 1 >= SHORTEST_RANGE);
}

/** Ranges are over ids that are numbers as they are written: `7`, not `007`. Their bounds are 32 bits. */
function isPlainNumber(id: string): boolean {
  return /^(0|[1-9]\d{0,8})$/.test(id);
}
