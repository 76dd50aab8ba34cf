-- What the processes of a task's tries have used (TaskUsage in src/core/task/usage.ts): [user us, kernel us, reads, writes, bytes read, bytes written]. Null: not known.
alter table task_status add column used jsonb;
-- The same of tasks that have no rows any more.
alter table lifetime_tasks
  add column user_us numeric not null default 0,
  add column kernel_us numeric not null default 0,
  add column read_ops numeric not null default 0,
  add column write_ops numeric not null default 0,
  add column read_bytes numeric not null default 0,
  add column write_bytes numeric not null default 0;
