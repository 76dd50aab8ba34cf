-- Tasks that have ended with the result `failure`, written by the owner alone; a row stays when its task is made active again, until the task goes. An index on task_status would keep the updates of all tasks from being heap-only.
create table failed_task (
  job bigint not null,
  task bigint not null,
  primary key (job, task)
);
insert into failed_task (job, task) select job, task from task_status where result = 'failure';
-- Ids in the order of their characters' numbers, whatever the database's locale: so the index gives those that begin alike.
alter table task alter column id_key type text collate "C";
