-- What the rules failed on (or decided so that the database refused it), put aside so that the account goes on without it. Rules of another version try it again.
-- `epoch`, `tick`: where it failed. `subject`: QuarantineSubject in src/store/ownerStore.ts. `unit`: what the rules were told of it, whole.
create table quarantine (
  account int not null references account,
  epoch bigint not null,
  tick bigint not null,
  at bigint not null,
  core_version text not null,
  subject jsonb not null,
  unit jsonb not null,
  error text not null,
  primary key (account, epoch, tick)
);
