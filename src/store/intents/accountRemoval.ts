import type { AccountNumber } from '../../core/keys.ts';
import { row, statement, transaction, type Database } from './statement.ts';

/** What an account has rows in, in the order of references; its owner removes pools, jobs and schedules. */
export const TABLES_OF_ACCOUNTS = ['inbox', 'journal', 'quarantine', 'archived_task', 'archive_object', 'drill', 'usage_hour', 'lifetime_tasks', 'lifetime_nodes', 'certificate', 'application', 'open_job', 'node', 'ownership', 'page_link', 'page_session'] as const;

const emptied = TABLES_OF_ACCOUNTS.map((table) => statement(`account.empty-${table}`, `delete from ${table} where account = $1`));
const idle = statement('account.empty-node_activity', 'delete from node_activity where node in (select node from node where account = $1)');
const unbound = statement('account.unbind', 'update resource set account = null where account = $1');
/** Their tasks are cleared away later, and count for nobody. */
const uncounted = statement('account.uncount', 'update gone_job set account = null where account = $1');
const remove = statement('account.remove', 'delete from account where account = $1');

/** Removes all that is left of an account that has no pool, job and schedule any more, and no owner. */
export function removeAccountRows(database: Database, account: AccountNumber): Promise<void> {
  return transaction(database, async (tx) => {
    for (const one of [idle, ...emptied, uncounted, unbound, remove]) await row(tx, one, [account]);
  });
}
