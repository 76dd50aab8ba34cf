-- What programs measured of a pool for its formula (OwnSample in src/core/pool/samples.ts); a day of it, one row a name and half minute.
create table own_sample (
  pool bigint not null references pool on delete cascade,
  -- without $Own_
  name text not null,
  -- of 30 s, counted from 1970
  half_minute bigint not null,
  at bigint not null,
  value double precision not null,
  primary key (pool, name, half_minute)
);

-- Of an entry 'samples': the rows of own_sample that it tells of, [[name, at, value], …]. An owner that does not know the kind passes over it.
alter table inbox add column samples jsonb;
alter table inbox drop constraint inbox_kind_check, add constraint inbox_kind_check check (kind in ('pool', 'job', 'tasks', 'task', 'schedule', 'node', 'account', 'samples'));
