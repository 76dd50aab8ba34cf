-- What waits on a node to be started, [job, task, attempt, …]: a task that is offered has no row of its own for that (NodeActivity in src/core/status.ts).
-- Rows of before that say `offered` themselves stay as they are, and are read.
alter table node_activity add column offers bigint[] not null default '{}';
