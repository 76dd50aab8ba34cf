import type { IncomingMessage } from 'node:http';
import type { Instant } from '../core/keys.ts';
import { BatchError } from '../wire/errors.ts';
import { lowerAscii } from '../wire/letters.ts';
import { parseAuthorization, verifySharedKey } from '../wire/sharedKey.ts';
import { sharedKeyPrincipal, type Account, type Principal } from './principal.ts';

/** The accounts of a service by name. */
export type Accounts = ReadonlyMap<string, Account>;

/**
 * Who signed the request with a key of an account.
 * @throws BatchError MissingRequiredHeader (400) without Authorization, as recorded; AuthenticationFailed with 401 for
 * a bearer token (no issuer is known to this service yet) and with 403 for a wrong signature; InvalidAuthenticationInfo
 * (400); MissingContentLengthHeader (411) for a body in chunks, whose length nobody can have signed (the usual clients
 * send none).
 */
export function authenticate(message: IncomingMessage, rawUrl: string, accounts: Accounts, now: Instant): Principal {
  const { method = '', headers } = message;
  const credentials = parseAuthorization(headers.authorization);
  if (credentials.scheme === 'none') throw new BatchError('MissingRequiredHeader', [{ key: 'HeaderName', value: 'Authorization' }]);
  if (credentials.scheme === 'Bearer') throw failed('This service takes shared keys only, no bearer tokens: sign requests with the key of the account.', { status: 401 });
  if (!accounts.has(lowerAscii(credentials.account))) {
    throw failed(`There is no account '${credentials.account}' here: this service has ${[...accounts.keys()].map((name) => `the account '${name}'`).join(', ')} only.`);
  }
  if (headers['transfer-encoding'] !== undefined) throw new BatchError('MissingContentLengthHeader', [{ key: 'Reason', value: 'A body in chunks is not taken.' }]);
  const bodyLength = Number(headers['content-length'] ?? 0);
  const find = (name: string): Account | undefined => accounts.get(lowerAscii(name));
  const name = verifySharedKey({ method, rawUrl, headers, bodyLength }, (account) => find(account)?.keys, now);
  const account = find(name);
  if (account === undefined) throw new BatchError('AuthenticationFailed');
  return sharedKeyPrincipal(account);
}

function failed(detail: string, options?: { readonly status: 401 }): BatchError {
  return new BatchError('AuthenticationFailed', [{ key: 'AuthenticationErrorDetail', value: detail }], options);
}
