-- Several processes serve one database (docs/several.md).

-- What all of them share: keys and certificates, each as JSON, sealed with the cluster key (src/api/sealing.ts). Empty: one process serves it.
create table shared_secret (
  name text primary key,
  sealed text not null
);

-- place: where its nodes lie if they are its machine's; null: another process reaches them as well.
-- is_joined: it is one of several, and stays although it has no account.
-- is_leaving: it takes no account any more.
alter table process
  add column place text,
  add column is_joined boolean not null default false,
  add column is_leaving boolean not null default false;

-- place: that of the last owner. is_closed: the account is about to be removed, and needs no owner.
alter table ownership
  add column place text,
  add column is_closed boolean not null default false;

-- One row for each change of what processes keep of accounts: others look whether there are new ones.
create table directory_change (
  change bigint generated always as identity primary key,
  at timestamptz not null default clock_timestamp()
);
create function tell_directory_change() returns trigger language plpgsql as $$
begin
  insert into directory_change default values;
  return null;
end
$$;
create trigger account_changed after insert or delete or update of keys on account
  for each statement execute function tell_directory_change();
create trigger resource_added after insert or update on resource
  for each row when (new.type in ('microsoft.batch/batchaccounts', 'microsoft.storage/storageaccounts')) execute function tell_directory_change();
create trigger resource_removed after delete on resource
  for each row when (old.type in ('microsoft.batch/batchaccounts', 'microsoft.storage/storageaccounts')) execute function tell_directory_change();

-- Which process does what goes on after its answer: no other one begins it as long as that one lives.
create table background_work (
  work text primary key,
  process uuid not null
);
