import { readRun } from '../../api/own/simulations/recorded.ts';
import type { RecordedRun } from '../../ports.ts';
import { connect } from '../../store/connect.ts';
import { postgresConnection } from '../../store/embedded/postgres.ts';
import { findAccount } from '../../store/intents/accounts.ts';
import { findJob } from '../../store/intents/jobs.ts';
import type { Database } from '../../store/intents/statement.ts';
import type { PoolWithDefaults } from '../../wire/defaults.ts';
import { CommandError, EXIT } from '../errors.ts';
import { hint } from '../hint.ts';
import { dataDirectoryPath, findDataDirectory } from '../service/data/dataDirectory.ts';
import { provideKeys } from '../service/data/keys.ts';
import { runningService } from '../service/data/record.ts';
import { readExternals } from '../service/externals.ts';

/** A job of a service on this machine, with the pool that it ran on; null: that has gone. */
export interface Recorded {
  readonly run: RecordedRun;
  readonly pool: PoolWithDefaults | null;
}

/** Reads it from the database, and what passed meanwhile from the journal. @throws CommandError */
export async function readRecorded(jobId: string, dataDir: string | undefined): Promise<Recorded> {
  const path = dataDirectoryPath(dataDir);
  const directory = findDataDirectory(path);
  const service = directory === undefined ? undefined : runningService(directory);
  if (directory === undefined || service === undefined) throw new CommandError(EXIT.notRunning, `no service runs on ${path}, so its jobs cannot be read: start one with ${hint('up --detach', dataDir)}`);
  const { databaseUrl } = readExternals(directory);
  const connection = databaseUrl === undefined ? { ...postgresConnection(directory.database), database: 'linarite' } : { connectionString: databaseUrl };
  const database = connect(connection, 'migration');
  try {
    return await readJob(database, jobId, provideKeys(directory.keys, service.wellKnownKeys).batch.name);
  } finally {
    await database.end();
  }
}

async function readJob(database: Database, jobId: string, accountName: string): Promise<Recorded> {
  const account = await findAccount(database, accountName);
  const job = account === null ? null : await findJob(database, account, jobId);
  if (account === null || job === null) throw new CommandError(EXIT.failure, `there is no job ${jobId}`);
  const read = await readRun(database, account, job, null);
  if (read === null) throw new Error('a job is read however large it is');
  return read;
}
