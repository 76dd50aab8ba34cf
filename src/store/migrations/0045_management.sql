-- Accounts are made and deleted by clients of Azure Resource Manager: the first has its keys in the data directory.
-- keys: {"primary", "secondary"} in base64, as JSON, sealed (src/api/sealing.ts); null: those of the data directory.
alter table account add column keys text;

-- Resources of Azure Resource Manager: what clients asked for. Batch accounts among them; pools, jobs and applications have tables of their own.
create table resource (
  resource bigint generated always as identity primary key,
  -- as it was created: /subscriptions/S/resourceGroups/G/providers/NAMESPACE/TYPE/NAME
  id text not null,
  id_key text not null unique,
  -- lower case: microsoft.storage/storageaccounts
  type text not null,
  -- location, tags, sku, kind, identity, properties: what the body of a PUT has
  spec jsonb not null,
  -- what only some operations answer (keys), as JSON, sealed; null: it has no secret
  secrets text,
  -- provisioningState
  state text not null,
  -- of a Batch account
  account int unique references account,
  created bigint not null,
  modified bigint not null
);
create index resource_type on resource (type, id_key);

-- What clients poll until an operation has ended; kept for a day.
create table long_operation (
  operation uuid primary key,
  id_key text not null,
  kind text not null,
  -- null: it is under way
  ended_at bigint,
  -- {"status", "code", "message"} of its failure; null: it succeeded
  failure jsonb,
  created bigint not null
);
