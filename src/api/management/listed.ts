import { applySelect } from '../../wire/query.ts';
import { invalidQuery } from '../../wire/errors.ts';
import { checkFilter, matches, parseFilter, type Filter, type FilterTable, type LiteralType } from '../../wire/odata.ts';
import type { Answer } from '../answer.ts';
import { json } from './answers.ts';
import type { ManagementCall } from './call.ts';
import { nextLink, pageOf } from './paging.ts';

/** What a list of the management plane may be filtered by. */
export interface Filterable {
  readonly table: FilterTable;
  readonly literal: (path: readonly string[]) => LiteralType;
}

/** An item of a list with its key, which lists are in the order of. */
export interface ListItem {
  readonly key: string;
  readonly view: Readonly<Record<string, unknown>>;
}

/**
 * A page of what is there: `$filter`, `$select` and `maxresults`. Lists of one account are short, so filters run over
 * what is answered. @throws BatchError InvalidQueryParameterValue.
 */
export function listed(call: ManagementCall, items: readonly ListItem[], filterable?: Filterable): Answer {
  const page = pageOf(call, 'maxresults');
  const filter = filterOf(call, filterable);
  const wanted = items.filter(({ key, view }) => key > page.after && (filter === undefined || matches(filter, view)));
  const select = selectOf(call);
  const value = wanted.slice(0, page.limit).map(({ view }) => applySelect(view, select));
  return json(200, { value, ...nextLink(call, page, wanted.map(({ key }) => key)) });
}

function filterOf({ query }: ManagementCall, filterable: Filterable | undefined): Filter | undefined {
  const text = query.get('$filter');
  if (text === null || filterable === undefined) return undefined;
  const filter = parseFilter(text);
  checkFilter(filter, filterable.table, filterable.literal, text);
  return filter;
}

/** Whatever is selected, an item says which it is. */
const ALWAYS = [['id'], ['name'], ['type'], ['etag']];
const MOST = 100;

function selectOf({ query }: ManagementCall): readonly (readonly string[])[] | undefined {
  const text = query.get('$select');
  if (text === null) return undefined;
  const paths = text.split(',').map((path) => path.trim());
  if (paths.length > MOST || paths.some((path) => !/^\w+(\/\w+)*$/.test(path))) throw invalidQuery('$select', text, 'It names properties, separated by commas.');
  return [...ALWAYS, ...paths.map((path) => path.split('/'))];
}
