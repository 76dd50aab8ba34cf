-- Links that sign a browser in once, and the sessions that they begin. Secrets stand there as SHA-256 alone.
create table page_link (
  hash bytea primary key,
  account bigint not null references account on delete cascade,
  role text not null,
  -- SHA-256 of the account's keys: a link ends with them
  keys bytea not null,
  ends_at bigint not null
);

create table page_session (
  number bigint generated always as identity primary key,
  account bigint not null references account on delete cascade,
  role text not null,
  -- of what each request carries, and of the cookie that goes with it
  token bytea not null unique,
  cookie bytea not null,
  keys bytea not null,
  -- as the browser names itself
  agent text not null,
  made_at bigint not null,
  used_at bigint not null
);
create index page_session_account on page_session (account);
