import type { Pool } from 'pg';
import type { Instant } from '../core/keys.ts';
import { inTransaction } from './owner/transaction.ts';

const EVERY_MS = 60_000;

/** Looks after the database as long as a service runs: at once, and each minute. What fails is reported and tried again the next time. */
export const startMaintenance = (pool: Pool, options: { readonly clock: () => Instant; readonly onError: (error: unknown) => void }): { stop(): Promise<void> } => {
  const stopping = new AbortController();
  const round = async (): Promise<void> => {
    // Each by itself: a journal that can't be trimmed is no reason to keep what is gone.
    for (const work of [() => trimJournal(pool, options.clock()), () => clearGoneJobs(pool, stopping.signal)]) {
      try {
        await work();
      } catch (error) {
        if (!stopping.signal.aborted) options.onError(error);
      }
    }
  };
  let running = round();
  const timer = setInterval(() => {
    running = running.then(round);
  }, EVERY_MS);
  return {
    stop: async () => {
      stopping.abort();
      clearInterval(timer);
      await running;
    },
  };
};

/** How much of the journal is kept. */
export interface JournalLimits {
  readonly maxAgeMs: number;
  /** Of all accounts together, on disk. Held to the hour: the hour being written stays whatever its size. */
  readonly maxBytes: number;
}

const JOURNAL_LIMITS: JournalLimits = { maxAgeMs: 7 * 24 * 3_600_000, maxBytes: 2 ** 30 };

const HOUR_MS = 3_600_000;
/** Partitions are there before they are needed: a service that misses this many hours of maintenance writes to `journal_rest`. */
const HOURS_AHEAD = 3;
/** Making and dropping a partition locks the journal for an instant. Behind a long reader it would hold up all ticks: rather not now. */
const LOCK_TIMEOUT = "set local lock_timeout = '250ms'";
const LOCK_NOT_AVAILABLE = '55P03';

const PARTITIONS = `select c.relname as name, pg_total_relation_size(c.oid) as bytes from pg_inherits i join pg_class c on c.oid = i.inhrelid
  where i.inhparent = 'journal'::regclass order by c.relname`;
const BYTES_OF_REST = "select pg_total_relation_size('journal_rest'::regclass) as bytes";

/**
 * Makes the journal's next partitions and drops what is over the limits, oldest first. `now` by the clock that ticks are stamped with.
 * To be called every few minutes. Returns false if somebody was reading so that nothing could be done: call again later.
 */
export const trimJournal = async (pool: Pool, now: Instant, limits: JournalLimits = JOURNAL_LIMITS): Promise<boolean> => {
  try {
    const current = Math.floor(now / HOUR_MS);
    for (let hour = current; hour <= current + HOURS_AHEAD; hour += 1) await makePartition(pool, hour);
    await pool.query('delete from journal_rest where at < $1', [now - limits.maxAgeMs]);
    await dropPartitions(pool, current, now, limits);
    return true;
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === LOCK_NOT_AVAILABLE) return false;
    throw error;
  }
};

const makePartition = async (pool: Pool, hour: number): Promise<void> => {
  const { rows } = await pool.query<{ there: boolean }>('select to_regclass($1) is not null as there', [partitionName(hour)]);
  if (rows[0]?.there !== false) return;
  await inTransaction(pool, 'begin', async (client) => {
    await client.query(LOCK_TIMEOUT);
    // Nobody writes between the look and the partition: ticks wait for the instant that this takes.
    await client.query('lock table journal in access exclusive mode');
    const rest = await client.query('select from journal_rest where at >= $1 and at < $2 limit 1', [hour * HOUR_MS, (hour + 1) * HOUR_MS]);
    // An hour that began in `journal_rest` ends there, too.
    if (rest.rowCount !== 0) return;
    await client.query(`create table if not exists ${partitionName(hour)} partition of journal for values from (${hour * HOUR_MS}) to (${(hour + 1) * HOUR_MS})`);
  });
};

/** Sorts as text in the order of hours, until the year 3111. */
const partitionName = (hour: number): string => `journal_${String(hour).padStart(7, '0')}`;

const dropPartitions = async (pool: Pool, current: number, now: Instant, limits: JournalLimits): Promise<void> => {
  const found = await pool.query<{ name: string; bytes: number }>(PARTITIONS);
  const hours = found.rows.flatMap(({ name, bytes }) => (/^journal_\d{7}$/.test(name) ? [{ hour: Number(name.slice('journal_'.length)), bytes }] : []));
  const rest = await pool.query<{ bytes: number }>(BYTES_OF_REST);
  let bytes = hours.reduce((sum, partition) => sum + partition.bytes, rest.rows[0]?.bytes ?? 0);
  for (const partition of hours.filter(({ hour }) => hour < current)) {
    const tooOld = (partition.hour + 1) * HOUR_MS <= now - limits.maxAgeMs;
    if (!tooOld && bytes <= limits.maxBytes) return;
    await inTransaction(pool, 'begin', async (client) => {
      await client.query(LOCK_TIMEOUT);
      await client.query(`drop table if exists ${partitionName(partition.hour)}`);
    });
    bytes -= partition.bytes;
  }
  // Only the rest is left and it is still too much: its hours that are over go, and their room with them.
  if (bytes <= limits.maxBytes || (rest.rows[0]?.bytes ?? 0) === 0) return;
  await inTransaction(pool, 'begin', async (client) => {
    await client.query(LOCK_TIMEOUT);
    await client.query('lock table journal_rest in access exclusive mode');
    const present = await client.query('select from journal_rest where at >= $1 limit 1', [current * HOUR_MS]);
    if (present.rowCount === 0) await client.query('truncate journal_rest');
    else await client.query('delete from journal_rest where at < $1', [current * HOUR_MS]);
  });
};

const ROWS_A_BATCH = 5000;
/** Statuses first: a status without its task would be found by nobody. */
const CLEAR = (
  [
    ['task_status', 'task'],
    ['task', 'task'],
    ['satisfied_id', 'id_key'],
  ] as const
).map(([table, key]) => `delete from ${table} where job = $1 and ${key} in (select ${key} from ${table} where job = $1 order by ${key} limit ${ROWS_A_BATCH})`);

/** Clears away the tasks of jobs that are gone, in transactions of a few thousand rows, until none are left or `signal` aborts. Returns how many rows went. */
export const clearGoneJobs = async (pool: Pool, signal?: AbortSignal): Promise<number> => {
  let cleared = 0;
  for (;;) {
    const { rows } = await pool.query<{ job: number }>('select job from gone_job order by job limit 1');
    const job = rows[0]?.job;
    if (job === undefined) return cleared;
    for (const text of CLEAR) {
      for (let deleted = ROWS_A_BATCH; deleted === ROWS_A_BATCH; ) {
        if (signal?.aborted === true) return cleared;
        deleted = (await pool.query(text, [job])).rowCount ?? 0;
        cleared += deleted;
      }
    }
    await pool.query('delete from gone_job where job = $1', [job]);
  }
};
