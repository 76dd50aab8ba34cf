-- Intent and status are two tables of each resource: API handlers write the first, the account's owner the second; no row has two writers.
-- Times are milliseconds since 1970 (bigint); `modified` grows strictly per row, the ETag is made from it.

create table account (
  account int primary key,
  name text not null unique,
  created bigint not null
);

-- One owner per account. Heartbeats and take-over are judged by this database's clock.
create table process (
  process uuid primary key,
  url text not null,
  heartbeat timestamptz not null default now()
);
create table ownership (
  account int primary key references account,
  process uuid,
  epoch bigint not null default 0
);

-- What an owner has to look at again; written in the transaction of the intent, removed in the tick that took it in.
create table inbox (
  entry bigint generated always as identity,
  account int not null,
  kind text not null check (kind in ('pool', 'job', 'tasks', 'task')),
  subject bigint not null,
  task bigint not null default 0,
  primary key (account, entry)
);

create table pool (
  pool bigint generated always as identity primary key,
  account int not null references account,
  id text not null,
  id_key text not null,
  spec jsonb not null,
  -- what the rules need of the specification, taken out once when it is written: PoolRules in src/store/rules.ts
  rules jsonb not null,
  created bigint not null,
  modified bigint not null,
  target_dedicated int not null,
  target_low_priority int not null,
  resize_timeout_ms bigint not null,
  node_deallocation text not null,
  resize_sequence int not null default 1,
  resize_requested_at bigint not null,
  stop_sequence int not null default 0,
  unavailable text,
  deleted_at bigint
);
create unique index pool_id on pool (account, id_key);

create table pool_status (
  pool bigint primary key,
  allocation_state text not null,
  allocation_since bigint not null,
  resize_sequence int not null,
  stop_sequence int not null,
  resize_errors jsonb not null default '[]',
  current_dedicated int not null,
  current_low_priority int not null
);

-- Written by the owner alone. A node that has left stays (gone_at), so that its tasks can still name it.
create table node (
  node bigint primary key,
  account int not null,
  pool bigint not null,
  id text not null,
  id_key text not null,
  gone_at bigint,
  status jsonb not null
) with (fillfactor = 50);
create index node_number on node (account, node);
create index node_pool on node (account, pool, id_key) where gone_at is null;

create table job (
  job bigint generated always as identity primary key,
  account int not null references account,
  id text not null,
  id_key text not null,
  spec jsonb not null,
  -- JobRules in src/store/rules.ts
  rules jsonb not null,
  created bigint not null,
  modified bigint not null,
  next_task bigint not null default 1,
  slots_added bigint not null default 0,
  -- counts requests to make tasks of it active again: a job must not end by itself beside one
  reactivations bigint not null default 0,
  action jsonb not null default '{"kind": "none"}',
  action_sequence int not null default 0,
  action_at bigint not null,
  deleted_at bigint
) with (fillfactor = 50);
create unique index job_id on job (account, id_key);

create table job_status (
  job bigint primary key,
  state text not null,
  since bigint not null,
  previous_state text,
  previous_since bigint,
  action_sequence int not null,
  ended_at bigint,
  terminate_reason text,
  ingested bigint not null,
  tasks_active bigint not null, tasks_running bigint not null, tasks_succeeded bigint not null, tasks_failed bigint not null,
  slots_active bigint not null, slots_running bigint not null, slots_succeeded bigint not null, slots_failed bigint not null
) with (fillfactor = 50);

create table task (
  job bigint not null,
  task bigint not null,
  id text not null,
  id_key text not null,
  -- written once and handed on as it is: as text it costs a third of jsonb both ways
  spec json not null,
  created bigint not null,
  modified bigint not null,
  required_slots int not null,
  -- TaskRules in src/store/rules.ts; null: nothing but defaults
  rules jsonb,
  terminate_at bigint,
  reactivate_sequence int not null default 0,
  deleted_at bigint,
  primary key (job, task)
);
-- An id may be used again once its task is deleted. Not a partial index: to the planner, without statistics, that would be as good a way to a range of numbers as the key is.
create unique index task_id on task (job, id_key, (case when deleted_at is null then 0 else task end));

-- A task without a row here was never attempted: it is active since it was added. No index but the key: updates stay heap-only.
create table task_status (
  job bigint not null,
  task bigint not null,
  state text not null,
  since bigint not null,
  previous_state text,
  previous_since bigint,
  cause text not null,
  attempt int not null,
  node bigint,
  started_at bigint,
  ended_at bigint,
  exit_code int,
  result text,
  failure jsonb,
  retry_count int not null,
  last_retry_at bigint,
  requeue_count int not null,
  last_requeue_at bigint,
  reactivate_sequence int not null,
  dependency text,
  primary key (job, task)
) with (fillfactor = 60);

-- Written by the owner alone: ids whose tasks have satisfied what depends on them, where no task_status says so any more (deleted, or made active again).
create table satisfied_id (
  job bigint not null,
  id_key text not null,
  primary key (job, id_key)
);

-- A tick's inputs in order, with what makes it replay exactly.
create table journal (
  account int not null,
  epoch bigint not null,
  tick bigint not null,
  at bigint not null,
  core_version text not null,
  seed bigint not null,
  inputs bytea not null,
  primary key (account, at, epoch, tick)
) partition by range (at);
-- Catches what no partition was made for in time; kept empty by trimJournal.
create table journal_rest partition of journal default;

-- Jobs that are gone and whose tasks are still to be cleared away, batch by batch: a job of a million tasks must not hold up a tick.
create table gone_job (
  job bigint primary key
);
