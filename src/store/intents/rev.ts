import type { AccountNumber } from '../../core/keys.ts';
import type { Rev } from '../../wire/own/common.ts';
import { row, statement, type Database } from './statement.ts';

const last = statement<{ epoch: number; tick: number }>('account.rev', 'select epoch, tick from ownership where account = $1');

/** Of the account's last tick that is committed: what is read after it shows that tick. */
export async function revOf(database: Database, account: AccountNumber): Promise<Rev> {
  const { epoch = 0, tick = 0 } = (await row(database, last, [account])) ?? {};
  return `${epoch}-${tick}`;
}
