-- The last tick committed in this epoch; 0: none yet. A commit is made only on the one before it. A process of the version before neither reads nor writes it; a claim sets it anew.
alter table ownership add column tick bigint not null default 0;
