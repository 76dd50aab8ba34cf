import type { Pool } from 'pg';
import type { AccountNumber, Instant } from '../core/keys.ts';
import type { JournalEntry } from './ownerStore.ts';

/** What is written of each such stretch of time stands in a partition of its own, and is dropped with it. */
export const JOURNAL_SLOT_MS = 600_000;

/** A tick as it is written in the journal. */
export interface JournalRow extends JournalEntry {
  readonly tick: number;
  readonly at: Instant;
}

const TICKS_A_READ = 500;
/** Within an epoch the time never goes back. */
const ROWS = `select tick, at, core_version as "coreVersion", seed, inputs, beginning from journal
  where account = $1 and epoch = $2 and (at, tick) > ($3, $4) order by at, tick limit ${TICKS_A_READ}`;

/**
 * What the journal still holds of an epoch, in the order in which it was committed. Throws what the database throws.
 */
export async function* readJournal(pool: Pool, account: AccountNumber, epoch: number): AsyncGenerator<JournalRow> {
  let last: Pick<JournalRow, 'at' | 'tick'> = { at: 0, tick: 0 };
  for (;;) {
    const { rows } = await pool.query<JournalRow>(ROWS, [account, epoch, last.at, last.tick]);
    yield* rows;
    last = rows.at(-1) ?? last;
    if (rows.length < TICKS_A_READ) return;
  }
}

const EPOCH_AT = `select epoch, at from journal where account = $1 and at <= $2 and beginning is not null order by at desc, tick desc limit 1`;
const ROWS_FROM = `select tick, at, core_version as "coreVersion", seed, inputs, beginning from journal
  where account = $1 and epoch = $2 and (at, tick) > ($3, $4) and at <= $5 order by at, tick limit ${TICKS_A_READ}`;

/**
 * The ticks of the epoch that an instant lay in, from the last one before it that replays by itself, until another
 * instant or the end of the epoch. None where the journal does not go back so far.
 */
export async function* readJournalAround(pool: Pool, account: AccountNumber, { from, until }: { readonly from: Instant; readonly until: Instant }): AsyncGenerator<JournalRow> {
  const { rows: [begin] } = await pool.query<{ epoch: number; at: Instant }>(EPOCH_AT, [account, from]);
  if (begin === undefined) return;
  let last: Pick<JournalRow, 'at' | 'tick'> = { at: begin.at, tick: -1 };
  for (;;) {
    const { rows } = await pool.query<JournalRow>(ROWS_FROM, [account, begin.epoch, last.at, last.tick, until]);
    yield* rows;
    last = rows.at(-1) ?? last;
    if (rows.length < TICKS_A_READ) return;
  }
}
