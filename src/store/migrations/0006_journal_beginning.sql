-- What an epoch's first tick went on from: the account as the rules were given it, and when (encodeBeginning in src/control/journal.ts). With the ticks that follow it replays.
-- Null in every other tick, in epochs before this migration, and where the account was too large. In the tick's own row, so that both are dropped together.
alter table journal add column beginning bytea;
