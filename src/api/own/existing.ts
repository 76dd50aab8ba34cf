import type { AccountNumber } from '../../core/keys.ts';
import { findJob, type JobWithStatus } from '../../store/intents/jobs.ts';
import { findPool, type PoolWithStatus } from '../../store/intents/pools.ts';
import type { Database } from '../../store/intents/statement.ts';
import { BatchError } from '../../wire/errors.ts';
import { param } from '../call.ts';
import type { OwnCall } from './call.ts';

/** The job that the path names. @throws BatchError JobNotFound. */
export async function jobOf(call: OwnCall, database: Database): Promise<JobWithStatus> {
  const job = await findJob(database, call.account, param(call, 'jobId'));
  if (job === null) throw new BatchError('JobNotFound');
  return job;
}

/** The pool that the path names. @throws BatchError PoolNotFound. */
export function poolOf(call: OwnCall, database: Database): Promise<PoolWithStatus> {
  return poolOfId(database, call.account, param(call, 'poolId'));
}

async function poolOfId(database: Database, account: AccountNumber, id: string): Promise<PoolWithStatus> {
  const pool = await findPool(database, account, id);
  if (pool === null) throw new BatchError('PoolNotFound');
  return pool;
}
