import { ask, refused, send, type Ask, type Connection } from '../ownOperations.ts';
import type { Item, Noun } from './nouns.ts';

/** Of the operations of the service that are asked for here: the newest that both kinds of pools have. */
const API_VERSION = '2024-07-01.20.0';

/** Where a resource's list is: `/jobs/J/tasks`. */
export function pathOfList({ parent, collection }: Noun, parentId: string | undefined): string {
  return parent === null ? collection : `/${parent}s/${encodeURIComponent(parentId ?? '')}${collection}`;
}

export function pathOf(noun: Noun, parentId: string | undefined, id: string): string {
  return `${pathOfList(noun, parentId)}/${encodeURIComponent(id)}`;
}

/** `query` of a path, empty values left out. */
export function withQuery(path: string, query: Readonly<Record<string, string | undefined>> = {}): string {
  const pairs = Object.entries({ 'api-version': API_VERSION, ...query }).flatMap(([name, value]) => (value === undefined ? [] : [`${encodeURIComponent(name)}=${encodeURIComponent(value)}`]));
  return `${path}?${pairs.join('&')}`;
}

/** An operation of the data plane. Undefined: it answers without a body. @throws CommandError failure, notRunning. */
export async function operate(connection: Connection, asked: Ask): Promise<unknown> {
  const answered = await ask(connection, asked);
  return answered === '' ? undefined : (JSON.parse(answered) as unknown);
}

/** One resource; undefined: there is none. @throws CommandError failure, notRunning. */
export async function get(connection: Connection, path: string, query?: Readonly<Record<string, string | undefined>>): Promise<Item | undefined> {
  const answer = await send(connection, { path: withQuery(path, query) });
  const answered = await answer.text();
  if (answer.status === 404) return undefined;
  if (!answer.ok) throw refused(connection, answer, answered);
  return JSON.parse(answered) as Item;
}

/** A list page by page. @throws CommandError failure, notRunning. */
export async function* pages(connection: Connection, path: string, query: Readonly<Record<string, string | undefined>>): AsyncGenerator<readonly Item[]> {
  let next: string | undefined = withQuery(path, query);
  while (next !== undefined) {
    const { value = [], 'odata.nextLink': link } = (await operate(connection, { path: next })) as { readonly value?: readonly Item[]; readonly 'odata.nextLink'?: string };
    yield value;
    next = link === undefined ? undefined : pathIn(link);
  }
}

/** Links name the host that was asked; what is signed is the path. */
function pathIn(link: string): string {
  const { pathname, search } = new URL(link);
  return `${pathname}${search}`;
}
