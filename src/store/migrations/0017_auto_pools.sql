-- What the auto pool of a job is made of (PoolTemplate in src/store/rules.ts). Null: the job names a pool.
alter table job add column auto_pool jsonb;
-- Made for a job or a schedule, and to go with it.
alter table pool add column is_auto boolean not null default false;
alter table job_status add column auto_pool_id text, add column scheduling_error jsonb;
