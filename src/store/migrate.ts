import { readdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { runner } from 'node-pg-migrate';
import type { Pool } from 'pg';

const DIRECTORY = fileURLToPath(new URL('migrations', import.meta.url));
const TABLE = 'migration';

/** The database was migrated by a newer linarite than this one. */
export class NewerDatabase extends Error {
  readonly code = 'NEWER_DATA';
  readonly migrations: readonly string[];
  constructor(migrations: readonly string[]) {
    super(`The database belongs to a newer version of linarite: it has ${migrations.join(', ')}, which this version does not know.`);
    this.migrations = migrations;
  }
}

/**
 * Brings the database to this version, in one transaction under an advisory lock (services that start at once wait for
 * each other). Returns the names of what was applied. Throws `NewerDatabase`.
 */
export async function migrate(pool: Pool): Promise<readonly string[]> {
  const client = await pool.connect();
  try {
    // An owner's pool forbids sequential scans, and large migrations take as long as they take.
    await client.query('set statement_timeout = 0');
    await refuseNewer(client);
    const applied = await runner({
      dbClient: client,
      dir: DIRECTORY,
      // Beside the .sql files nothing counts; a leading dot is ignored as usual.
      ignorePattern: '(\\..*|.*\\.(?!sql$)[^.]*)',
      migrationsTable: TABLE,
      direction: 'up',
      singleTransaction: true,
      advisoryLockMode: 'wait',
      log: () => {},
    });
    return applied.map(({ name }) => name);
  } finally {
    client.release(true);
  }
}

async function refuseNewer(client: { query(text: string): Promise<{ rows: Record<string, unknown>[] }> }): Promise<void> {
  const table = await client.query(`select to_regclass('public.${TABLE}') as found`);
  if (table.rows[0]?.['found'] === null) return;
  const known = new Set(readdirSync(DIRECTORY).filter((file) => file.endsWith('.sql')).map((file) => file.slice(0, -'.sql'.length)));
  const ran = await client.query(`select name from ${TABLE} order by id`);
  const unknown = ran.rows.map(({ name }) => String(name)).filter((name) => !known.has(name));
  if (unknown.length > 0) throw new NewerDatabase(unknown);
}
