-- Job schedules: intent written by API handlers, status by the account's owner.
create table job_schedule (
  schedule bigint generated always as identity primary key,
  account int not null references account,
  id text not null,
  id_key text not null,
  spec jsonb not null,
  -- ScheduleRules in src/store/rules.ts
  rules jsonb not null,
  -- What each of its jobs is made of: JobTemplate in src/store/rules.ts. Handed on as it is, so no jsonb.
  job json not null,
  created bigint not null,
  modified bigint not null,
  timing_sequence int not null default 1,
  action jsonb not null default '{"kind": "none"}',
  action_sequence int not null default 0,
  action_at bigint not null,
  deleted_at bigint
);
create unique index job_schedule_id on job_schedule (account, id_key);
create table job_schedule_status (
  schedule bigint primary key,
  state text not null,
  since bigint not null,
  previous_state text,
  previous_since bigint,
  action_sequence int not null,
  timing_sequence int not null,
  due bigint,
  last_due bigint,
  runs int not null,
  ended_at bigint,
  auto_pool_id text
) with (fillfactor = 50);
-- The schedule that made a job, and the job's number there. Null: a client made it.
alter table job add column schedule bigint, add column run int;
create index job_of_schedule on job (schedule, id_key) where schedule is not null;
alter table inbox drop constraint inbox_kind_check, add constraint inbox_kind_check check (kind in ('pool', 'job', 'tasks', 'task', 'schedule'));
