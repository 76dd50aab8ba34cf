-- A certificate's file and its password, sealed as the secrets of specifications are (src/store/sealedSpecs.ts). Rows of
-- earlier versions have them in data and password until they are sealed.
alter table certificate add column sealed text;
alter table certificate alter column data drop not null;

-- Columns that may hold secrets in plain text, as earlier versions left them. A start of the service seals them, and
-- takes their names from here (src/store/sealStored.ts).
create table unsealed (
  name text primary key
);
insert into unsealed
  select name from (values
    ('certificate', exists (select from certificate)),
    ('pool.spec', exists (select from pool)),
    ('job.spec', exists (select from job)),
    ('job.auto_pool', exists (select from job)),
    ('job_schedule.spec', exists (select from job_schedule)),
    ('job_schedule.job', exists (select from job_schedule)),
    ('task.spec', exists (select from task))
  ) as columns (name, is_filled) where is_filled;
