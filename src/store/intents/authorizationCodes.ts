import type { Instant } from '../../core/keys.ts';
import { row, rows, statement, type Database } from './statement.ts';

/** What a code of a sign-in in a browser was given for. */
export interface CodeGrant {
  readonly clientId: string;
  readonly redirectUri: string;
  /** Of PKCE, S256 (RFC 7636). */
  readonly challenge: string;
  readonly scope: string;
  readonly nonce: string | null;
  readonly expiresAt: Instant;
}

const insert = statement(
  'authorization-code.insert',
  'insert into authorization_code (code, client, redirect_uri, challenge, scope, nonce, expires_at) values ($1, $2, $3, $4, $5, $6, $7)',
);
const removeOld = statement('authorization-code.remove-old', 'delete from authorization_code where expires_at < $1');
const redeem = statement<CodeGrant>(
  'authorization-code.redeem',
  `update authorization_code set redeemed = true where code = $1 and not redeemed
    returning client as "clientId", redirect_uri as "redirectUri", challenge, scope, nonce, expires_at as "expiresAt"`,
);
const find = statement('authorization-code.find', 'select 1 as found from authorization_code where code = $1');

const KEPT_AFTER_MS = 60 * 60_000;

/** Only who knows the operator's secret begins one, so nothing else bounds them. */
export async function insertCode(database: Database, code: Buffer, { clientId, redirectUri, challenge, scope, nonce, expiresAt }: CodeGrant, now: Instant): Promise<void> {
  await rows(database, removeOld, [now - KEPT_AFTER_MS]);
  await rows(database, insert, [code, clientId, redirectUri, challenge, scope, nonce, expiresAt]);
}

/** What it was given for; it is of no use from then on, whoever asked. */
export async function redeemCode(database: Database, code: Buffer): Promise<CodeGrant | 'unknown' | 'redeemed'> {
  return (await row(database, redeem, [code])) ?? ((await row(database, find, [code])) === null ? 'unknown' : 'redeemed');
}
