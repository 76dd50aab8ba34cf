import type { PoolIntent } from '../../core/intent.ts';
import { idKey, type AccountNumber, type Instant, type PoolNumber } from '../../core/keys.ts';
import type { Sample, SampleRow } from '../../core/pool/samples.ts';
import type { PoolStatus } from '../../core/status.ts';
import type { PoolRules, PoolTemplate } from '../rules.ts';
import { asShown, type ApiRow, type NoRow } from '../status/description.ts';
import { POOL_STATUS } from '../status/poolStatus.ts';
import { sealedText } from '../sealedSpecs.ts';
import type { Sealing } from '../sealing.ts';
import { row, rows, statement, type Database, type Transaction } from './statement.ts';

/** A pool as both writers left it. JSON columns are text. */
export interface PoolRow extends Omit<PoolIntent, keyof PoolRules | 'removing'> {
  /** See `AutoScale`. */
  readonly autoScaleSequence: number;
  /** When a formula or an interval was last given to the pool; null: never since it was made. */
  readonly autoScaleAt: Instant | null;
  /** Canonical PoolAdd; sizes stand in the columns. */
  readonly spec: string;
  /** `PoolRules` of that specification. */
  readonly rules: string;
  /** Numbers of nodes; null: none. */
  readonly removing: string | null;
  readonly modifiedAt: Instant;
}

type PoolStatusRow = ApiRow<PoolStatus, typeof POOL_STATUS>;

/** All null: the owner has not seen the pool yet. */
export type PoolWithStatus = PoolRow & (PoolStatusRow | NoRow<PoolStatusRow>);

const SHOWN = asShown<PoolStatus, typeof POOL_STATUS>(POOL_STATUS);
const POOL_COLUMNS = `p.pool, p.id, p.spec, p.rules, p.created as "createdAt", p.modified as "modifiedAt", p.target_dedicated as "targetDedicated",
  p.target_low_priority as "targetLowPriority", p.resize_timeout_ms as "resizeTimeoutMs", p.node_deallocation as "nodeDeallocation",
  p.resize_sequence as "resizeSequence", p.resize_requested_at as "resizeRequestedAt", p.stop_sequence as "stopSequence", p.removing, p.auto_scale_sequence as "autoScaleSequence", p.auto_scale_at as "autoScaleAt", p.unavailable, p.is_auto as "isAuto",
  p.deleted_at as "deletedAt"`;

const find = statement<PoolWithStatus>(
  'pool.find',
  `select ${POOL_COLUMNS}, ${SHOWN.columns} from pool p left join pool_status s using (pool) where p.account = $1 and p.id_key = $2`,
);
const lock = statement<PoolRow>('pool.lock', `select ${POOL_COLUMNS} from pool p where p.account = $1 and p.id_key = $2 for update`);
const status = statement<PoolStatusRow>('pool.status', `select ${SHOWN.columns} from pool_status s where s.pool = $1`);
const count = statement<{ pools: number }>('pool.count', 'select count(*)::int as pools from pool where account = $1');
const insert = statement<{ pool: PoolNumber }>(
  'pool.insert',
  `insert into pool (account, id, id_key, spec, rules, created, modified, target_dedicated, target_low_priority, resize_timeout_ms, node_deallocation,
     resize_requested_at, unavailable)
   values ($1, $2, $3, $4, $11, $5, $5, $6, $7, $8, $9, $5, $10) returning pool`,
);
const update = statement<{ modifiedAt: Instant }>(
  'pool.update',
  `update pool set spec = $2, modified = greatest($3, modified + 1), target_dedicated = $4, target_low_priority = $5, resize_timeout_ms = $6,
     node_deallocation = $7, resize_sequence = $8, resize_requested_at = $9, stop_sequence = $10, deleted_at = $11, unavailable = $12, rules = $13,
     removing = $14, auto_scale_sequence = $15, auto_scale_at = $16
   where pool = $1 returning modified as "modifiedAt"`,
);
const touchless = statement(
  'pool.updateUnmodified',
  'update pool set stop_sequence = $2, deleted_at = $3, spec = $4, rules = $5 where pool = $1',
);

export function findPool(database: Database | Transaction, account: AccountNumber, id: string): Promise<PoolWithStatus | null> {
  return row(database, find, [account, idKey(id)]);
}

/**
 * Locks the pool's intent, then reads its status. Two statements on purpose: the second one's snapshot is younger than
 * the lock, so that a status committed while we waited is seen.
 */
export async function lockPool(tx: Transaction, account: AccountNumber, id: string): Promise<PoolWithStatus | null> {
  const locked = await row(tx, lock, [account, idKey(id)]);
  if (locked === null) return null;
  return { ...locked, ...((await row(tx, status, [locked.pool])) ?? SHOWN.none) };
}

/** Pools of the account, also ones being deleted (they hold nodes as well). */
export async function countPools(database: Database | Transaction, account: AccountNumber): Promise<number> {
  return (await row(database, count, [account]))?.pools ?? 0;
}

/** Throws a duplicate key (`isDuplicateKey`) when the id is taken. */
export async function insertPool(tx: Transaction, sealing: Sealing, account: AccountNumber, id: string, pool: Omit<PoolTemplate, 'keepAlive'>, now: Instant): Promise<PoolNumber> {
  const { spec, rules, targetDedicated, targetLowPriority, resizeTimeoutMs, unavailable } = pool;
  const values = [account, id, idKey(id), sealedText('pool.spec', JSON.stringify(spec), sealing), now, targetDedicated, targetLowPriority, resizeTimeoutMs, 'requeue', unavailable, JSON.stringify(rules)];
  const inserted = await row(tx, insert, values);
  if (inserted === null) throw new Error('insert into pool returned no row');
  return inserted.pool;
}

/** Writes the intent of a locked pool and moves `modified` on; returns the new `modified`. */
export async function updatePool(tx: Transaction, sealing: Sealing, pool: PoolRow, now: Instant): Promise<Instant> {
  const { targetDedicated, targetLowPriority, resizeTimeoutMs, nodeDeallocation, resizeSequence, resizeRequestedAt, stopSequence } = pool;
  const sizes = [targetDedicated, targetLowPriority, resizeTimeoutMs, nodeDeallocation, resizeSequence, resizeRequestedAt, stopSequence];
  const updated = await row(tx, update, [pool.pool, sealedText('pool.spec', pool.spec, sealing), now, ...sizes, pool.deletedAt, pool.unavailable, pool.rules, pool.removing, pool.autoScaleSequence, pool.autoScaleAt]);
  if (updated === null) throw new Error('the locked pool is gone');
  return updated.modifiedAt;
}

/** Stop resize, disabling of a formula and delete leave ETag and `modified` as they are (recorded: the first two). */
export async function updatePoolUnmodified(tx: Transaction, pool: PoolRow): Promise<void> {
  await rows(tx, touchless, [pool.pool, pool.stopSequence, pool.deletedAt, pool.spec, pool.rules]);
}

const runAgain = statement<{ sequence: number }>('pool.run', 'update pool set auto_scale_sequence = auto_scale_sequence + 1 where pool = $1 returning auto_scale_sequence as sequence');

/** As if the pool were given its formula again: the owner runs it. Returns the number of that run. */
export async function askForRun(tx: Transaction, pool: PoolNumber): Promise<number> {
  const [asked] = await rows(tx, runAgain, [pool]);
  if (asked === undefined) throw new Error(`pool ${pool} has no row`);
  return asked.sequence;
}

const samples = statement<{ at: Instant; sample: string }>('pool.samples', 'select at, sample from pool_sample where pool = $1 order by at');

/** What was measured of the pool, oldest first. */
export async function poolSamples(database: Database, pool: PoolNumber): Promise<readonly SampleRow[]> {
  return (await rows(database, samples, [pool])).map(({ at, sample }) => [at, JSON.parse(sample) as Sample]);
}

const samplesBetween = statement<{ at: Instant; sample: string }>('pool.samplesBetween', 'select at, sample from pool_sample where pool = $1 and at >= $2 and at < $3 order by at');

/** What was measured of the pool in that time, oldest first. */
export async function poolSamplesBetween(database: Database, pool: PoolNumber, { from, to }: { readonly from: Instant; readonly to: Instant }): Promise<readonly SampleRow[]> {
  return (await rows(database, samplesBetween, [pool, from, to])).map(({ at, sample }) => [at, JSON.parse(sample) as Sample]);
}

const list = statement<PoolWithStatus>(
  'pool.list',
  `select ${POOL_COLUMNS}, ${SHOWN.columns} from pool p left join pool_status s using (pool) where p.account = $1 and p.id_key > $2 order by p.id_key`,
);

/** All pools above the key `after`, in the order of their ids. */
export function listPools(database: Database, account: AccountNumber, after: string): Promise<readonly PoolWithStatus[]> {
  return rows(database, list, [account, after]);
}

const keep = statement<{ pool: PoolNumber }>('pool.keep', 'update pool set is_auto = $3 where account = $1 and id_key = $2 and deleted_at is null returning pool');

/** The auto pool of that id is to be kept from now on, or to go with what it was made for. null: there is none. */
export async function keepAutoPool(tx: Transaction, account: AccountNumber, id: string, keepAlive: boolean): Promise<PoolNumber | null> {
  return (await row(tx, keep, [account, idKey(id), !keepAlive]))?.pool ?? null;
}
