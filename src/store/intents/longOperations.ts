import type { Instant } from '../../core/keys.ts';
import { row, rows, statement, type Database, type Transaction } from './statement.ts';

/** An operation that its client polls until it has ended. */
export interface LongOperation {
  readonly operation: string;
  /** Of the resource, lower case. */
  readonly id: string;
  readonly kind: string;
  /** null: under way. */
  readonly endedAt: Instant | null;
  /** JSON of a `LongFailure`; null: it succeeded, or is under way. */
  readonly failure: string | null;
}

/** An error that is found when the answer has gone already: the client reads it where it polls. */
export interface LongFailure {
  readonly status: number;
  readonly code: string;
  readonly message: string;
}

/** Clients poll for minutes. */
const KEPT_MS = 86_400_000;

const find = statement<LongOperation>('longOperation.find', `select operation, id_key as id, kind, ended_at as "endedAt", failure from long_operation where operation = $1`);
const insert = statement('longOperation.insert', 'insert into long_operation (operation, id_key, kind, created) values ($1, $2, $3, $4)');
const endAll = statement('longOperation.endAll', 'update long_operation set ended_at = $3, failure = $4 where id_key = $1 and kind = $2 and ended_at is null');
const forget = statement('longOperation.forget', 'delete from long_operation where created < $1');

type Connection = Database | Transaction;

export function findLongOperation(database: Database, operation: string): Promise<LongOperation | null> {
  return row(database, find, [operation]);
}

/** Forgets old ones as well. */
export async function beginLongOperation(connection: Connection, one: { readonly operation: string; readonly id: string; readonly kind: string }, now: Instant): Promise<void> {
  await rows(connection, forget, [now - KEPT_MS]);
  await rows(connection, insert, [one.operation, one.id.toLowerCase(), one.kind, now]);
}

/** Those of a kind that are under way on a resource. */
export async function endLongOperationsOf(connection: Connection, resource: { readonly id: string; readonly kind: string }, failure: LongFailure | null, now: Instant): Promise<void> {
  await rows(connection, endAll, [resource.id.toLowerCase(), resource.kind, now, failure === null ? null : JSON.stringify(failure)]);
}
