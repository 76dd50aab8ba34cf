/** `POST /linarite/signin`: begins the session of a browser, by a link's secret or by a key of the account. */
import { createHash, timingSafeEqual } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import { BatchError, invalidProperty } from '../../wire/errors.ts';
import { LIMITS } from '../../wire/limits.ts';
import { checkAccess } from '../accountAccess.ts';
import type { Accounts, Account } from '../accounts.ts';
import type { Answer } from '../answer.ts';
import { batchErrorBody, ODATA_HEADERS } from '../batchErrors.ts';
import { batchChallenge } from '../identity/challenge.ts';
import { json, objectOf } from '../own/json.ts';
import type { Plane } from '../plane.ts';
import { checkOrigin, type OriginRules } from './origin.ts';
import { cookieName, LONGEST_MS, type Begun, type Sessions } from './sessions.ts';

const PATH = '/linarite/signin';

export interface SignInOptions {
  readonly sessions: Sessions;
  readonly accounts: Accounts;
  readonly origin: OriginRules;
}

/** A plane of its own, since nobody has a credential yet. */
export function createSignInPlane(options: SignInOptions): Plane {
  return {
    name: 'own',
    match: ({ message, target, scheme }) => {
      if (target.path !== PATH) return undefined;
      if (message.method !== 'POST') throw new BatchError('UnsupportedHttpVerb');
      return { operation: 'signin', access: null, handle: ({ body }) => ({ timeoutMs: LIMITS.serverTimeoutMs, run: async () => signIn(options, message, scheme === 'https', await body.json()) }) };
    },
    authenticate: ({ message }) => {
      checkOrigin(message, options.origin);
      return null;
    },
    challenge: ({ baseUrl }) => batchChallenge(baseUrl),
    errorBody: batchErrorBody,
    headers: () => ODATA_HEADERS,
  };
}

async function signIn(options: SignInOptions, message: IncomingMessage, isSecure: boolean, asked: unknown): Promise<Answer> {
  const begun = await beginBy(options, message, objectOf(asked, 'the body'));
  const { account, role, number, token, cookie } = begun;
  const answer = json(200, { account: account.name, role, session: number, token });
  const setCookie = `${cookieName(message)}=${cookie}; HttpOnly; SameSite=Strict; Path=/; Max-Age=${LONGEST_MS / 1000}${isSecure ? '; Secure' : ''}`;
  return { ...answer, headers: { ...answer.headers, 'set-cookie': setCookie, 'cache-control': 'no-store' } };
}

async function beginBy({ sessions, accounts }: SignInOptions, message: IncomingMessage, { link, account: name, key, ...more }: Readonly<Record<string, unknown>>): Promise<Begun> {
  const unknown = Object.keys(more)[0];
  if (unknown !== undefined) throw invalidProperty(unknown, more[unknown], 'There is no such property.');
  const agent = message.headers['user-agent'] ?? '';
  if (link !== undefined) {
    const begun = typeof link === 'string' ? await sessions.redeem(link, agent) : null;
    if (begun === null) throw refused('The link has been used, or is older than two minutes.');
    permit(accounts, begun.account, message);
    return begun;
  }
  const account = typeof name === 'string' ? accounts.named(name) : undefined;
  if (account === undefined || typeof key !== 'string' || !isKeyOf(account, key)) throw refused('There is no account of this name and key.');
  permit(accounts, account, message);
  return sessions.begin(account, 'contributor', agent);
}

function permit(accounts: Accounts, account: Account, { socket }: IncomingMessage): void {
  const access = accounts.accessTo(account);
  if (access !== undefined) checkAccess(access, 'session', socket.remoteAddress);
}

function isKeyOf({ keys }: Account, given: string): boolean {
  const digest = (text: string): Buffer => createHash('sha256').update(text).digest();
  const hash = digest(given.trim());
  return keys.map((key) => timingSafeEqual(digest(key), hash)).includes(true);
}

function refused(detail: string): BatchError {
  return new BatchError('AuthenticationFailed', [{ key: 'AuthenticationErrorDetail', value: detail }], { status: 401 });
}
