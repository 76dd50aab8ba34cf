import { storedPool, viewOfPool } from '../../api/data/pool/view.ts';
import { createCore, resumeCore } from '../../core/core.ts';
import { calibrate } from '../../simulation/whatIf/calibration.ts';
import type { Distribution } from '../../simulation/whatIf/distribution.ts';
import type { Timing } from '../../simulation/whatIf/model.ts';
import { bootTimes, nodesAt, recordedJob, type RecordedJob } from '../../simulation/whatIf/recordedJob.ts';
import { connect } from '../../store/connect.ts';
import { postgresConnection } from '../../store/embedded/postgres.ts';
import { findAccount } from '../../store/intents/accounts.ts';
import { nodeHistory, taskHistory } from '../../store/intents/jobHistory.ts';
import { findJob } from '../../store/intents/jobs.ts';
import { findPool } from '../../store/intents/pools.ts';
import type { Database } from '../../store/intents/statement.ts';
import { readJournalAround } from '../../store/journal.ts';
import type { JobRules } from '../../store/rules.ts';
import type { PoolWithDefaults } from '../../wire/defaults.ts';
import { CommandError, EXIT } from '../errors.ts';
import { hint } from '../hint.ts';
import { dataDirectoryPath, findDataDirectory } from '../service/data/dataDirectory.ts';
import { provideKeys } from '../service/data/keys.ts';
import { runningService } from '../service/data/record.ts';
import { readExternals } from '../service/externals.ts';

/** A job of a service on this machine, with what it ran on. */
export interface Recorded extends RecordedJob {
  /** null: it has gone. */
  readonly pool: PoolWithDefaults | null;
  /** null: no node is known. */
  readonly boot: Distribution | null;
  /** Nodes that were there when its first task came. */
  readonly warm: { readonly dedicated: number; readonly lowPriority: number };
  readonly timing: Timing;
  /** What the simulation leaves out of it. */
  readonly leftOut: readonly string[];
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
  const rules = JSON.parse(job.rules) as JobRules;
  const recorded = recordedJob(job.id, rules, await taskHistory(database, job.job));
  if (recorded === null) throw new CommandError(EXIT.failure, `no task of job ${job.id} has ended: nothing is known of how long they take`);
  const pool = await findPool(database, account, rules.poolId || (job.autoPoolId ?? ''));
  const nodes = pool === null ? [] : await nodeHistory(database, account, pool.pool);
  const { targetDedicated, targetLowPriority } = pool === null ? { targetDedicated: 0, targetLowPriority: 0 } : viewOfPool(pool);
  return {
    ...recorded,
    pool: pool === null ? null : { ...storedPool(pool), targetDedicatedNodes: targetDedicated, targetLowPriorityNodes: targetLowPriority },
    boot: bootTimes(nodes),
    warm: nodesAt(nodes, recorded.beganAt),
    timing: await calibrate(readJournalAround(database, account, { from: recorded.beganAt, until: recorded.endedAt + JOURNAL_MARGIN_MS }), { createCore, resumeCore }),
    leftOut: [
      ...(rules.preparation ? ['its preparation and release tasks take no time'] : []),
      ...(recorded.unended === 0 ? [] : [`${recorded.unended} tasks that have not ended take as long as the others in the median`]),
    ],
  };
}

/** The last word of an agent is in the journal by then. */
const JOURNAL_MARGIN_MS = 2_000;
