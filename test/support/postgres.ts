import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ensureDatabase } from '../../src/store/embedded/databases.ts';
import { type Postgres, type PostgresConnection, startPostgres } from '../../src/store/embedded/postgres.ts';

/** A real PostgreSQL of the test's own, with an empty database; about a second to make. */
export interface TemporaryPostgres {
  readonly postgres: Postgres;
  readonly connection: PostgresConnection;
  /** Ends it and removes what it left. */
  remove(): Promise<void>;
}

export async function temporaryPostgres(): Promise<TemporaryPostgres> {
  const directory = mkdtempSync(join(tmpdir(), 'linarite-pg-'));
  const postgres = await startPostgres({ directory });
  return {
    postgres,
    connection: await ensureDatabase(postgres.connection, 'linarite'),
    async remove() {
      await postgres.stop();
      rmSync(directory, { recursive: true, force: true });
      rmSync(`${directory}.log`, { force: true });
    },
  };
}
