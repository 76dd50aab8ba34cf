import type { IncomingMessage } from 'node:http';
import type { Instant } from '../core/keys.ts';
import { BatchError } from '../wire/errors.ts';
import { parseAuthorization, verifySharedKey } from '../wire/sharedKey.ts';
import type { Account } from './dataPlane.ts';

/** Thrown when a request shows no credential: 401 with a challenge. */
export class Unauthenticated extends Error {}

/**
 * The account whose key signed the request.
 * @throws Unauthenticated without Authorization or with a bearer token (no issuer is known to this service yet); BatchError AuthenticationFailed (403) and
 * InvalidAuthenticationInfo (400) as the service does.
 */
export function authenticate(message: IncomingMessage, rawUrl: string, accounts: ReadonlyMap<string, Account>, now: Instant): Account {
  if (parseAuthorization(message.headers.authorization).scheme !== 'SharedKey') throw new Unauthenticated();
  const { method = '', headers } = message;
  const bodyLength = Number(headers['content-length'] ?? 0);
  const find = (name: string): Account | undefined => accounts.get(name.toLowerCase());
  const name = verifySharedKey({ method, rawUrl, headers, bodyLength }, (account) => find(account)?.keys, now);
  const account = find(name);
  if (account === undefined) throw new BatchError('AuthenticationFailed');
  return account;
}
