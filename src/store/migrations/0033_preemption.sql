-- How many nodes of the pool were taken back, each time counted; null: none.
alter table pool_status add column preemptions int;
-- Drills, in which low-priority nodes are taken back: intent, written by API handlers. What they come to is the nodes' status.
create table drill (
  drill bigint generated always as identity primary key,
  account int not null references account,
  -- DrillRules in src/store/rules.ts
  rules jsonb not null,
  created bigint not null,
  -- Null: nobody has stopped it.
  stopped_at bigint
);
create index drill_of_account on drill (account, drill);
