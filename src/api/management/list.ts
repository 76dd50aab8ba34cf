import { listResources, type ResourceRow } from '../../store/intents/resources.ts';
import type { Answer } from '../answer.ts';
import { json } from './answers.ts';
import type { ManagementCall, ManagementParts } from './call.ts';
import { nextLink, pageOf } from './paging.ts';

/** A page of the resources of a type whose ids begin with `prefix`. */
export async function listOfType(type: string, prefix: string, call: ManagementCall, { data }: ManagementParts, view: (row: ResourceRow) => object | Promise<object>): Promise<Answer> {
  const page = pageOf(call, call.query.has('$top') ? '$top' : 'maxresults');
  const found = await listResources(data.database, { type, prefix, after: page.after, limit: page.limit + 1 });
  const value = await Promise.all(found.slice(0, page.limit).map(view));
  return json(200, { value, ...nextLink(call, page, found.map(({ id }) => id)) });
}
