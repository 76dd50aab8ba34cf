import { CommandError, EXIT } from '../errors.ts';
import type { Connection } from '../ownOperations.ts';
import { inParallel } from '../run/concurrency.ts';
import { at, NOUNS, text, type Item, type Noun } from './nouns.ts';
import { get, pages, pathOf, pathOfList } from './requests.ts';
import { filterOf, isMeant, isOfIds, newestOf, readSelection, type Selection } from './selection.ts';

/** Where resources are looked for. */
export interface Place {
  readonly connection: Connection;
  readonly noun: Noun;
  /** Of a noun that belongs to another one. */
  readonly parentId: string | undefined;
}

/** Requests at a time, where each is about one resource. */
export const REQUESTS = 8;

/** A list as far as it is meant, page by page. `select`: as in OData; null: all of each. @throws CommandError */
export async function* found(place: Place, selection: Selection, select: string | null): AsyncGenerator<readonly Item[]> {
  const { connection, noun, parentId } = place;
  const query = { ...(select === null ? {} : { $select: select }), ...withFilter(filterOf(noun, selection)) };
  const meant = isMeant(noun, noun.name === 'job' ? { ...selection, failed: false } : selection);
  let newest: Item | undefined;
  for await (const page of pages(connection, pathOfList(noun, parentId), query)) {
    const matching = page.filter(meant);
    const kept = noun.name === 'job' && selection.failed ? await withFailedTasks(connection, matching) : matching;
    if (!selection.last) yield kept;
    else newest = newestOf(newest === undefined ? kept : [newest, ...kept]);
  }
  if (newest !== undefined) yield [newest];
}

function withFilter(filter: string | null): { readonly $filter?: string } {
  return filter === null ? {} : { $filter: filter };
}

/** Jobs in trouble: by how they ended, or by a task of theirs. */
async function withFailedTasks(connection: Connection, jobs: readonly Item[]): Promise<readonly Item[]> {
  const failed = new Set(jobs.filter(NOUNS.job.isFailed));
  await inParallel(jobs.filter((job) => !failed.has(job)), REQUESTS, async (job) => {
    const counts = await get(connection, `/jobs/${encodeURIComponent(text(job, 'id'))}/taskcounts`);
    if (Number(at(counts ?? {}, 'taskCounts.failed') ?? 0) > 0) failed.add(job);
  });
  return jobs.filter((job) => failed.has(job));
}

/** Ids of all that is meant; those that are named need not be there. @throws CommandError failure, notRunning. */
export async function idsOf(place: Place, selection: Selection): Promise<readonly string[]> {
  if (isOfIds(selection)) return selection.ids;
  const { failed } = selection;
  const select = failed ? place.noun.select : place.noun.name === 'node' ? 'id,state,allocationTime' : 'id,state,creationTime';
  const ids: string[] = [];
  for await (const page of found(place, selection, select)) ids.push(...page.map((item) => text(item, 'id')));
  return ids;
}

/** A resource by its id, `last` or a pattern that fits one alone. @throws CommandError failure, notRunning. */
export async function idOfOne(place: Place, word: string): Promise<string> {
  const ids = await idsOf(place, readSelection(place.noun, [word], {}));
  const [id, ...more] = ids;
  if (id === undefined) throw new CommandError(EXIT.failure, `there is no ${place.noun.name} ${word}`);
  if (more.length > 0) throw new CommandError(EXIT.usage, `${word} fits ${ids.length} ${place.noun.plural}, and one is needed: ${ids.slice(0, 5).join(', ')}${ids.length > 5 ? ', …' : ''}`);
  return id;
}

/** @throws CommandError failure: there is none. */
export async function one({ connection, noun, parentId }: Place, id: string): Promise<Item> {
  const item = await get(connection, pathOf(noun, parentId, id));
  if (item === undefined) throw new CommandError(EXIT.failure, `there is no ${noun.name} ${id}`);
  return item;
}
