-- Counts how often a formula was given to the pool after it was made, and says when last. The formula itself stands in the pool's rules.
alter table pool add column auto_scale_sequence int not null default 0, add column auto_scale_at bigint;
-- The last run of the pool's formula (AutoScaleStatus in src/core/status.ts). Null: it has none.
alter table pool_status add column auto_scale jsonb;
-- What was measured of pools whose size a formula decides, by the names of the formula language; a day of it.
create table pool_sample (
  pool bigint not null,
  at bigint not null,
  sample jsonb not null,
  primary key (pool, at)
);
