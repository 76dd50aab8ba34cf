-- Jobs that are not completed: written with the job, removed in the tick that completes it or lets it go. Counting and loading them costs nothing for jobs that are over.
create table open_job (
  account int not null,
  job bigint not null,
  primary key (account, job)
);
insert into open_job (account, job)
  select j.account, j.job from job j left join job_status s on s.job = j.job where s.state is distinct from 'completed';
-- Completed jobs that a client deletes: few, and only until the owner has looked.
create index job_deleted on job (account, job) where deleted_at is not null;

-- Ranges of task numbers, [[first, last], …], outside which no task of the job is open; null: not known, every number has to be looked at.
alter table job_status add column open_tasks jsonb;
