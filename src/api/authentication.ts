import type { IncomingMessage } from 'node:http';
import type { Instant } from '../core/keys.ts';
import { BatchError } from '../wire/errors.ts';
import { parseAuthorization, verifySharedKey } from '../wire/sharedKey.ts';
import type { TaskKey, TaskTokens } from '../ports.ts';
import type { Accounts } from './accounts.ts';
import { sharedKeyPrincipal, taskPrincipal, type AccountPrincipal } from './principal.ts';

/** By what callers are told. */
export interface Authorities {
  readonly accounts: Accounts;
  readonly tokens: TaskTokens;
  /** The id of the job of a task that has not ended, nor begun a later try; null: it has, or is gone. */
  readonly jobOf: (task: TaskKey) => Promise<string | null>;
  /** The time that signatures are held against. */
  readonly wallClock: () => Instant;
}

/**
 * Who asks: whoever signs with a key of an account, or a task that shows its token. Where the host names an account, it
 * has to be that one.
 * @throws BatchError MissingRequiredHeader (400) without Authorization, as recorded; AuthenticationFailed with 401 for
 * a bearer token that is no task's, or whose task has ended, and with 403 for a wrong signature;
 * InvalidAuthenticationInfo (400); MissingContentLengthHeader (411) for a body in chunks, whose length nobody can have
 * signed (the usual clients send none).
 */
export function authenticate(message: IncomingMessage, rawUrl: string, authorities: Authorities): AccountPrincipal | Promise<AccountPrincipal> {
  const { headers } = message;
  const credentials = parseAuthorization(headers.authorization);
  switch (credentials.scheme) {
    case 'none':
      throw new BatchError('MissingRequiredHeader', [{ key: 'HeaderName', value: 'Authorization' }]);
    case 'Bearer':
      refuseChunks(message);
      return ofToken(credentials.token, message, authorities);
    case 'SharedKey':
      return ofSignature(credentials.account, message, rawUrl, authorities);
  }
}

async function ofToken(token: string, { headers }: IncomingMessage, { accounts, tokens, jobOf }: Authorities): Promise<AccountPrincipal> {
  const task = tokens.verify(token);
  if (task === null) throw failed('This service takes shared keys, and no bearer tokens but those that it gives to tasks: sign requests with the key of the account.', { status: 401 });
  const account = accounts.numbered(task.account);
  const atHost = accounts.atHost(headers.host);
  if (atHost !== undefined && atHost !== account) throw failed(`The host of the request is that of the account '${atHost.name}', and the token is of another account.`, { status: 401 });
  const jobId = account === undefined ? null : await jobOf(task);
  if (account === undefined || jobId === null) throw failed('The task whose token this is has ended.', { status: 401 });
  return taskPrincipal(account, jobId);
}

function ofSignature(named: string, message: IncomingMessage, rawUrl: string, { accounts, wallClock }: Authorities): AccountPrincipal {
  const { method = '', headers } = message;
  const account = accounts.named(named);
  if (account === undefined) {
    throw failed(`There is no account '${named}' here: this service has ${accounts.names().map((name) => `the account '${name}'`).join(', ')} only.`);
  }
  const atHost = accounts.atHost(headers.host);
  if (atHost !== undefined && atHost !== account) throw failed(`The host of the request is that of the account '${atHost.name}', and the signature is by the account '${account.name}'.`);
  refuseChunks(message);
  const bodyLength = Number(headers['content-length'] ?? 0);
  verifySharedKey({ method, rawUrl, headers, bodyLength }, (name) => accounts.named(name)?.keys, wallClock());
  return sharedKeyPrincipal(account);
}

function refuseChunks({ headers }: IncomingMessage): void {
  if (headers['transfer-encoding'] !== undefined) throw new BatchError('MissingContentLengthHeader', [{ key: 'Reason', value: 'A body in chunks is not taken.' }]);
}

function failed(detail: string, options?: { readonly status: 401 }): BatchError {
  return new BatchError('AuthenticationFailed', [{ key: 'AuthenticationErrorDetail', value: detail }], options);
}
