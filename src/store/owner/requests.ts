import type { OwnerRequest } from '../../core/decisions.ts';
import type { TickCommit } from '../ownerStore.ts';
import { json, numbers } from './literals.ts';
import { GO, type Part } from './part.ts';

/**
 * What the rules ask for, written as a handler would write it. The specification and what the rules need of it stand
 * beside the intent that asked for it: `job_schedule.job`, `job.auto_pool`.
 */

function asked<Kind extends OwnerRequest['kind']>({ decisions: { requests = [] } }: TickCommit, kind: Kind): readonly Extract<OwnerRequest, { readonly kind: Kind }>[] {
  return requests.filter((request): request is Extract<OwnerRequest, { readonly kind: Kind }> => request.kind === kind);
}

/** The job's manager is its first task: the owner reads it with the job, whose next number says that it is there. */
const ADD_JOBS: Part = {
  name: 'add-jobs',
  applies: (tick) => asked(tick, 'addJob').length > 0,
  sql: (next) => `asked_jobs as materialized (select r.*, s.job as template, (s.job ->> 'manager')::json as manager, ${next()}::bigint as at
      from json_to_recordset(${next()}::json) as r(schedule bigint, run int, id text) join job_schedule s on s.schedule = r.schedule where ${GO}),
    added_jobs as (insert into job (account, id, id_key, spec, rules, created, modified, action_at, schedule, run, auto_pool, next_task, slots_added)
      select $1, id, lower(id), (template -> 'spec')::jsonb || jsonb_build_object('id', id), (template -> 'rules')::jsonb, at, at, at, schedule, run,
        (template ->> 'autoPool')::jsonb, case when manager is null then 1 else 2 end, coalesce((manager ->> 'requiredSlots')::int, 0)
      from asked_jobs returning job, schedule),
    added_open_jobs as (insert into open_job (account, job) select $1, job from added_jobs),
    added_managers as (insert into task (job, task, id, id_key, spec, created, modified, required_slots, rules)
      select a.job, 1, manager ->> 'id', lower(manager ->> 'id'), manager -> 'spec', at, at, (manager ->> 'requiredSlots')::int, (manager ->> 'rules')::jsonb
      from added_jobs a join asked_jobs using (schedule) where manager is not null),
    added_job_entries as (insert into inbox (account, kind, subject) select $1, 'job', job from added_jobs)`,
  values: (tick) => [tick.now, json(asked(tick, 'addJob'))],
};

const ADD_POOLS: Part = {
  name: 'add-pools',
  applies: (tick) => asked(tick, 'addPool').length > 0,
  sql: (next) => `added_pools as (insert into pool (account, id, id_key, spec, rules, created, modified, target_dedicated, target_low_priority, resize_timeout_ms, node_deallocation,
      resize_requested_at, unavailable, is_auto)
      select $1, r.id, lower(r.id), (j.auto_pool -> 'spec') || jsonb_build_object('id', r.id), j.auto_pool -> 'rules', at, at, (j.auto_pool ->> 'targetDedicated')::int,
        (j.auto_pool ->> 'targetLowPriority')::int, (j.auto_pool ->> 'resizeTimeoutMs')::bigint, 'requeue', at, j.auto_pool ->> 'unavailable', not (j.auto_pool ->> 'keepAlive')::boolean
      from (select ${next()}::bigint as at) instant, json_to_recordset(${next()}::json) as r(job bigint, id text) join job j on j.job = r.job where ${GO}
      on conflict (account, id_key) do nothing returning pool),
    added_pool_entries as (insert into inbox (account, kind, subject) select $1, 'pool', pool from added_pools)`,
  values: (tick) => [tick.now, json(asked(tick, 'addPool'))],
};

const DELETE_AUTO_POOLS: Part = {
  name: 'delete-auto-pools',
  applies: (tick) => asked(tick, 'deleteAutoPool').length > 0,
  sql: (next) => `doomed_pools as (update pool set deleted_at = ${next()}::bigint where pool = any(${next()}::bigint[]) and is_auto and deleted_at is null and ${GO} returning pool),
    doomed_pool_entries as (insert into inbox (account, kind, subject) select $1, 'pool', pool from doomed_pools order by pool)`,
  values: (tick) => [tick.now, numbers(asked(tick, 'deleteAutoPool').map(({ pool }) => pool))],
};

const DELETE_JOBS: Part = {
  name: 'delete-jobs',
  applies: (tick) => asked(tick, 'deleteJobs').length > 0,
  sql: (next) => `doomed_jobs as (update job set deleted_at = ${next()}::bigint where job in (
      select d.job from json_to_recordset(${next()}::json) as r(schedule bigint, most int),
        lateral (select job from job where schedule = r.schedule and deleted_at is null order by job limit r.most) d) and deleted_at is null and ${GO} returning job),
    doomed_job_entries as (insert into inbox (account, kind, subject) select $1, 'job', job from doomed_jobs order by job)`,
  values: (tick) => [tick.now, json(asked(tick, 'deleteJobs'))],
};

export const REQUEST_PARTS: readonly Part[] = [ADD_JOBS, ADD_POOLS, DELETE_AUTO_POOLS, DELETE_JOBS];
