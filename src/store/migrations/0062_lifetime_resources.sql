-- What the nodes of pools have used that are gone (PoolMeasure in src/core/pool/measure.ts); that of others is in the rows of their pools. Times in milliseconds.
create table lifetime_resources (
  account int primary key references account,
  node_ms numeric not null,
  cpu_ms numeric not null,
  core_ms numeric not null,
  memory_byte_ms numeric not null,
  memory_ms numeric not null,
  memory_peak numeric not null,
  disk_byte_ms numeric not null,
  disk_ms numeric not null,
  disk_peak numeric not null,
  read_bytes numeric not null,
  write_bytes numeric not null,
  read_ops numeric not null,
  write_ops numeric not null,
  in_bytes numeric not null,
  out_bytes numeric not null
);
