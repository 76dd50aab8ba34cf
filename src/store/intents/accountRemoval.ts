import type { AccountNumber } from '../../core/keys.ts';
import { row, rows, statement, type Database, type Transaction } from './statement.ts';

/** What an account has rows in, in the order of references; its owner removes pools, jobs and schedules. */
export const TABLES_OF_ACCOUNTS = ['inbox', 'journal', 'quarantine', 'archived_task', 'archive_object', 'drill', 'usage_hour', 'lifetime_tasks', 'lifetime_nodes', 'lifetime_resources', 'certificate', 'application', 'open_job', 'node', 'ownership', 'page_link', 'page_session', 'transition', 'transition_floor', 'bulk_operation', 'webhook'] as const;

const emptied = TABLES_OF_ACCOUNTS.map((table) => statement(`account.empty-${table}`, `delete from ${table} where account = $1`));
const idle = statement('account.empty-node_activity', 'delete from node_activity where node in (select node from node where account = $1)');
const unbound = statement('account.unbind', 'update resource set account = null where account = $1');
/** Their tasks are cleared away later, and count for nobody. */
const uncounted = statement('account.uncount', 'update gone_job set account = null where account = $1');
const remove = statement('account.remove', 'delete from account where account = $1');

const containers = statement<{ readonly container: string }>('account.containers', 'select container from application where account = $1 order by id_key');
const archived = statement<ArchivedBlob>('account.archived', 'select object, blob from archive_object where account = $1 and object > $2 order by object limit $3');

interface ArchivedBlob {
  readonly object: number;
  readonly blob: string;
}

/** Where the packages of an account's applications lie. */
export async function containersOfApplications(database: Database, account: AccountNumber): Promise<readonly string[]> {
  return (await rows(database, containers, [account])).map(({ container }) => container);
}

/** Objects of an account's log archive, in their order. */
export function archivedBlobs(database: Database, account: AccountNumber, { after, limit }: { readonly after: number; readonly limit: number }): Promise<readonly ArchivedBlob[]> {
  return rows(database, archived, [account, after, limit]);
}

/** Removes all that is left of an account that has no pool, job and schedule any more, and no owner. */
export async function removeAccountRows(tx: Transaction, account: AccountNumber): Promise<void> {
  for (const one of [idle, ...emptied, uncounted, unbound, remove]) await row(tx, one, [account]);
}
