import { ask, type Connection } from './ownOperations.ts';

/** A link that signs one browser in to the page, once, within two minutes. @throws CommandError */
export async function pageLink(connection: Connection, role: 'reader' | 'contributor'): Promise<string> {
  const { path } = JSON.parse(await ask(connection, { method: 'POST', path: '/linarite/signin/links', body: { role } })) as { readonly path: string };
  return `${connection.endpoint}${path}`;
}
