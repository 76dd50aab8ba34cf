-- A package that is being deleted: its blob goes after this is durable, its row after the blob (src/api/application/).
alter table application_package add column removing_at bigint;
