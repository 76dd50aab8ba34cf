import { row, rows, statement, type Database, type Transaction } from '../intents/statement.ts';

const lock = statement('shared.lock', `select pg_advisory_xact_lock(hashtext('linarite.shared_secret'))`);
const list = statement<{ readonly name: string; readonly sealed: string }>('shared.list', 'select name, sealed from shared_secret');
const put = statement('shared.put', 'insert into shared_secret (name, sealed) values ($1, $2) on conflict (name) do update set sealed = excluded.sealed');
const find = statement<{ readonly sealed: string }>('shared.find', 'select sealed from shared_secret where name = $1');

/** Holds back other processes that make or change shared secrets, until the transaction ends. */
export async function lockShared(tx: Transaction): Promise<void> {
  await rows(tx, lock, []);
}

/** All shared secrets by name, sealed; none: one process alone serves the database. */
export async function sharedSecrets(tx: Transaction): Promise<ReadonlyMap<string, string>> {
  return new Map((await rows(tx, list, [])).map(({ name, sealed }) => [name, sealed]));
}

/** To be called under `lockShared`. */
export async function putShared(tx: Transaction, name: string, sealed: string): Promise<void> {
  await rows(tx, put, [name, sealed]);
}

/** Sealed; null: there is none of that name. */
export async function sharedSecret(database: Database | Transaction, name: string): Promise<string | null> {
  return (await row(database, find, [name]))?.sealed ?? null;
}
