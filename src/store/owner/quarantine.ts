import type { Pool } from 'pg';
import type { AccountNumber } from '../../core/keys.ts';
import type { QuarantineKey, Quarantined, QuarantineSubject } from '../ownerStore.ts';
import { json, numbers } from './literals.ts';
import { GO, type Part } from './part.ts';

/** A few rows, so everything of them is JSON in the words of `Quarantined`. */
const ROWS = `select epoch, tick, at, core_version as "coreVersion", subject, unit, error from quarantine where account = $1 order by epoch, tick`;

interface QuarantineRow extends QuarantineKey {
  readonly at: number;
  readonly coreVersion: string;
  readonly subject: QuarantineSubject;
  readonly unit: unknown;
  readonly error: string;
}

export async function readQuarantine(pool: Pool, account: AccountNumber): Promise<readonly Quarantined[]> {
  return (await pool.query<QuarantineRow>({ name: 'quarantine', text: ROWS, values: [account] })).rows;
}

const ASIDE: Part = {
  name: 'aside',
  applies: ({ quarantine }) => quarantine?.aside !== undefined && quarantine.aside.length > 0,
  sql: (next) => `aside as (insert into quarantine (account, epoch, tick, at, core_version, subject, unit, error)
    select $1, epoch, tick, at, "coreVersion", subject, unit, error
    from json_to_recordset(${next()}::json) as r(epoch bigint, tick bigint, at bigint, "coreVersion" text, subject jsonb, unit jsonb, error text)
    where ${GO} on conflict do nothing)`,
  values: ({ quarantine }) => [json(quarantine?.aside ?? [])],
};

function keys(rows: readonly QuarantineKey[]): readonly string[] {
  return [numbers(rows.map(({ epoch }) => epoch)), numbers(rows.map(({ tick }) => tick))];
}
function isNamed(next: () => string): string {
  return `account = $1 and (epoch, tick) in (select * from unnest(${next()}::bigint[], ${next()}::bigint[])) and ${GO}`;
}

/**
 * The ranges of a job's open tasks know nothing of tasks that were left out: without ranges every task is looked at.
 */
const AGAIN: Part = {
  name: 'again',
  applies: ({ quarantine }) => quarantine?.again !== undefined && quarantine.again.length > 0,
  sql: (next) => `again as (delete from quarantine where ${isNamed(next)} returning subject),
    again_entries as (insert into inbox (account, kind, subject, task)
      select $1, subject ->> 'kind', coalesce(subject ->> 'pool', subject ->> 'schedule', subject ->> 'job')::bigint, coalesce(subject ->> 'task', '0')::bigint
      from again where subject ->> 'kind' in ('pool', 'job', 'tasks', 'task', 'schedule')),
    again_jobs as (update job_status set open_tasks = null where job in (select job from open_job where account = $1) and ${GO})`,
  values: ({ quarantine }) => keys(quarantine?.again ?? []),
};

const OVER: Part = {
  name: 'over',
  applies: ({ quarantine }) => quarantine?.over !== undefined && quarantine.over.length > 0,
  sql: (next) => `over_rows as (delete from quarantine where ${isNamed(next)}),
    over_nodes as (update node set gone_at = ${next()}::bigint where account = $1 and pool = any(${next()}::bigint[]) and gone_at is null and ${GO})`,
  values: ({ quarantine, now, decisions: { gone } }) => [...keys(quarantine?.over ?? []), now, numbers(gone.pools)],
};

export const QUARANTINE_PARTS: readonly Part[] = [ASIDE, AGAIN, OVER];
