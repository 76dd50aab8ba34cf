import { createHash } from 'node:crypto';
import { isGuid } from '../../../wire/management/guid.ts';
import { audienceOfScope } from '../audiences.ts';
import type { Form } from '../form.ts';
import { OAuthError } from '../oauthError.ts';

/** How the answer to a sign-in gets to the application (OAuth 2.0 Multiple Response Types, 2.1, and Form Post). */
type ResponseMode = 'query' | 'fragment' | 'form_post';

/** Where the answer to a sign-in goes. */
export interface ReturnAddress {
  readonly redirectUri: string;
  readonly mode: ResponseMode;
  readonly state: string | undefined;
}

/** A sign-in that an application asks for in a browser: the authorization code flow with PKCE. */
export interface AuthorizeRequest {
  readonly clientId: string;
  readonly scope: string;
  readonly challenge: string;
  readonly nonce: string | null;
  /** Who the application believes is to sign in. */
  readonly loginHint: string | undefined;
  /** There must be no page, and so there is no sign-in. */
  readonly isSilent: boolean;
}

/** More than any client sends, and little enough for a header. */
const LONGEST = 2_048;
const MODES: readonly string[] = ['query', 'fragment', 'form_post'] satisfies readonly ResponseMode[];

/**
 * Where the answer goes, and to whom. Both are looked at first: whoever is sent elsewhere by a page of this service may
 * lose a code there. Applications of this machine alone can sign people in (RFC 8252, 7.3, as far as Entra has it).
 * @throws OAuthError, to be shown to the person, for an application or an address that is not taken.
 */
export function returnAddress(form: Form): ReturnAddress {
  const clientId = form.required('client_id');
  if (!isGuid(clientId)) throw new OAuthError('invalidClientId', `The specified client identifier '${clientId.slice(0, 64)}' is not a GUID.`);
  const redirectUri = form.required('redirect_uri');
  if (!isLoopback(redirectUri)) throw new OAuthError('wrongRedirect', `The redirect URI '${redirectUri.slice(0, 256)}' is not taken: applications of this machine alone sign people in, at http://localhost or http://127.0.0.1, at any port.`);
  const mode = form.get('response_mode') ?? 'query';
  if (!isMode(mode)) throw new OAuthError('wrongResponseMode', `The response_mode '${mode.slice(0, 64)}' is not supported: ${MODES.join(', ')} are.`);
  return { redirectUri, mode, state: form.get('state') };
}

function isMode(mode: string): mode is ResponseMode {
  return MODES.includes(mode);
}

function isLoopback(address: string): boolean {
  if (address.length > LONGEST || !URL.canParse(address)) return false;
  const { protocol, hostname, username, password, hash } = new URL(address);
  return protocol === 'http:' && ['localhost', '127.0.0.1'].includes(hostname) && username === '' && password === '' && hash === '' && !address.includes('#');
}

/** @throws OAuthError, to be told to the application. */
export function authorizeRequest(form: Form): AuthorizeRequest {
  const asked = form.required('response_type');
  if (asked !== 'code') throw new OAuthError('unsupportedResponse', `The response_type '${asked.slice(0, 64)}' is not supported: 'code' is.`);
  const challenge = form.get('code_challenge');
  if (challenge === undefined) throw new OAuthError('missingParameter', "The request must contain the following parameter: 'code_challenge' (PKCE, RFC 7636).");
  if (form.get('code_challenge_method') !== 'S256') throw new OAuthError('wrongChallenge', "The code_challenge_method must be 'S256'.");
  if (!/^[\w-]{43}$/.test(challenge)) throw new OAuthError('wrongChallenge', "The 'code_challenge' is none of the method S256: 43 letters of base64url.");
  if (form.get('request') !== undefined || form.get('request_uri') !== undefined) throw new OAuthError('unsupportedRequest', "The parameters 'request' and 'request_uri' are not supported.");
  const [scope, nonce] = [form.get('scope') ?? '', form.get('nonce') ?? null];
  const resource = form.get('resource');
  const wanted = resource === undefined ? scope : `${resource}/.default ${scope}`;
  if (wanted.length > LONGEST || (nonce?.length ?? 0) > LONGEST) throw new OAuthError('invalidScope', 'The scope or the nonce is too long.');
  if (audienceOfScope(wanted) === null) throw new OAuthError('invalidScope', `The provided value for the input parameter 'scope' is not valid. The scope '${wanted.slice(0, 256)}' names no resource.`);
  return { clientId: form.required('client_id'), scope: wanted, challenge, nonce, loginHint: form.get('login_hint'), isSilent: form.get('prompt') === 'none' };
}

const VERIFIER = /^[\w.~-]{43,128}$/;

/** Whether the verifier is the one of the challenge (RFC 7636, 4.6). */
export function answersChallenge(verifier: string, challenge: string): boolean {
  return VERIFIER.test(verifier) && createHash('sha256').update(verifier).digest('base64url') === challenge;
}
