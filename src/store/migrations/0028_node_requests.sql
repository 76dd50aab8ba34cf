-- What clients have asked of one node: intent, so handlers alone write it. A node of which nothing was asked has no row.
create table node_request (
  node bigint primary key references node on delete cascade,
  -- What becomes of the tasks that run on it while no new ones may come; null: they may.
  scheduling_disabled text
);
alter table inbox drop constraint inbox_kind_check, add constraint inbox_kind_check check (kind in ('pool', 'job', 'tasks', 'task', 'schedule', 'node'));
