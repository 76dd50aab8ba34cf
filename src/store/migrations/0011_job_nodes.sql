-- What has become of a job's preparation and release task on each node that was told of them (JobNodeStatus in src/core/status.ts): deleted with the job.
create table job_node_status (
  job bigint not null,
  node bigint not null,
  -- JobTaskStatus in src/core/status.ts
  preparation jsonb,
  release jsonb,
  primary key (job, node)
) with (fillfactor = 50);
-- Whether the row of a node that has left is still needed.
create index job_node_status_node on job_node_status (node);
