-- What clients ask of many tasks of a job at once: written by handlers, and by what carries it out, some tasks a transaction.
create table bulk_operation (
  operation uuid primary key,
  account int not null references account,
  job bigint not null,
  -- BulkWork in src/store/intents/bulkOperations.ts
  work jsonb not null,
  -- the tasks that it is about, in order, and how many of them have been seen to
  numbers bigint[] not null,
  done int not null default 0,
  changed int not null default 0,
  -- BulkSkipped[]
  skipped jsonb not null default '[]',
  created bigint not null,
  -- null: it is under way
  ended_at bigint,
  -- {"code", "message"}; null: it was carried out, or is under way
  failure jsonb
);
create index bulk_operation_of_account on bulk_operation (account, created);
