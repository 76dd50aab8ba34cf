import { Client, type ClientConfig, DatabaseError } from 'pg';

/**
 * Two services may start at once on one server. The second one finds the database made: duplicate_database, or the same
 * from the catalogue's index.
 */
const MADE_MEANWHILE = new Set(['42P04', '23505']);

/**
 * Makes a database if the server has none of this name. `connection` is anything the package `pg` connects with; its
 * user needs the right to create databases. Returns the configuration with the database in it.
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

/**
 * Makes the database of the embedded blob server beside ours, on the same server, and returns its URL: `azurite` on a
 * PostgreSQL of our own, `<ours>_blobs` on one that others use too.
 */
export async function blobDatabaseUrl(ours: { host: string; port: number; user: string; database: string } | { connectionString: string }): Promise<string> {
  if (!('connectionString' in ours)) return connectionUrl(await ensureDatabase(ours, 'azurite'));
  const url = new URL(ours.connectionString);
  const name = `${decodeURIComponent(url.pathname.slice(1)) || 'linarite'}_blobs`;
  await ensureDatabase({ connectionString: ours.connectionString }, name);
  url.pathname = `/${encodeURIComponent(name)}`;
  return url.href;
}

/** The settings that decide whether what was acknowledged is on the disk. */
export async function durabilitySettings(connection: ClientConfig): Promise<Record<string, string>> {
  const client = new Client({ ...connection, connectionTimeoutMillis: 5_000 });
  await client.connect();
  try {
    const found = await client.query<{ name: string; setting: string }>(
      "select name, setting from pg_settings where name in ('fsync', 'synchronous_commit', 'full_page_writes', 'server_version')",
    );
    return Object.fromEntries(found.rows.map(({ name, setting }) => [name, setting]));
  } finally {
    await client.end();
  }
}
