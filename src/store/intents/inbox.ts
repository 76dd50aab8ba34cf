import type { AccountNumber, JobNumber, NodeNumber, PoolNumber, ScheduleNumber, TaskNumber } from '../../core/keys.ts';
import { rows, statement, type Transaction } from './statement.ts';

/**
 * What the owner has to look at again; new tasks of a job are told of by `insertTasks`. `task`: something was asked of
 * one that is there.
 */
export type InboxEntry =
  | { readonly kind: 'pool'; readonly pool: PoolNumber }
  | { readonly kind: 'account'; readonly account: AccountNumber }
  | { readonly kind: 'node'; readonly node: NodeNumber }
  | { readonly kind: 'job'; readonly job: JobNumber }
  | { readonly kind: 'schedule'; readonly schedule: ScheduleNumber }
  | { readonly kind: 'task'; readonly job: JobNumber; readonly task: TaskNumber };

const insertEntry = statement('inbox.insert', 'insert into inbox (account, kind, subject, task) values ($1, $2, $3, $4)');

/** To be called in the transaction that writes the intent: the owner sees both or neither. */
export async function tellOwner(tx: Transaction, account: AccountNumber, entry: InboxEntry): Promise<void> {
  await rows(tx, insertEntry, [account, entry.kind, subjectOf(entry), entry.kind === 'task' ? entry.task : 0]);
}

function subjectOf(entry: InboxEntry): number {
  switch (entry.kind) {
    case 'pool':
      return entry.pool;
    case 'node':
      return entry.node;
    case 'account':
      return entry.account;
    case 'schedule':
      return entry.schedule;
    case 'job':
    case 'task':
      return entry.job;
  }
}
