-- What the operator lets the account have (Quotas in src/core/intent.ts). Null: the bounds of the service.
alter table account add column quotas jsonb;
alter table inbox drop constraint inbox_kind_check, add constraint inbox_kind_check check (kind in ('pool', 'job', 'tasks', 'task', 'schedule', 'node', 'account'));
