-- What ticks have changed (Transition in src/core/transitions), for those who listen: a row a tick, written in its commit, and one more for each job that ended by itself in it.
-- Kept for a time and up to a size (maintenance/transitions.ts), in partitions that are dropped as a whole, as the journal is.
create table transition (
  account int not null,
  epoch bigint not null,
  tick bigint not null,
  -- the place of its first transition within the tick
  first int not null,
  at bigint not null,
  -- deflated JSON (src/store/transitionCode.ts)
  data bytea not null,
  -- ids of tasks that stand in the data without, and of their jobs: {"job.task": id, "job": id}
  names jsonb,
  primary key (account, epoch, tick, first, at)
) partition by range (at);
-- Catches what no partition was made for in time.
create table transition_rest partition of transition default;

-- The last tick of an account of which transitions were dropped: who has not heard of it by then has missed some.
create table transition_floor (
  account int primary key,
  epoch bigint not null,
  tick bigint not null
);
