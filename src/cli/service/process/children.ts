import { join } from 'node:path';
import { messageOf } from '../../../base/errors.ts';
import type { BlobServer } from '../../../blobs/embedded/server.ts';
import type { Connection } from '../../../store/connect.ts';
import type { Postgres } from '../../../store/embedded/postgres.ts';
import { CommandError, EXIT } from '../../errors.ts';
import type { Composition } from './composition.ts';
import { placeOfDatabase } from '../externals.ts';
import { StorageAccounts } from '../../../blobs/accounts.ts';
import { isLoopback } from '../../../processes/machine.ts';
import { moveIfLong } from '../log/log.ts';
import { portTaken } from './portTaken.ts';
import type { ServiceOptions } from '../data/record.ts';
import { type Supervised, supervise } from './supervise.ts';

/**
 * The database: PostgreSQL of our own, kept running, or the one of `--database-url`. Its code is loaded only where it
 * runs.
 */
export async function startDatabase(given: Composition): Promise<Connection> {
  const { directory, cleanups, log, externals, record, rooms, troubles } = given;
  if (externals.databaseUrl !== undefined) return reachDatabase(externals.databaseUrl);
  const [{ startPostgres }, { ensureDatabase }] = await Promise.all([import('../../../store/embedded/postgres.ts'), import('../../../store/embedded/databases.ts')]);
  const logFile = join(directory.logs, 'postgres.log');
  moveIfLong(logFile);
  const binariesDirectory = directory.place ?? directory.root;
  const postgres: Supervised<Postgres> = await supervise({
    name: 'PostgreSQL',
    start: () => startPostgres({ directory: directory.database, logFile, binariesDirectory, ...(directory.memory === null ? {} : { roomBytes: directory.memory.bytes }) }),
    log,
    onChange: () => record.partChanged(),
  });
  cleanups.add('PostgreSQL', () => postgres.stop());
  rooms.whenSeen(() => postgres.hurry());
  troubles.push(() => postgres.trouble());
  record.watch('database', () => postgres.record());
  return ensureDatabase(postgres.current().connection, 'linarite');
}

/**
 * The database that was given, once it has answered. Throws `CommandError` with its place and why not, without
 * credentials.
 */
export async function reachDatabase(databaseUrl: string): Promise<Connection> {
  const { durabilitySettings } = await import('../../../store/embedded/databases.ts');
  try {
    await durabilitySettings({ connectionString: databaseUrl });
  } catch (error) {
    throw new CommandError(EXIT.failure, `cannot use the database at ${placeOfDatabase(databaseUrl)} (LINARITE_DATABASE_URL or --database-url): ${reasonOf(error)}`);
  }
  return { connectionString: databaseUrl };
}

/** Node.js gives the reasons in `errors` alone where a name has several addresses and none answers. */
function reasonOf(error: unknown): string {
  return error instanceof AggregateError ? error.errors.map(messageOf).join('; ') : messageOf(error);
}

/**
 * The storage account: the blob server of our own, kept running, or the one of LINARITE_STORAGE_CONNECTION_STRING. Its
 * process loads while the database starts.
 */
export async function startStorage(given: Composition, database: Promise<Connection>): Promise<StorageAccounts> {
  const { directory, cleanups, log, externals, keys, record, options, rooms } = given;
  if (externals.storage !== undefined) {
    if (options.blobPort !== undefined) throw new CommandError(EXIT.usage, `--blob-port is for the blob server of our own; the storage account ${externals.storage.accountName} was given`);
    record.blobEndpoint = externals.storage.endpoint;
    return new StorageAccounts({ first: externals.storage, serve: null, now: Date.now });
  }
  const [{ BlobPortTaken, startBlobServer }, { blobDatabaseUrl }] = await Promise.all([import('../../../blobs/embedded/server.ts'), import('../../../store/embedded/databases.ts')]);
  const databaseUrl = database.then(blobDatabaseUrl);
  const logFile = join(directory.logs, 'blobs.log');
  moveIfLong(logFile);
  const { name: accountName, key: accountKey } = keys.storage;
  let port = options.blobPort;
  let accounts: StorageAccounts | undefined;
  const blobs: Supervised<BlobServer> = await supervise({
    name: 'the blob server',
    start: async () => {
      const given = { directory: directory.blobs, databaseUrl, accountName, accountKey, more: accounts?.further() ?? [], logFile, verbose: options.logLevel === 'debug', ...(port === undefined ? {} : { port }), ...firstPort(options) };
      const server = await startBlobServer(given).catch((error: unknown) => {
        throw error instanceof BlobPortTaken ? portTaken(error.port, '127.0.0.1', '--blob-port') : error;
      });
      port = Number(new URL(server.endpoint).port);
      return server;
    },
    log,
    onChange: () => record.partChanged(),
  });
  cleanups.add('blob server', () => blobs.stop());
  rooms.whenSeen(() => blobs.hurry());
  record.watch('blobs', () => blobs.record());
  const { endpoint } = blobs.current();
  record.blobEndpoint = endpoint;
  accounts = new StorageAccounts({ first: { accountName, accountKey, endpoint }, serve: (more) => blobs.current().setAccounts(more), now: Date.now });
  return accounts;
}

/**
 * From here on the usual systems take ports for outgoing connections: one that is free today may be in use at the next
 * start.
 */
const FIRST_OUTGOING_PORT = 32_768;

/** Beside the service's port, so that both can be known beforehand: 10801. */
function firstPort({ port }: ServiceOptions): { firstPort?: number } {
  return port === 0 || port + 1 >= FIRST_OUTGOING_PORT ? {} : { firstPort: port + 1 };
}

/** What the storage in use cannot guarantee. */
export function storageLimits({ options, externals }: Composition): string[] {
  if (externals.storage !== undefined || isLoopback(options.host)) return [];
  return ['the embedded blob server is reachable from this machine alone: other machines need a storage account in LINARITE_STORAGE_CONNECTION_STRING'];
}
