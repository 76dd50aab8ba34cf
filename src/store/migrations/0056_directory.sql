-- Codes of sign-ins in a browser, until an hour after they have expired: one that comes again is told so.
create table authorization_code (
  -- SHA-256 of what the client redeems
  code bytea primary key,
  client text not null,
  redirect_uri text not null,
  -- S256 (RFC 7636)
  challenge text not null,
  scope text not null,
  nonce text,
  expires_at bigint not null,
  redeemed boolean not null default false
);
create index authorization_code_expiry on authorization_code (expires_at);

-- Applications of the directory, beside the operator's.
create table application_registration (
  app_id uuid primary key,
  object_id uuid not null unique,
  display_name text not null,
  -- the object id of its service principal, which roles are assigned to; null: it has none yet, and gets no tokens
  principal_id uuid unique,
  created bigint not null
);

-- What an application, or its service principal, proves itself with.
create table application_credential (
  key_id uuid primary key,
  app_id uuid not null references application_registration on delete cascade,
  -- the application's object id or its service principal's
  holder uuid not null,
  kind text not null check (kind in ('secret', 'certificate')),
  display_name text,
  -- the first letters of a secret
  hint text,
  -- SHA-256 of a secret, which is random and long; or a certificate (DER)
  proof bytea not null,
  starts_at bigint not null,
  ends_at bigint not null
);
create index application_credential_of on application_credential (app_id);
