-- Instances of multi-instance tasks beside the primary, each on a node of its own (SubtaskStatus in src/core/status.ts): of each task those of its last attempt, deleted with the task.
create table subtask_status (
  job bigint not null,
  task bigint not null,
  instance int not null,
  attempt int not null,
  node bigint not null,
  state text not null,
  since bigint not null,
  previous_state text,
  previous_since bigint,
  started_at bigint,
  ended_at bigint,
  exit_code int,
  result text,
  failure jsonb,
  primary key (job, task, instance)
) with (fillfactor = 50);
-- Those that are out.
create index subtask_status_open on subtask_status (job) where state <> 'completed';
-- Whether the row of a node that has left is still needed.
create index subtask_status_node on subtask_status (node);
-- Which instance of each task in `recent` ran on the node, in the same order; shorter: 0, the primary or all of it (NodeActivity in src/core/status.ts).
alter table node_activity add column recent_instances bigint[] not null default '{}';
-- Pools of before know of inter-node communication by their specification alone.
update pool set rules = rules || '{"interNode": true}' where spec ->> 'enableInterNodeCommunication' = 'true';
