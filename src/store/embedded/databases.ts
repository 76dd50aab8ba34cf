import { Client, type ClientConfig, DatabaseError } from 'pg';

/** Two services may start at once on one server; whoever comes second finds it made: duplicate_database, or the same seen by the catalogue's index. */
const MADE_MEANWHILE = new Set(['42P04', '23505']);

/**
 * Makes a database if the server has none of this name. `connection` is anything the package `pg` connects with; its user needs
 * the right to create databases. Returns the configuration with the database in it.
 */
export async function ensureDatabase<C extends ClientConfig>(connection: C, name: string): Promise<C & { database: string }> {
  const client = new Client(connection);
  await client.connect();
  try {
    const found = await client.query('select 1 from pg_database where datname = $1', [name]);
    if (found.rowCount === 0) await client.query(`create database ${client.escapeIdentifier(name)}`);
  } catch (error) {
    if (!(error instanceof DatabaseError && MADE_MEANWHILE.has(error.code ?? ''))) throw error;
  } finally {
    await client.end();
  }
  return { ...connection, database: name };
}

/** The same connection as a URL, for programs that want one. */
export function connectionUrl(connection: { host: string; port: number; user: string; database: string }): string {
  const { host, port, user, database } = connection;
  return `postgres://${encodeURIComponent(user)}@localhost:${port}/${encodeURIComponent(database)}?host=${encodeURIComponent(host)}`;
}
