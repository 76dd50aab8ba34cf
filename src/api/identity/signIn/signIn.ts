import { randomBytes } from 'node:crypto';
import { lowerAscii } from '../../../wire/letters.ts';
import type { Instant } from '../../../core/keys.ts';
import { insertCode } from '../../../store/intents/authorizationCodes.ts';
import type { Database } from '../../../store/intents/statement.ts';
import type { Answer } from '../../answer.ts';
import type { DeviceLogins } from '../deviceLogins.ts';
import type { Form } from '../form.ts';
import { OAuthError } from '../oauthError.ts';
import { hashOf, isSame } from '../secrets.ts';
import { OPERATOR_USER } from '../wellKnown.ts';
import { authorizeRequest, type AuthorizeRequest, returnAddress, type ReturnAddress } from './authorizeRequest.ts';
import { devicePage, messagePage, returned, signInPage } from './pages.ts';

/** What a page was asked with: its address's query, and what a person has entered; null: nothing yet. */
export interface Visit {
  readonly query: Form;
  readonly entered: Form | null;
  readonly now: Instant;
}

interface SignInParts {
  readonly database: Database;
  readonly devices: Pick<DeviceLogins, 'approve'>;
  readonly operatorSecret: string;
}

/** Entra's last so long. */
const CODE_LIFETIME_MS = 10 * 60_000;

/**
 * The page at which a person signs in for an application (RFC 6749, 4.1; RFC 7636). No cookie is set: who asks again
 * signs in again, and no other page can use what a browser remembers.
 * @throws OAuthError, to be shown to the person.
 */
export async function authorize(visit: Visit, parts: SignInParts): Promise<Answer> {
  const address = returnAddress(visit.query);
  try {
    const request = authorizeRequest(visit.query);
    // Nobody is ever signed in already (OpenID Connect Core, 3.1.2.6).
    if (request.isSilent) throw new OAuthError('loginRequired', 'The user has to sign in, and the application asks for no page.');
    return await asked(request, address, visit, parts);
  } catch (error) {
    if (!(error instanceof OAuthError)) throw error;
    return returned(address, { error: error.error, error_description: `AADSTS${error.number}: ${error.message}` });
  }
}

async function asked(request: AuthorizeRequest, address: ReturnAddress, { entered, now }: Visit, parts: SignInParts): Promise<Answer> {
  if (entered?.get('answer') === 'cancel') throw new OAuthError('cancelled', 'The user has cancelled the sign-in.');
  const user = entered?.get('username') ?? request.loginHint ?? OPERATOR_USER.name;
  if (entered === null || !isOperator(entered, parts)) {
    return signInPage({ application: request.clientId, leadsTo: address.redirectUri, user, wrong: entered === null ? null : WRONG });
  }
  const code = randomBytes(32).toString('base64url');
  const { clientId, challenge, scope, nonce } = request;
  await insertCode(parts.database, hashOf(code), { clientId, redirectUri: address.redirectUri, challenge, scope, nonce, expiresAt: now + CODE_LIFETIME_MS }, now);
  return returned(address, { code });
}

const WRONG = 'The user name or the password is wrong.';

/** Both are looked at, so that the time does not tell which one is wrong. */
export function isOperator(entered: Form, { operatorSecret }: Pick<SignInParts, 'operatorSecret'>): boolean {
  const isPassword = isSame(entered.get('password') ?? '', operatorSecret);
  return lowerAscii(entered.get('username') ?? '') === OPERATOR_USER.name && isPassword;
}

/** The page at which a person approves of a sign-in by a device code (RFC 8628, 3.3). */
export async function approveDevice({ query, entered, now }: Visit, { devices, operatorSecret }: Omit<SignInParts, 'database'>): Promise<Answer> {
  const code = entered?.get('code') ?? query.get('user_code') ?? '';
  const again = (wrong: string | null): Answer => devicePage({ code, user: entered?.get('username') ?? OPERATOR_USER.name, wrong });
  if (entered === null) return again(null);
  if (!isOperator(entered, { operatorSecret })) return again(WRONG);
  if (!(await devices.approve(code, now))) return again('No sign-in waits with this code: it may have expired.');
  return messagePage({ title: 'Signed in', text: 'The program goes on. This window can be closed.' });
}

/** Nothing is to be ended: the browser was given nothing. */
export function signOut(): Answer {
  return messagePage({ title: 'Signed out', text: 'This service keeps no sign-in in the browser. Programs that have signed in keep their tokens until these expire.' });
}
