import type { AccountNumber, Instant, JobNumber, TaskNumber } from '../../core/keys.ts';
import type { BulkAction, BulkSkipped } from '../../wire/own/bulk.ts';
import type { TaskAdd } from '../../wire/types.generated.ts';
import { row, rows, statement, type Database, type Transaction } from './statement.ts';

/** What is to be done to each task. */
export interface BulkWork {
  readonly action: BulkAction;
  /** Left out: nothing. */
  readonly change?: Partial<Pick<TaskAdd, 'constraints' | 'requiredSlots' | 'commandLine' | 'environmentSettings'>>;
  /** Tasks that have changed later are left as they are; left out: none are. */
  readonly asOf?: Instant;
}

/** JSON columns are text. */
export interface BulkRow {
  readonly operation: string;
  readonly account: AccountNumber;
  readonly job: JobNumber;
  /** null: the job is gone. */
  readonly jobId: string | null;
  readonly work: string;
  readonly matched: number;
  readonly done: number;
  readonly changed: number;
  readonly skipped: string;
  readonly endedAt: Instant | null;
  readonly failure: string | null;
}

const COLUMNS = `b.operation, b.account, b.job, j.id as "jobId", b.work, cardinality(b.numbers) as matched, b.done, b.changed, b.skipped, b.ended_at as "endedAt", b.failure`;
const find = statement<BulkRow>('bulk.find', `select ${COLUMNS} from bulk_operation b left join job j on j.job = b.job where b.operation = $1 and b.account = $2`);
const unfinished = statement<{ operation: string; account: AccountNumber }>('bulk.unfinished', 'select operation, account from bulk_operation where ended_at is null order by created');
const insert = statement('bulk.insert', 'insert into bulk_operation (operation, account, job, work, numbers, skipped, created) values ($1, $2, $3, $4, $5, $6, $7)');
const forget = statement('bulk.forget', 'delete from bulk_operation where account = $1 and created < $2 and ended_at is not null');
const lock = statement<BulkRow & { readonly numbers: readonly TaskNumber[] }>(
  'bulk.lock',
  `select ${COLUMNS}, b.numbers[b.done + 1 : b.done + $3] as numbers from bulk_operation b left join job j on j.job = b.job where b.operation = $1 and b.account = $2 and b.ended_at is null for update of b`,
);
const advance = statement('bulk.advance', `update bulk_operation set done = done + $2, changed = changed + $3, skipped = $4, ended_at = case when done + $2 >= cardinality(numbers) then $5::bigint end where operation = $1`);
const fail = statement('bulk.fail', 'update bulk_operation set ended_at = $2, failure = $3 where operation = $1');

const KEPT_MS = 7 * 86_400_000;

export function findBulk(database: Database, account: AccountNumber, operation: string): Promise<BulkRow | null> {
  return row(database, find, [operation, account]);
}

/** Those that an earlier life of the service began. */
export function unfinishedBulk(database: Database): Promise<readonly { readonly operation: string; readonly account: AccountNumber }[]> {
  return rows(database, unfinished, []);
}

export interface NewBulk {
  readonly operation: string;
  readonly account: AccountNumber;
  readonly job: JobNumber;
  readonly work: BulkWork;
  readonly numbers: readonly TaskNumber[];
  readonly skipped: readonly BulkSkipped[];
}

/** Forgets old ones as well. */
export async function beginBulk(database: Database, { operation, account, job, work, numbers, skipped }: NewBulk, now: Instant): Promise<void> {
  await rows(database, forget, [account, now - KEPT_MS]);
  await rows(database, insert, [operation, account, job, JSON.stringify(work), numbers, JSON.stringify(skipped), now]);
}

/** The next of its tasks, while nobody else works on it; null: it has ended. */
export function lockBulk(tx: Transaction, account: AccountNumber, operation: string, limit: number): Promise<(BulkRow & { readonly numbers: readonly TaskNumber[] }) | null> {
  return row(tx, lock, [operation, account, limit]);
}

/** So many more of its tasks have been seen to; with the last it has ended. */
export async function advanceBulk(tx: Transaction, operation: string, { done, changed, skipped }: { readonly done: number; readonly changed: number; readonly skipped: readonly BulkSkipped[] }, now: Instant): Promise<void> {
  await rows(tx, advance, [operation, done, changed, JSON.stringify(skipped), now]);
}

export async function failBulk(database: Database, operation: string, failure: { readonly code: string; readonly message: string }, now: Instant): Promise<void> {
  await rows(database, fail, [operation, now, JSON.stringify(failure)]);
}

const timeOf = statement<{ at: Instant }>('bulk.timeOf', 'select at from journal where account = $1 and epoch = $2 and tick = $3 limit 1');

/** When a tick was; null: it is not known any more. */
export async function timeOfTick(database: Database, account: AccountNumber, epoch: number, tick: number): Promise<Instant | null> {
  return (await row(database, timeOf, [account, epoch, tick]))?.at ?? null;
}
