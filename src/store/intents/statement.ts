import { isNoRoom } from '../../processes/noRoom.ts';
import { INT8_ARRAY, parseInt8Array } from '../connect.ts';
import { Client, DatabaseError, types as parsers, type CustomTypesConfig, type Pool, type PoolClient } from 'pg';

/** Connections to one database. */
export type Database = Pool;
/** One connection inside a transaction. */
export type Transaction = PoolClient;
type Connection = Database | Transaction;

/** One prepared statement: planned once per connection. `text` must never vary under one `name`. */
export interface Statement<Row extends object = object> {
  readonly name: string;
  readonly text: string;
  /** Only for the compiler: the columns that the text selects. */
  readonly row?: Row;
}

/** Declares a statement with the shape of its rows. */
export function statement<Row extends object = object>(name: string, text: string): Statement<Row> {
  return { name: `intents.${name}`, text };
}

const INT8 = 20;
const JSON = 114;
const JSONB = 3802;

/**
 * Numbers are below 2^53 here (milliseconds, surrogate numbers); JSON stays text, because most of it is only passed on.
 */
const types: CustomTypesConfig = {
  getTypeParser: (oid: number, format?: 'text' | 'binary') => {
    if (oid === INT8) return Number;
    if (oid === INT8_ARRAY) return parseInt8Array;
    if (oid === JSON || oid === JSONB) return String;
    return format === 'binary' ? parsers.getTypeParser(oid, 'binary') : parsers.getTypeParser(oid, 'text');
  },
};

export async function rows<Row extends object>(connection: Connection, { name, text }: Statement<Row>, values: readonly unknown[]): Promise<readonly Row[]> {
  inOnePiece(connection);
  const result = await connection.query<Row>({ name, text, values: [...values], types });
  return result.rows;
}

export async function row<Row extends object>(connection: Connection, one: Statement<Row>, values: readonly unknown[]): Promise<Row | null> {
  return (await rows(connection, one, values))[0] ?? null;
}

/** For a text made at run time (filters): prepared by the server for this call only. */
export async function rowsOf<Row extends object>(connection: Connection, text: string, values: readonly unknown[]): Promise<readonly Row[]> {
  const result = await connection.query<Row>({ text, values: [...values], types });
  return result.rows;
}

/**
 * What a connection is asked in this turn of the event loop goes out together, at its end: each write is a system call,
 * and wakes the server once more.
 */
function inOnePiece(connection: Connection): void {
  if (!(connection instanceof Client)) return;
  const { stream } = connection.connection;
  stream.cork();
  process.nextTick(() => stream.uncork());
}

/**
 * Runs `work` in one transaction; whatever it throws rolls back and is thrown on. `begin` travels with the first
 * statement, and the commit with the write that `work` hands to `last` instead of awaiting it: two round trips less
 * (the connection has to be one that pipelines).
 */
export async function transaction<T>(database: Database, work: (tx: Transaction, last: (write: Promise<unknown>) => void) => Promise<T>): Promise<T> {
  const tx = await database.connect();
  let broken: Error | undefined;
  // A connection that is lost while nobody asks it anything (the backend was ended, the socket closed) says so by an
  // event; unheard it would end the process.
  const lost = (error: Error): void => {
    broken ??= error;
  };
  tx.on('error', lost);
  try {
    // Without it nothing may follow: what was sent behind it only reads and locks.
    inOnePiece(tx);
    tx.query('begin').catch((error: Error) => {
      lost(error);
      void tx.end();
    });
    let written: Promise<unknown> | undefined;
    const result = await work(tx, (write) => {
      written = write;
      // Awaited below, unless `work` throws after it.
      write.catch(() => undefined);
    });
    // After a write that failed the server rolls back instead of committing.
    inOnePiece(tx);
    const [write, commit] = await Promise.allSettled([written, tx.query('commit')]);
    if (write.status === 'rejected') throw write.reason;
    if (commit.status === 'rejected') throw commit.reason;
    return result;
  } catch (error) {
    await tx.query('rollback').catch((failure: unknown) => {
      broken ??= failure instanceof Error ? failure : new Error('rollback failed');
    });
    throw error;
  } finally {
    // One that is thrown away may still complain while it closes.
    if (broken === undefined) tx.off('error', lost);
    tx.release(broken);
  }
}

/**
 * SQLSTATEs of a database that goes down, comes up or has no connection to spare, and what sockets say where there is
 * none (https://www.postgresql.org/docs/current/errcodes-appendix.html).
 */
const UNAVAILABLE: ReadonlySet<unknown> = new Set(['57P01', '57P02', '57P03', '53300', '08000', '08003', '08006', 'ECONNREFUSED', 'ECONNRESET', 'ENOENT', 'EPIPE']);

/** Whether a statement failed because there is no database to speak to just now: trying again later may do. */
export function isUnavailable(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  return ('code' in error && UNAVAILABLE.has(error.code)) || /^(Connection terminated|timeout exceeded when trying to connect|Client has encountered a connection error and is not queryable)/.test(error.message);
}

/**
 * Whether a transaction failed on what it was asked: the database refused it and has rolled it back. Not where it could
 * not be spoken to, when the outcome may be unknown, nor where it has no room for anything.
 */
export function isRolledBack(error: unknown): boolean {
  return error instanceof DatabaseError && !isUnavailable(error) && !isNoRoom(error);
}

/** Whether the database answers. */
export async function ping(database: Database): Promise<boolean> {
  return database.query('select 1').then(
    () => true,
    () => false,
  );
}
