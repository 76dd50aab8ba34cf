-- The last restart asked of a node (reboot, reimage), and how many have been.
-- What was asked does not hang on the owner's row, which a replay writes anew: maintenance/goneNodes.ts removes both.
alter table node_request add column restart jsonb, add column restart_sequence int not null default 0, drop constraint node_request_node_fkey;
