import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Pool } from 'pg';
import { connect } from '../../src/store/connect.ts';
import { ensureDatabase } from '../../src/store/embedded/databases.ts';
import { type Postgres, type PostgresConnection, startPostgres } from '../../src/store/embedded/postgres.ts';
import { migrate } from '../../src/store/migrate.ts';

/** A real PostgreSQL of the test's own, with an empty database; about a second to make. */
export interface TemporaryPostgres {
  /** The one that runs now. */
  readonly postgres: Postgres;
  readonly connection: PostgresConnection;
  /** Starts it again after the test killed it. */
  restart(): Promise<void>;
  /** Ends it and removes what it left. */
  remove(): Promise<void>;
}

export async function temporaryPostgres(): Promise<TemporaryPostgres> {
  const directory = mkdtempSync(join(tmpdir(), 'linarite-pg-'));
  let postgres = await startPostgres({ directory });
  return {
    get postgres() {
      return postgres;
    },
    connection: await ensureDatabase(postgres.connection, 'linarite'),
    async restart() {
      postgres = await startPostgres({ directory });
    },
    async remove() {
      await postgres.stop();
      rmSync(directory, { recursive: true, force: true });
      rmSync(`${directory}.log`, { force: true });
    },
  };
}

/**
 * A temporary PostgreSQL with this release's tables and account 1, and connections of an owner, which `remove` ends.
 */
export async function temporaryDatabase(overrides: Parameters<typeof connect>[2] = {}): Promise<TemporaryPostgres & { readonly pool: Pool }> {
  const temporary = await temporaryPostgres();
  const pool = connect(temporary.connection, 'owner', overrides);
  await migrate(pool);
  await pool.query("insert into account (account, name, created) values (1, 'one', 0)");
  return {
    get postgres() {
      return temporary.postgres;
    },
    connection: temporary.connection,
    pool,
    restart: temporary.restart,
    async remove() {
      await pool.end();
      await temporary.remove();
    },
  };
}
