import type { AccountNumber, Instant } from '../../core/keys.ts';
import type { Position } from '../transitions.ts';
import { row, rows, statement, type Database, type Transaction } from './statement.ts';

/** Whom an account tells of its events. */
export interface WebhookRow extends Position {
  readonly webhook: number;
  readonly account: AccountNumber;
  readonly accountName: string;
  readonly url: string;
  /** JSON of what it is told (`Selection` of the API). */
  readonly selection: string;
  /** Sealed. */
  readonly secret: string;
  readonly createdAt: Instant;
  /** null: the last attempt was taken, or there was none. */
  readonly failingSince: Instant | null;
  /** Failed ones, one after another. */
  readonly attempts: number;
  readonly nextAt: Instant;
  readonly disabledAt: Instant | null;
  readonly disabledReason: string | null;
}

export interface DeliveryRow {
  readonly event: string;
  readonly type: string;
  readonly at: Instant;
  readonly attempt: number;
  readonly tookMs: number;
  readonly status: number | null;
  readonly error: string | null;
}

const COLUMNS = `w.webhook, w.account, a.name as "accountName", w.url, w.selection, w.secret, w.created as "createdAt", w.epoch, w.tick, w.place, w.at,
  w.failing_since as "failingSince", w.attempts, w.next_at as "nextAt", w.disabled_at as "disabledAt", w.disabled_reason as "disabledReason"`;
const FROM = 'webhook w join account a using (account)';

const insert = statement<{ webhook: number }>('webhook.insert', 'insert into webhook (account, url, selection, secret, created, epoch, tick, place, at) values ($1, $2, $3, $4, $5, $6, $7, $8, $9) returning webhook');
const find = statement<WebhookRow>('webhook.find', `select ${COLUMNS} from ${FROM} where w.account = $1 and w.webhook = $2`);
const list = statement<WebhookRow>('webhook.list', `select ${COLUMNS} from ${FROM} where w.account = $1 order by w.webhook`);
const due = statement<WebhookRow>('webhook.due', `select ${COLUMNS} from ${FROM} join ownership o using (account) where o.process = $1 and w.disabled_at is null order by w.webhook`);
const remove = statement<{ webhook: number }>('webhook.remove', 'delete from webhook where account = $1 and webhook = $2 returning webhook');
const enable = statement('webhook.enable', 'update webhook set disabled_at = null, disabled_reason = null, failing_since = null, attempts = 0, next_at = 0 where account = $1 and webhook = $2');
const advance = statement('webhook.advance', 'update webhook set epoch = $2, tick = $3, place = $4, at = $5, failing_since = null, attempts = 0, next_at = 0 where webhook = $1 and (epoch, tick, place) < ($2, $3, $4)');
const fail = statement('webhook.fail', 'update webhook set failing_since = coalesce(failing_since, $2), attempts = $3, next_at = $4, disabled_at = $5, disabled_reason = $6 where webhook = $1');
const log = statement(
  'webhook.log',
  `with written as (insert into webhook_delivery (webhook, event, type, at, attempt, took_ms, status, error) select $1, $2, $3, $4, $5, $6, $7, $8 where exists (select from webhook where webhook = $1))
   delete from webhook_delivery where webhook = $1 and delivery <= (select delivery from webhook_delivery where webhook = $1 order by delivery desc offset $9 limit 1)`,
);
const deliveries = statement<DeliveryRow>('webhook.deliveries', 'select event, type, at, attempt, took_ms as "tookMs", status, error from webhook_delivery where webhook = $1 order by delivery desc');

/** So many attempts of each are kept. */
const MOST_DELIVERIES = 100;

/** To be called under `lockAccount`. */
export async function insertWebhook(tx: Transaction, { account, url, selection, secret, createdAt, epoch, tick, place, at }: Pick<WebhookRow, 'account' | 'url' | 'selection' | 'secret' | 'createdAt' | keyof Position>): Promise<number> {
  const inserted = await row(tx, insert, [account, url, selection, secret, createdAt, epoch, tick, place, at]);
  if (inserted === null) throw new Error('insert into webhook returned no row');
  return inserted.webhook;
}

export function findWebhook(database: Database | Transaction, account: AccountNumber, webhook: number): Promise<WebhookRow | null> {
  return row(database, find, [account, webhook]);
}

/** Oldest first. */
export function listWebhooks(database: Database | Transaction, account: AccountNumber): Promise<readonly WebhookRow[]> {
  return rows(database, list, [account]);
}

/** Those that are enabled, of the accounts that a process owns. */
export function webhooksOf(database: Database, process: string): Promise<readonly WebhookRow[]> {
  return rows(database, due, [process]);
}

/** With the log of its deliveries. Returns whether it was there. */
export async function removeWebhook(database: Database, account: AccountNumber, webhook: number): Promise<boolean> {
  return (await row(database, remove, [account, webhook])) !== null;
}

/** It goes on where it was. */
export async function enableWebhook(database: Database, account: AccountNumber, webhook: number): Promise<void> {
  await rows(database, enable, [account, webhook]);
}

/** All up to there is delivered. */
export async function advanceWebhook(database: Database, webhook: number, { epoch, tick, place, at }: Position): Promise<void> {
  await rows(database, advance, [webhook, epoch, tick, place, at]);
}

/** An attempt has failed. `disabledReason` null: it is tried again. */
export async function failWebhook(database: Database, webhook: number, { now, attempts, nextAt, disabledReason }: { readonly now: Instant; readonly attempts: number; readonly nextAt: Instant; readonly disabledReason: string | null }): Promise<void> {
  await rows(database, fail, [webhook, now, attempts, nextAt, disabledReason === null ? null : now, disabledReason]);
}

export async function logDelivery(database: Database, webhook: number, { event, type, at, attempt, tookMs, status, error }: DeliveryRow): Promise<void> {
  await rows(database, log, [webhook, event, type, at, attempt, tookMs, status, error, MOST_DELIVERIES]);
}

/** The latest first. */
export function deliveriesOf(database: Database, webhook: number): Promise<readonly DeliveryRow[]> {
  return rows(database, deliveries, [webhook]);
}
