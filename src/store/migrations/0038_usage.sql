-- What nodes of a pool cost in an hour (UsageHour in src/core/decisions.ts), kept for 400 days; `hour`: since 1970.
create table usage_hour (
  account int not null,
  hour int not null,
  pool bigint not null,
  pool_id text not null,
  size text not null,
  low_priority boolean not null,
  node_ms bigint not null,
  busy_ms bigint not null,
  lost_ms bigint not null,
  primary key (account, hour, pool, size, low_priority)
);
-- Up to when the pool's nodes have been counted, and how many count since (PoolMeter in src/core/status.ts). Null: not yet.
alter table pool_status add column meter jsonb;
-- What the job's tasks have used of nodes (JobUsage). Null: nothing yet.
alter table job_status add column usage jsonb;
