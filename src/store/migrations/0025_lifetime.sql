-- What the statistics of an account's lifetime still count of tasks and nodes whose rows have been removed; all others are counted in their rows (intents/lifetime.ts).
create table lifetime_tasks (
  account int primary key references account,
  succeeded bigint not null,
  failed bigint not null,
  retries bigint not null,
  -- milliseconds
  wall_clock bigint not null,
  wait bigint not null
);
create table lifetime_nodes (
  account int not null references account,
  vm_size text not null,
  -- milliseconds of dedicated nodes
  dedicated bigint not null,
  primary key (account, vm_size)
);
-- Whose the tasks are. Null: of a version before, which counted none.
alter table gone_job add column account int;
