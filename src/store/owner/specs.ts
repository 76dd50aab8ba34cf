import type { Pool } from 'pg';
import type { JobNumber, PoolNumber } from '../../core/keys.ts';
import type { PoolSpec } from '../ownerStore.ts';
import { numbers } from './literals.ts';

export async function readJobSpecs(pool: Pool, jobs: readonly JobNumber[]): Promise<readonly { job: JobNumber; id: string; spec: unknown }[]> {
  return (await pool.query({ name: 'job-specs', text: 'select job, id, spec from job where job = any($1::bigint[])', values: [numbers(jobs)] })).rows;
}

/** The primary key alone. */
export async function readKnownJobs(pool: Pool, jobs: readonly JobNumber[]): Promise<readonly JobNumber[]> {
  const { rows } = await pool.query<{ job: JobNumber }>({ name: 'known-jobs', text: 'select job from job where job = any($1::bigint[])', values: [numbers(jobs)] });
  return rows.map(({ job }) => job);
}

/** A specification names certificates by thumbprint: what they hold comes with it. */
const POOL_SPECS = `select p.pool, p.id, p.spec, c.certificates from pool p,
  lateral (
    select coalesce(json_agg(json_build_object('thumbprint', c.thumbprint, 'format', c.format, 'sealed', c.sealed, 'data', encode(c.data, 'base64'), 'password', c.password)), '[]') as certificates
    from jsonb_array_elements(p.spec->'certificateReferences') r join certificate c on c.account = p.account and c.thumbprint_key = lower(r->>'thumbprint')
  ) c
  where p.pool = any($1::bigint[])`;

export async function readPoolSpecs(pool: Pool, pools: readonly PoolNumber[]): Promise<readonly PoolSpec[]> {
  return (await pool.query({ name: 'pool-specs', text: POOL_SPECS, values: [numbers(pools)] })).rows;
}
