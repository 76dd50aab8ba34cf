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
