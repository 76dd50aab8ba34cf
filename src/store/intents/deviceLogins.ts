import type { Instant } from '../../core/keys.ts';
import { row, rows, statement, type Database } from './statement.ts';

/** A sign-in that waits for approval, or to be redeemed. */
interface DeviceLoginRow {
  readonly clientId: string;
  readonly expiresAt: Instant;
  readonly isApproved: boolean;
}

const insert = statement('device-login.insert', 'insert into device_login (code, user_code, client, expires_at, approved) values ($1, $2, $3, $4, false)');
const removeOld = statement(
  'device-login.remove-old',
  'delete from device_login where expires_at < $1 or code in (select code from device_login order by expires_at desc offset $2)',
);
const find = statement<DeviceLoginRow>('device-login.find', 'select client as "clientId", expires_at as "expiresAt", approved as "isApproved" from device_login where code = $1');
const approve = statement('device-login.approve', 'update device_login set approved = true where user_code = $1 and expires_at > $2 returning 1 as found');
const remove = statement('device-login.remove', 'delete from device_login where code = $1 returning 1 as found');

/** Anybody may begin one: those begun first make room. */
const MOST_KEPT = 1_000;
/** A client that comes late is told that its code has expired. */
const KEPT_AFTER_MS = 60 * 60_000;

interface NewLogin {
  readonly code: Buffer;
  readonly userCode: string;
  readonly clientId: string;
  readonly expiresAt: Instant;
  readonly now: Instant;
}

export async function insertLogin(database: Database, { code, userCode, clientId, expiresAt, now }: NewLogin): Promise<void> {
  await rows(database, removeOld, [now - KEPT_AFTER_MS, MOST_KEPT - 1]);
  await rows(database, insert, [code, userCode, clientId, expiresAt]);
}

export function findLogin(database: Database, code: Buffer): Promise<DeviceLoginRow | null> {
  return row(database, find, [code]);
}

/** False: there is none. */
export async function approveLogin(database: Database, userCode: string, now: Instant): Promise<boolean> {
  return (await row(database, approve, [userCode, now])) !== null;
}

/** False: somebody else has. */
export async function removeLogin(database: Database, code: Buffer): Promise<boolean> {
  return (await row(database, remove, [code])) !== null;
}
