import type { Pool, PoolClient } from 'pg';
import { codeOf } from '../../base/errors.ts';
import type { Instant } from '../../core/keys.ts';
import { JOURNAL_SLOT_MS } from '../journal.ts';
import { inTransaction } from '../owner/transaction.ts';

/**
 * A table of what ticks write, partitioned by their time in slots of `JOURNAL_SLOT_MS`, with `<name>_rest` as its
 * default partition.
 */
interface TickTable {
  readonly name: 'journal' | 'transition';
  /** To be done in the transaction in which a partition, or what is old in `<name>_rest`, goes. */
  readonly beforeDrop?: (client: PoolClient, partition: string, before: Instant | null) => Promise<void>;
}

/** How much of a table is kept, of all accounts together. */
export interface JournalLimits {
  readonly maxAgeMs: number;
  /** On disk, with indexes. Held at each look; what is written until the next one comes on top. */
  readonly maxBytes: number;
}

export const JOURNAL_LIMITS: JournalLimits = { maxAgeMs: 7 * 24 * 3_600_000, maxBytes: 2 ** 30 };

const TRANSITION_LIMITS: JournalLimits = { maxAgeMs: 3 * 24 * 3_600_000, maxBytes: 2 ** 29 };

/** What one look at a table did. */
export interface JournalTrim {
  /** What was dropped, in this order. Partitions without a row are not named. */
  readonly dropped: readonly DroppedPartition[];
  /** What is kept, on disk. */
  readonly bytes: number;
  /** Somebody else holds a lock: what is left to do is done at the next look. */
  readonly heldUp: boolean;
}

interface DroppedPartition {
  readonly partition: string;
  readonly bytes: number;
  /**
   * `age`, `size`: over the limits, and written to no more. `lastResort`: ticks are written there, and dropping all
   * that is older was not enough.
   */
  readonly why: 'age' | 'size' | 'lastResort';
}

const HOUR_MS = 3_600_000;
/**
 * Partitions are there before they are needed: a service that misses this many slots of maintenance writes to
 * `journal_rest`.
 */
const SLOTS_AHEAD = 6;
/**
 * `journal_rest` may have this part of the limit. Each new partition takes a look at all its rows, while ticks wait.
 */
const SHARE_OF_REST = 1 / 16;
/**
 * Making and dropping a partition locks the journal for an instant. Behind a long reader it would hold up all ticks:
 * rather not now.
 */
const LOCK_TIMEOUT = "set local lock_timeout = '250ms'";
const LOCK_NOT_AVAILABLE = '55P03';

/** Known by their bounds, whatever their names: releases before this one made one of the journal for each hour. */
const PARTITIONS = `select c.oid::regclass::text as name, coalesce(pg_total_relation_size(c.oid), 0) as bytes, coalesce(pg_relation_size(c.oid), 0) = 0 as "isEmpty",
    regexp_match(pg_get_expr(c.relpartbound, c.oid), 'FROM \\(''(\\d+)''\\) TO \\(''(\\d+)''\\)')::bigint[] as bounds
  from pg_inherits i join pg_class c on c.oid = i.inhrelid where i.inhparent = $1::regclass order by 4`;

interface Partition {
  readonly name: string;
  readonly bytes: number;
  readonly isEmpty: boolean;
  /** From the first instant on, up to before the second one; null: `<name>_rest`. */
  readonly bounds: readonly [Instant, Instant] | null;
}

interface Excess {
  readonly partition: Partition;
  readonly why: DroppedPartition['why'] | 'empty';
}

export function trimJournal(pool: Pool, now: Instant, limits: JournalLimits = JOURNAL_LIMITS): Promise<JournalTrim> {
  return trim(pool, { name: 'journal' }, now, limits);
}

/** Of each account it is kept up to where transitions are missing. */
export function trimTransitions(pool: Pool, now: Instant, limits: JournalLimits = TRANSITION_LIMITS): Promise<JournalTrim> {
  return trim(pool, { name: 'transition', beforeDrop: raiseFloors }, now, limits);
}

async function raiseFloors(client: PoolClient, partition: string, before: Instant | null): Promise<void> {
  await client.query(
    `insert into transition_floor as f (account, epoch, tick)
       select distinct on (account) account, epoch, tick from ${partition} where at < $1::bigint or $1::bigint is null order by account, epoch desc, tick desc
     on conflict (account) do update set epoch = excluded.epoch, tick = excluded.tick where (excluded.epoch, excluded.tick) > (f.epoch, f.tick)`,
    [before],
  );
}

/**
 * Drops what is over the limits, oldest first, and makes the table's next partitions. `now` by the clock that ticks are
 * stamped with. To be called each minute: in between the table grows unhindered.
 */
async function trim(pool: Pool, table: TickTable, now: Instant, limits: JournalLimits): Promise<JournalTrim> {
  const { rows: partitions } = await pool.query<Partition>(PARTITIONS, [table.name]);
  const dropped: DroppedPartition[] = [];
  let bytes = sizeOf(partitions);
  try {
    for (const { partition, why } of excess(partitions, now, limits)) {
      await removeRows(pool, table, partition, isOver(partition, now) ? 'drop table if exists' : 'truncate');
      bytes -= partition.bytes;
      if (why !== 'empty') dropped.push({ partition: partition.name, bytes: partition.bytes, why });
    }
    await makePartitions(pool, table, partitions, now);
    await clearRest(pool, table, now - limits.maxAgeMs);
    return { dropped, bytes, heldUp: false };
  } catch (error) {
    if (codeOf(error) === LOCK_NOT_AVAILABLE) return { dropped, bytes, heldUp: true };
    throw error;
  }
}

function sizeOf(partitions: readonly Partition[]): number {
  return partitions.reduce((sum, { bytes }) => sum + bytes, 0);
}

/** No tick is written there any more. */
function isOver({ bounds }: Partition, now: Instant): boolean {
  return bounds !== null && bounds[1] <= now;
}

/**
 * What has to go, in this order: of what is over the oldest first, and if that is not enough, what ticks are being
 * written to.
 */
function excess(partitions: readonly Partition[], now: Instant, { maxAgeMs, maxBytes }: JournalLimits): readonly Excess[] {
  const found: Excess[] = [];
  let bytes = sizeOf(partitions);
  const add = (partition: Partition, why: Excess['why']): void => {
    found.push({ partition, why });
    bytes -= partition.bytes;
  };
  const [rest] = partitions.filter(({ bounds }) => bounds === null);
  if (rest === undefined) throw new Error('the table has no default partition');
  const isRestTooLarge = !rest.isEmpty && rest.bytes > maxBytes * SHARE_OF_REST;
  if (isRestTooLarge) add(rest, 'lastResort');
  for (const partition of partitions) {
    if (partition.bounds === null || !isOver(partition, now)) continue;
    const endedMsAgo = now - partition.bounds[1];
    if (partition.isEmpty) {
      // The last commits of a slot may still be on their way when it is over.
      if (endedMsAgo >= JOURNAL_SLOT_MS) add(partition, 'empty');
    } else if (endedMsAgo >= maxAgeMs) add(partition, 'age');
    else if (bytes > maxBytes) add(partition, 'size');
  }
  const written = partitions.filter((partition) => !partition.isEmpty && !isOver(partition, now) && !(partition === rest && isRestTooLarge));
  for (const partition of written) if (bytes > maxBytes) add(partition, 'lastResort');
  return found;
}

/**
 * Of one that ticks are written to, they wait for an instant: PostgreSQL begins a new file, and removes the old one
 * after it has let go of the lock.
 */
async function removeRows(pool: Pool, { beforeDrop }: TickTable, { name }: Partition, how: 'drop table if exists' | 'truncate'): Promise<void> {
  await inTransaction(pool, 'begin', async (client) => {
    await client.query(LOCK_TIMEOUT);
    if (beforeDrop !== undefined) {
      // Another process may have dropped it meanwhile.
      if ((await client.query<{ there: boolean }>('select to_regclass($1) is not null as there', [name])).rows[0]?.there !== true) return;
      await client.query(`lock table ${name} in access exclusive mode`);
      await beforeDrop(client, name, null);
    }
    await client.query(`${how} ${name}`);
  });
}

async function clearRest(pool: Pool, { name, beforeDrop }: TickTable, before: Instant): Promise<void> {
  await inTransaction(pool, 'begin', async (client) => {
    await beforeDrop?.(client, `${name}_rest`, before);
    await client.query(`delete from ${name}_rest where at < $1`, [before]);
  });
}

async function makePartitions(pool: Pool, table: TickTable, partitions: readonly Partition[], now: Instant): Promise<void> {
  const current = Math.floor(now / JOURNAL_SLOT_MS) * JOURNAL_SLOT_MS;
  for (let ahead = 0; ahead <= SLOTS_AHEAD; ahead += 1) {
    const start = current + ahead * JOURNAL_SLOT_MS;
    const isThere = partitions.some(({ bounds }) => bounds !== null && bounds[0] < start + JOURNAL_SLOT_MS && bounds[1] > start);
    if (!isThere) await makePartition(pool, table, start);
  }
}


/** Nobody vacuums what is only added to and dropped as a whole: it would be wasted work, and in the way of the drop. */
async function makePartition(pool: Pool, { name }: TickTable, start: Instant): Promise<void> {
  const rowsOfRest = `select from ${name}_rest where at >= $1 and at < $2 limit 1`;
  const bounds = [start, start + JOURNAL_SLOT_MS];
  // A slot that began in the default partition ends there, too.
  if ((await pool.query(rowsOfRest, bounds)).rowCount !== 0) return;
  await inTransaction(pool, 'begin', async (client) => {
    await client.query(LOCK_TIMEOUT);
    // Nobody writes between the look and the partition: ticks wait for the instant that this takes.
    await client.query(`lock table only ${name}, only ${name}_rest in access exclusive mode`);
    if ((await client.query(rowsOfRest, bounds)).rowCount !== 0) return;
    await client.query(`create table if not exists ${partitionName(name, start)} partition of ${name}
      for values from (${bounds.join(') to (')}) with (autovacuum_enabled = false)`);
  });
}

/**
 * The hour since 1970 and the minute in it that it begins with. Sorts as text in the order of time, until the year
 * 3111.
 */
function partitionName(table: TickTable['name'], start: Instant): string {
  const [hour, minute] = [Math.floor(start / HOUR_MS), (start % HOUR_MS) / 60_000];
  return `${table}_${String(hour).padStart(7, '0')}_${String(minute).padStart(2, '0')}`;
}
