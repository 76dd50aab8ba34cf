import type { IncomingMessage } from 'node:http';
import type { AccountNumber, Instant } from '../core/keys.ts';
import { BatchError } from '../wire/errors.ts';
import { parseAuthorization, verifySharedKey } from '../wire/sharedKey.ts';
import type { TaskKey, TaskTokens } from '../ports.ts';
import { checkAccess } from './accountAccess.ts';
import type { Accounts } from './accounts.ts';
import { dataAudiences } from './identity/audiences.ts';
import type { AssignedRoles } from './identity/assignedRoles.ts';
import { TokenRefused } from './identity/tokenRefused.ts';
import type { Tokens } from './identity/tokens.ts';
import { checkOrigin, type OriginRules } from './page/origin.ts';
import { SESSION_HEADER, type Sessions } from './page/sessions.ts';
import { memberPrincipal, sessionPrincipal, sharedKeyPrincipal, taskPrincipal, type AccountPrincipal } from './principal.ts';

/** By what callers are told. */
export interface Authorities {
  readonly accounts: Accounts;
  /** Those of tasks. */
  readonly tokens: TaskTokens;
  readonly directory: DirectoryAuthority;
  /** Those of browsers. */
  readonly sessions: Pick<Sessions, 'shownBy'>;
  readonly origin: OriginRules;
  /** The id of the job of a task that has not ended, nor begun a later try; null: it has, or is gone. */
  readonly jobOf: (task: TaskKey) => Promise<string | null>;
  /** The time that signatures are held against. */
  readonly wallClock: () => Instant;
}

/** By what callers are told that show a token of the directory. */
interface DirectoryAuthority {
  readonly tokens: Tokens;
  readonly roles: AssignedRoles;
  /** The id of the resource of an account, which roles are assigned at; null: it is gone. */
  readonly scopeOf: (account: AccountNumber) => Promise<string | null>;
}

/**
 * Who asks: whoever signs with a key of an account, a task that shows its token, whoever the directory has given one,
 * or a browser with its session. Where the host names an account, it has to be that one.
 * @throws BatchError MissingRequiredHeader (400) without Authorization, as recorded; AuthenticationFailed with 401 for
 * a bearer token that is not taken, or whose task has ended, and with 403 for a wrong signature;
 * InvalidAuthenticationInfo (400); MissingContentLengthHeader (411) for a body in chunks, whose length nobody can have
 * signed (the usual clients send none); what `checkAccess` throws.
 */
export function authenticate(message: IncomingMessage, rawUrl: string, authorities: Authorities): AccountPrincipal | Promise<AccountPrincipal> {
  try {
    const principal = once(message, rawUrl, authorities);
    return principal instanceof Promise ? principal.catch((error: unknown) => afresh(error, message, rawUrl, authorities)) : principal;
  } catch (error) {
    return afresh(error, message, rawUrl, authorities);
  }
}

/**
 * As `authenticate`, later: whether who asked at `askedAt` may still ask. A signature does not age with its request;
 * tokens do.
 */
export function authenticateAgain(message: IncomingMessage, rawUrl: string, authorities: Authorities, askedAt: Instant): AccountPrincipal | Promise<AccountPrincipal> {
  const isSigned = parseAuthorization(message.headers.authorization).scheme === 'SharedKey';
  // A page that is left open is not in use.
  const sessions: Authorities['sessions'] = { shownBy: (shown) => authorities.sessions.shownBy(shown, false) };
  return once(message, rawUrl, { ...authorities, sessions, ...(isSigned ? { wallClock: () => askedAt } : {}) });
}

function once(message: IncomingMessage, rawUrl: string, authorities: Authorities): AccountPrincipal | Promise<AccountPrincipal> {
  const principal = credentialsOf(message, rawUrl, authorities);
  return principal instanceof Promise ? principal.then((one) => allowed(one, message, authorities)) : allowed(principal, message, authorities);
}

/** Another process may have made the account, or its keys, a moment ago. */
async function afresh(error: unknown, message: IncomingMessage, rawUrl: string, authorities: Authorities): Promise<AccountPrincipal> {
  const isRefused = error instanceof BatchError && (error.code === 'AuthenticationFailed' || error.code === 'InvalidRestAPIForAccountSetting');
  if (!isRefused || !(await authorities.accounts.lookAgain())) throw error;
  return once(message, rawUrl, authorities);
}

/** As far as the account allows its credential and its address. */
function allowed(principal: AccountPrincipal, { socket }: IncomingMessage, { accounts }: Authorities): AccountPrincipal {
  const access = accounts.accessTo(principal.account);
  if (access !== undefined) checkAccess(access, principal.kind, socket.remoteAddress);
  return principal;
}

function credentialsOf(message: IncomingMessage, rawUrl: string, authorities: Authorities): AccountPrincipal | Promise<AccountPrincipal> {
  const { headers } = message;
  const credentials = parseAuthorization(headers.authorization);
  switch (credentials.scheme) {
    case 'none':
      if (headers[SESSION_HEADER] !== undefined) return ofSession(message, authorities);
      throw new BatchError('MissingRequiredHeader', [{ key: 'HeaderName', value: 'Authorization' }]);
    case 'Bearer':
      refuseChunks(message);
      return ofToken(credentials.token, message, authorities);
    case 'SharedKey':
      return ofSignature(credentials.account, message, rawUrl, authorities);
  }
}

async function ofSession(message: IncomingMessage, { accounts, sessions, origin }: Authorities): Promise<AccountPrincipal> {
  checkOrigin(message, origin);
  refuseChunks(message);
  const shown = await sessions.shownBy(message);
  if (shown === null) throw failed('The session has ended.', { status: 401 });
  const { account, session } = shown;
  const atHost = accounts.atHost(message.headers.host);
  if (atHost !== undefined && atHost !== account) throw failed(`The host of the request is that of the account '${atHost.name}', and the session is of another account.`, { status: 401 });
  return sessionPrincipal(account, { session: session.number, role: session.role });
}

function ofToken(token: string, message: IncomingMessage, authorities: Authorities): Promise<AccountPrincipal> {
  const task = authorities.tokens.verify(token);
  return task === null ? ofIdentity(token, message, authorities) : ofTask(task, message, authorities);
}

async function ofTask(task: TaskKey, { headers }: IncomingMessage, { accounts, jobOf }: Authorities): Promise<AccountPrincipal> {
  const account = accounts.numbered(task.account);
  const atHost = accounts.atHost(headers.host);
  if (atHost !== undefined && atHost !== account) throw failed(`The host of the request is that of the account '${atHost.name}', and the token is of another account.`, { status: 401 });
  const jobId = account === undefined ? null : await jobOf(task);
  if (account === undefined || jobId === null) throw failed('The task whose token this is has ended.', { status: 401 });
  return taskPrincipal(account, jobId);
}

async function ofIdentity(token: string, { headers }: IncomingMessage, { accounts, directory, wallClock }: Authorities): Promise<AccountPrincipal> {
  const { host = 'localhost' } = headers;
  try {
    const identity = await directory.tokens.verify(token, { audiences: dataAudiences(`https://${host}`), now: wallClock() });
    const account = accounts.atHost(host) ?? accounts.first();
    if (account === undefined) throw failed('This service has no account.', { status: 401 });
    const scope = await directory.scopeOf(account.number);
    if (scope === null) throw failed(`The account '${account.name}' is gone.`, { status: 401 });
    return memberPrincipal(identity, account, await directory.roles.at(identity, scope));
  } catch (error) {
    if (error instanceof TokenRefused) throw failed(error.message, { status: 401 });
    throw error;
  }
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
