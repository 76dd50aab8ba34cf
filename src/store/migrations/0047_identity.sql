-- Sign-ins of clients without a browser, until they are redeemed or for an hour after they have expired.
create table device_login (
  -- SHA-256 of what the client polls with
  code bytea primary key,
  -- what people approve of
  user_code text not null unique,
  client text not null,
  expires_at bigint not null,
  approved boolean not null
);
create index device_login_expiry on device_login (expires_at);

-- Asked for with each request of somebody who is not the operator.
create index resource_assigned_to on resource (lower(spec -> 'properties' ->> 'principalId')) where type = 'microsoft.authorization/roleassignments';
