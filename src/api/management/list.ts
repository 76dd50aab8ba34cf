import { listResources, type ResourceRow } from '../../store/intents/resources.ts';
import type { Answer } from '../answer.ts';
import { json } from './answers.ts';
import type { ManagementCall, ManagementParts } from './call.ts';
import { nextLink, pageOf, type Page } from './paging.ts';

/** A page of the resources of a type whose ids begin with `prefix`. `keeps`: which are wanted; left out: all. */
export async function listOfType(type: string, prefix: string, call: ManagementCall, { data }: ManagementParts, view: (row: ResourceRow) => object | Promise<object>, keeps?: (row: ResourceRow) => boolean): Promise<Answer> {
  const page = pageOf(call, call.query.has('$top') ? '$top' : 'maxresults');
  const found = await firstRows(page, (part) => listResources(data.database, { type, prefix, ...part }), keeps);
  const value = await Promise.all(found.slice(0, page.limit).map(view));
  return json(200, { value, ...nextLink(call, page, found.map(({ id }) => id)) });
}

/** Of one read, where what is read may not be wanted. */
const READ_AT_ONCE = 1_000;

/** One row more than a page holds, where there are as many. `read`: rows in the order of their ids. */
export async function firstRows({ limit, after }: Page, read: (part: { readonly after: string; readonly limit: number }) => Promise<readonly ResourceRow[]>, keeps?: (row: ResourceRow) => boolean): Promise<readonly ResourceRow[]> {
  if (keeps === undefined) return read({ after, limit: limit + 1 });
  const found: ResourceRow[] = [];
  for (let last = after; ; ) {
    const rows = await read({ after: last, limit: READ_AT_ONCE });
    found.push(...rows.filter(keeps));
    const end = rows.at(-1);
    if (end === undefined || rows.length < READ_AT_ONCE || found.length > limit) return found.slice(0, limit + 1);
    last = end.id;
  }
}
