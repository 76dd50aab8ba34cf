-- Whom an account tells of its events by HTTP, and up to where it has (docs/events.md).
create table webhook (
  webhook bigint generated always as identity primary key,
  account int not null,
  url text not null,
  -- Selection in src/api/events/selection.ts
  selection jsonb not null,
  -- what deliveries are signed with, sealed
  secret text not null,
  created bigint not null,
  -- all up to here is delivered (Position in src/store/transitions.ts)
  epoch bigint not null,
  tick bigint not null,
  place bigint not null,
  at bigint not null,
  -- since when each attempt has failed, how many have, and when the next one is due
  failing_since bigint,
  attempts int not null default 0,
  next_at bigint not null default 0,
  disabled_at bigint,
  disabled_reason text
);
create index webhook_account on webhook (account);

-- The latest attempts of each.
create table webhook_delivery (
  webhook bigint not null references webhook on delete cascade,
  delivery bigint generated always as identity,
  event text not null,
  type text not null,
  at bigint not null,
  attempt int not null,
  took_ms int not null,
  -- null: no answer came
  status int,
  -- null: it was taken
  error text,
  primary key (webhook, delivery)
);
