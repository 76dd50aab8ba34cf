-- Statuses of tasks in fewer and narrower columns: words as numbers, what most tasks never have aside in `seldom` (TASK_STATUS in src/store/status/taskStatus.ts).
-- rewrites: task_status
-- Written anew, as all rows change; it takes as much room again until the former table is gone.
set local enable_seqscan = on;
create table narrow_task_status (
  job bigint not null,
  task bigint not null,
  since bigint not null,
  previous_since bigint,
  node bigint,
  started_at bigint,
  ended_at bigint,
  attempt int not null,
  exit_code int,
  state smallint not null,
  previous_state smallint,
  cause smallint not null,
  result smallint,
  dependency smallint,
  seldom jsonb
) with (fillfactor = 60);
insert into narrow_task_status (job, task, since, previous_since, node, started_at, ended_at, attempt, exit_code, state, previous_state, cause, result, dependency, seldom)
  select job, task, since, previous_since, node, started_at, ended_at, attempt, exit_code,
    array_position('{active,offered,preparing,starting,running,completed}'::text[], state),
    array_position('{active,offered,preparing,starting,running,completed}'::text[], previous_state),
    array_position('{added,offered,started,exited,retry,revoked,nodeLost,nodeRemoved,jobDisabled,jobTerminated,terminatedByUser,reactivated,shutdown}'::text[], cause),
    array_position('{success,failure}'::text[], result),
    array_position('{satisfy,block}'::text[], dependency),
    case when coalesce(nullif(failure, 'null'), to_jsonb(last_retry_at), to_jsonb(last_requeue_at)) is not null or retry_count <> 0 or requeue_count <> 0 or reactivate_sequence <> 0 then
      jsonb_strip_nulls(jsonb_build_object('retry_count', nullif(retry_count, 0), 'last_retry_at', last_retry_at, 'requeue_count', nullif(requeue_count, 0), 'last_requeue_at', last_requeue_at,
        'reactivate_sequence', nullif(reactivate_sequence, 0)))
      || case when failure is null or failure = 'null' then '{}' else jsonb_build_object('failure', failure) end
    end
  from task_status;
drop table task_status;
alter table narrow_task_status rename to task_status;
alter table task_status add constraint task_status_pkey primary key (job, task);
