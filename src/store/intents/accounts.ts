import { codeOf } from '../../base/errors.ts';
import type { AccountNumber, Instant } from '../../core/keys.ts';
import { row, statement, type Database, type Transaction } from './statement.ts';

const insert = statement(
  'account.insert',
  `insert into account (account, name, created) select coalesce(max(account), 0) + 1, $1, $2 from account on conflict (name) do nothing`,
);
const find = statement<{ account: AccountNumber }>('account.find', 'select account from account where name = $1');

/**
 * The number of the account of that name (lower case), made if there is none yet. Safe beside other processes doing the
 * same.
 */
export async function ensureAccount(database: Database, name: string, now: Instant): Promise<AccountNumber> {
  for (;;) {
    const found = await row(database, find, [name]);
    if (found !== null) return found.account;
    // Two processes may take the same number for different names: one of them fails on the key and looks again.
    await row(database, insert, [name, now]).catch((error: unknown) => {
      if (!isDuplicateKey(error)) throw error;
    });
  }
}

/** PostgreSQL's unique_violation: https://www.postgresql.org/docs/current/errcodes-appendix.html */
function isDuplicateKey(error: unknown): boolean {
  return codeOf(error) === '23505';
}

const lock = statement('account.lock', 'select 1 from account where account = $1 for no key update');

/** Holds back others that create pools or jobs in this account, until the transaction ends; everything else goes on. */
export async function lockAccount(tx: Transaction, account: AccountNumber): Promise<void> {
  await row(tx, lock, [account]);
}
