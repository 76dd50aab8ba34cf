import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ensureDatabase } from '../../src/store/embedded/databases.ts';
import { type Postgres, type PostgresConnection, startPostgres } from '../../src/store/embedded/postgres.ts';

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
