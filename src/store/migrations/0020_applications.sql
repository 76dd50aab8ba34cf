-- Applications and their packages: what the management plane, the command line and pools know of them. The zip files themselves are blobs.
create table application (
  application bigint generated always as identity primary key,
  account int not null references account,
  id text not null,
  id_key text not null,
  display_name text,
  allow_updates boolean not null,
  -- version_key of one of its packages
  default_version text,
  -- where its packages lie in the account's storage
  container text not null,
  created bigint not null,
  modified bigint not null
);
create unique index application_id on application (account, id_key);

create table application_package (
  application bigint not null references application on delete cascade,
  version text not null,
  version_key text not null,
  created bigint not null,
  modified bigint not null,
  -- both null: nobody has activated it yet
  activated_at bigint,
  activation bigint,
  primary key (application, version_key)
);
-- Tells activations apart, so that a node knows whether what it has unpacked is what was activated last.
create sequence application_activation;
