import { row, statement, type Transaction } from './statement.ts';

const LOCK = statement<{ locked: boolean }>('seed.lock', `select pg_try_advisory_xact_lock(hashtext('linarite.seed')) as locked`);

/**
 * Whether no other seed runs on this database; then none does until the transaction has ended. Asked again by who has
 * it, it says yes, and keeps the transaction from being taken for a forgotten one.
 */
export async function lockSeeds(tx: Transaction): Promise<boolean> {
  return (await row(tx, LOCK, []))?.locked === true;
}
