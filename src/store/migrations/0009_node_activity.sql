-- What of a node changes with each task, apart from what changes seldom and is large (node.status): NODE_ACTIVITY in src/store/status/nodeActivity.ts.
-- Of recent tasks only the names are kept ([job, task, …], newest first): what became of a task stands in its own row.
create table node_activity (
  node bigint primary key,
  state smallint not null,
  since bigint not null,
  running_tasks int not null,
  running_slots int not null,
  total_run bigint not null,
  total_succeeded bigint not null,
  retain_until bigint not null,
  recent bigint[] not null
) with (fillfactor = 50);
insert into node_activity (node, state, since, running_tasks, running_slots, total_run, total_succeeded, retain_until, recent)
  select node,
    array_position('{creating,starting,waitingforstarttask,starttaskfailed,idle,running,unusable,unknown,offline,leavingpool,preempted,rebooting,reimaging}'::text[], status ->> 'state'),
    (status ->> 'since')::bigint, (status ->> 'runningTasks')::int, (status ->> 'runningSlots')::int, (status ->> 'totalTasksRun')::bigint, (status ->> 'totalTasksSucceeded')::bigint,
    coalesce((status ->> 'retainUntil')::bigint, 0),
    array(select number::bigint from jsonb_array_elements(status -> 'recentTasks') with ordinality as r(line, place), lateral (values (1, line ->> 'job'), (2, line ->> 'task')) as n(part, number) order by place, part)
  from node;
update node set status = status - '{state,since,runningTasks,runningSlots,totalTasksRun,totalTasksSucceeded,retainUntil,recentTasks,node}'::text[];
