-- Nodes of accounts in user subscription mode, as they were granted: their cores count against the subscription, in a region.
create table subscription_node (
  node bigint primary key,
  region text not null,
  cores int not null
);
create index subscription_node_region on subscription_node (region);
