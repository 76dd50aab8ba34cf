-- The nodes that the last request for a size names, which are to leave. Null: it names none.
alter table pool add column removing jsonb;
