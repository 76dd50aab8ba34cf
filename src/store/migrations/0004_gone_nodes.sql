-- Rows of nodes that have left are removed once no task names them (maintenance/goneNodes.ts).
create index node_gone on node (node) where gone_at is not null;
-- The highest number among removed rows of the account's nodes: no number is given twice. Null: none was removed.
alter table account add column last_node bigint;
