import type { Pool } from 'pg';
import type { JobNumber, PoolNumber } from '../../core/keys.ts';
import { numbers } from './literals.ts';

export async function readJobSpecs(pool: Pool, jobs: readonly JobNumber[]): Promise<readonly { job: JobNumber; id: string; spec: unknown }[]> {
  return (await pool.query({ name: 'job-specs', text: 'select job, id, spec from job where job = any($1::bigint[])', values: [numbers(jobs)] })).rows;
}

/** The primary key alone. */
export async function readKnownJobs(pool: Pool, jobs: readonly JobNumber[]): Promise<readonly JobNumber[]> {
  const { rows } = await pool.query<{ job: JobNumber }>({ name: 'known-jobs', text: 'select job from job where job = any($1::bigint[])', values: [numbers(jobs)] });
  return rows.map(({ job }) => job);
}

export async function readPoolSpecs(pool: Pool, pools: readonly PoolNumber[]): Promise<readonly { pool: PoolNumber; id: string; spec: unknown }[]> {
  return (await pool.query({ name: 'pool-specs', text: 'select pool, id, spec from pool where pool = any($1::bigint[])', values: [numbers(pools)] })).rows;
}
