import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type BlobServer, startBlobServer } from '../../src/blobs/embedded/server.ts';
import { connectionUrl, ensureDatabase } from '../../src/store/embedded/databases.ts';
import { type TemporaryPostgres, temporaryPostgres } from './postgres.ts';

/** A real blob server of the test's own, on a PostgreSQL of its own unless one is given; two seconds to make. */
export interface TemporaryBlobs {
  readonly server: BlobServer;
  /** Ends it and removes what it left. */
  remove(): Promise<void>;
}

export async function temporaryBlobs(given?: TemporaryPostgres): Promise<TemporaryBlobs> {
  const database = given ?? (await temporaryPostgres());
  const directory = mkdtempSync(join(tmpdir(), 'linarite-blobs-'));
  const server = await startBlobServer({
    directory,
    databaseUrl: connectionUrl(await ensureDatabase(database.connection, 'azurite')),
    accountName: 'testaccount',
    accountKey: Buffer.from('a key that only tests use').toString('base64'),
  });
  return {
    server,
    async remove() {
      await server.stop();
      if (given === undefined) await database.remove();
      rmSync(directory, { recursive: true, force: true });
      rmSync(`${directory}.log`, { force: true });
    },
  };
}
