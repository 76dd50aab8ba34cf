-- Blobs of the account's storage, each with what tasks of one node left (src/control/logArchive.ts). There is a row before there is a blob, and as long as there may be one.
create table archive_object (
  object bigint generated always as identity primary key,
  account int not null references account,
  blob text not null,
  begun_at bigint not null,
  -- null: what is in it, if it is there at all, is not on record
  recorded_at bigint,
  size_bytes bigint
);
create index archive_object_account on archive_object (account, object);
-- Where the files of a task lie: those of its last attempt that was archived.
create table archived_task (
  job bigint not null,
  task bigint not null,
  account int not null,
  object bigint not null references archive_object,
  attempt int not null,
  -- the end of the task's retention time; null: there is none
  expires_at bigint,
  -- ArchivedFile[] in src/agent/frames.ts
  files jsonb not null,
  primary key (job, task)
);
create index archived_task_object on archived_task (object);
create index archived_task_expires_at on archived_task (account, expires_at);
-- Files of completed tasks that clients have deleted, wherever they lay: intent, so handlers alone write it.
create table deleted_file (
  job bigint not null,
  task bigint not null,
  attempt int not null,
  path text not null,
  primary key (job, task, attempt, path)
);
