-- What the pool's nodes have used since it was made (PoolMeasure in src/core/pool/measure.ts). Null: nothing was measured.
alter table pool_status add column resources jsonb;
