-- The targets that the pool works towards, taken over from what is asked for when a resize begins. Null: written by a version before this one, for which they were those asked for.
alter table pool_status add column target_dedicated int, add column target_low_priority int;
