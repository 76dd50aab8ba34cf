import { createHash, timingSafeEqual } from 'node:crypto';
import type { JWTPayload } from 'jose';
import type { Instant } from '../../core/keys.ts';
import { lowerAscii } from '../../wire/letters.ts';
import { isGuid } from '../../wire/management/guid.ts';
import { audienceOfScope, isKnownAudience } from './audiences.ts';
import type { DeviceLogins } from './deviceLogins.ts';
import type { Form } from './form.ts';
import type { Identity } from './identity.ts';
import { OAuthError } from './oauthError.ts';
import { TokenRefused } from './tokenRefused.ts';
import { issuerAt, type Tokens } from './tokens.ts';
import { BATCH_AUDIENCE, OPERATOR, OPERATOR_USER, TENANT_ID } from './wellKnown.ts';

/** What grants are given by. */
export interface GrantParts {
  readonly tokens: Tokens;
  readonly operatorSecret: string;
  readonly devices: DeviceLogins;
}

/** A request to the token endpoint. */
export interface TokenAsk {
  readonly form: Form;
  /** Of `Authorization: Basic`, where a client proves itself there (RFC 6749, 2.3.1). */
  readonly basic: { readonly id: string; readonly secret: string } | null;
  /** Scheme and host as the client called us. */
  readonly baseUrl: string;
  readonly now: Instant;
}

type Grant = (ask: TokenAsk, parts: GrantParts) => Promise<object>;

/** The grants of OAuth 2.0 that are served. */
const GRANTS: Readonly<Record<string, Grant>> = {
  client_credentials: clientCredentials,
  password,
  refresh_token: refresh,
  'urn:ietf:params:oauth:grant-type:device_code': deviceCode,
  // As version 1.0 of Entra's endpoint calls it.
  device_code: deviceCode,
};

/** The answer to a request for a token. @throws OAuthError. */
export function grantToken(ask: TokenAsk, parts: GrantParts): Promise<object> {
  const type = ask.form.required('grant_type');
  const grant = Object.hasOwn(GRANTS, type) ? GRANTS[type] : undefined;
  if (grant === undefined) throw new OAuthError('unsupportedGrant', `The app requested an unsupported grant type '${type.slice(0, 64)}'.`);
  return grant(ask, parts);
}

const TOKEN_SECONDS = 3_599;

async function clientCredentials({ form, basic, baseUrl, now }: TokenAsk, { tokens, operatorSecret }: GrantParts): Promise<object> {
  const clientId = basic?.id ?? form.required('client_id');
  if (lowerAscii(clientId) !== OPERATOR.appId) throw unknownClient(clientId);
  const secret = basic?.secret ?? form.get('client_secret');
  if (secret === undefined) throw withoutSecret(form);
  if (!isSame(secret, operatorSecret)) throw new OAuthError('wrongSecret', `Invalid client secret provided. Ensure the secret being sent in the request is the client secret value for the app '${OPERATOR.appId}'.`);
  const audience = audienceOf(form, baseUrl, { isDefaultOnly: true });
  const accessToken = await tokens.issue({ identity: OPERATOR, audience, issuer: issuerAt(baseUrl), now });
  return { ...tokenAnswer(form, accessToken, audience, now) };
}

function withoutSecret(form: Form): OAuthError {
  if (form.get('client_assertion') !== undefined) return new OAuthError('unknownAssertion', `The certificate with which the client assertion was signed is not registered: the app '${OPERATOR.appId}' has a client secret alone.`);
  return new OAuthError('missingSecret', "'client_assertion', 'client_secret' or 'request' is required for the 'client_credentials' grant type.");
}

/** A user's name and password: the operator's, whose password is the secret of its service principal. */
async function password(ask: TokenAsk, parts: GrantParts): Promise<object> {
  const { form } = ask;
  publicClient(form);
  const isUser = lowerAscii(form.required('username')) === OPERATOR_USER.name;
  // Both are looked at, so that the time does not tell which one is wrong.
  const isPassword = isSame(form.required('password'), parts.operatorSecret);
  if (!isUser || !isPassword) throw new OAuthError('wrongPassword', 'Error validating credentials due to invalid username or password.');
  return userTokens(ask, parts, OPERATOR_USER);
}

async function deviceCode(ask: TokenAsk, parts: GrantParts): Promise<object> {
  const { form, now } = ask;
  const clientId = publicClient(form);
  const code = form.get('device_code') ?? form.required('code');
  const login = await parts.devices.redeem({ code, clientId, now });
  switch (login) {
    case 'unknown':
      throw new OAuthError('badCode', 'The provided value for the input parameter device_code is not valid, or was redeemed before.');
    case 'expired':
      throw new OAuthError('expiredCode', 'The provided value for the input parameter device_code has expired.');
    case 'pending':
      throw new OAuthError('authorizationPending', 'OAuth 2.0 device flow error. Authorization is pending. Continue polling.');
    case 'approved':
      return userTokens(ask, parts, OPERATOR_USER);
  }
}

/** Refresh tokens are tokens of ours that are for the token endpoint alone. */
const REFRESH_AUDIENCE = 'urn:linarite:refresh';
const REFRESH_LIFETIME_MS = 90 * 86_400_000;

async function refresh(ask: TokenAsk, parts: GrantParts): Promise<object> {
  const { form, now } = ask;
  const clientId = publicClient(form);
  const claims = await refreshClaims(form.required('refresh_token'), now, parts.tokens);
  if (claims['credential'] !== markOf(parts.operatorSecret) || claims['client'] !== clientId) {
    throw new OAuthError('invalidGrant', 'The provided refresh token is for another client, or the secret of the service was changed since.');
  }
  return userTokens(ask, parts, OPERATOR_USER);
}

async function refreshClaims(token: string, now: Instant, tokens: Tokens): Promise<JWTPayload> {
  try {
    return await tokens.verifyOwn(token, { audiences: [REFRESH_AUDIENCE], now });
  } catch (error) {
    if (!(error instanceof TokenRefused)) throw error;
    throw error.refusal === 'expired' ? new OAuthError('expiredGrant', 'The refresh token has expired.') : new OAuthError('invalidGrant', 'The provided value for the input parameter refresh_token is not valid.');
  }
}

/** What a user who has signed in gets: for the audience, to know who it is, and to come again. */
async function userTokens({ form, baseUrl, now }: TokenAsk, { tokens, operatorSecret }: GrantParts, user: Identity): Promise<object> {
  const clientId = form.required('client_id');
  const audience = audienceOf(form, baseUrl, { isDefaultOnly: false });
  const issuer = issuerAt(baseUrl);
  const idClaims = { ver: '2.0', preferred_username: user.name };
  const refreshClaims = { credential: markOf(operatorSecret), client: clientId };
  const [accessToken, idToken, refreshToken] = await Promise.all([
    tokens.issue({ identity: { ...user, appId: clientId }, audience, issuer, now }),
    tokens.issue({ identity: user, audience: clientId, issuer, now, claims: idClaims }),
    tokens.issue({ identity: user, audience: REFRESH_AUDIENCE, issuer, now, lifetimeMs: REFRESH_LIFETIME_MS, claims: refreshClaims }),
  ]);
  const clientInfo = Buffer.from(JSON.stringify({ uid: user.objectId, utid: TENANT_ID })).toString('base64url');
  return {
    ...tokenAnswer(form, accessToken, audience, now),
    scope: form.get('scope') ?? `${audience}/.default`,
    refresh_token: refreshToken,
    id_token: idToken,
    ...(form.get('client_info') === undefined ? {} : { client_info: clientInfo }),
  };
}

/** A client of version 1.0, which names a `resource`, reads numbers as text, and when the token ends. */
function tokenAnswer(form: Form, accessToken: string, audience: string, now: Instant): object {
  const common = { token_type: 'Bearer', access_token: accessToken };
  if (form.get('resource') === undefined) return { ...common, expires_in: TOKEN_SECONDS, ext_expires_in: TOKEN_SECONDS };
  const seconds = Math.floor(now / 1_000);
  return { ...common, expires_in: String(TOKEN_SECONDS), ext_expires_in: String(TOKEN_SECONDS), expires_on: String(seconds + TOKEN_SECONDS), not_before: String(seconds), resource: audience };
}

/** Whom the token is to be for. @throws OAuthError for a scope or resource that names nobody known. */
function audienceOf(form: Form, baseUrl: string, { isDefaultOnly }: { readonly isDefaultOnly: boolean }): string {
  const resource = form.get('resource');
  if (resource !== undefined) return known(resource, baseUrl);
  const scope = isDefaultOnly ? form.required('scope') : (form.get('scope') ?? `${BATCH_AUDIENCE}/.default`);
  const found = audienceOfScope(scope);
  if (found === null) throw new OAuthError('invalidScope', `The provided value for the input parameter 'scope' is not valid. The scope '${scope.slice(0, 256)}' names no resource.`);
  if (isDefaultOnly && found.permission !== '.default') {
    throw new OAuthError('scopeWithoutDefault', `The provided value for scope ${scope.slice(0, 256)} is not valid. Client credential flows must have a scope value with /.default suffixed to the resource identifier (application ID URI).`);
  }
  return known(found.audience, baseUrl);
}

function known(audience: string, baseUrl: string): string {
  if (isKnownAudience(audience, baseUrl)) return audience;
  throw new OAuthError('unknownResource', `The resource principal named ${audience.slice(0, 256)} was not found in the tenant named ${TENANT_ID}.`);
}

/** Applications that people sign in with need no registration: their id is a GUID of their own. */

export function publicClient(form: Form): string {
  const id = form.required('client_id');
  if (!isGuid(id)) throw new OAuthError('invalidClientId', `The specified client identifier '${id.slice(0, 64)}' is not a GUID.`);
  return id;
}

function unknownClient(id: string): OAuthError {
  return new OAuthError('unknownClient', `Application with identifier '${id.slice(0, 64)}' was not found in the directory '${TENANT_ID}'.`);
}

/** In a time that does not tell how much of it is right. */
export function isSame(one: string, other: string): boolean {
  return timingSafeEqual(hash(one), hash(other));
}

/** Tells whether a secret is still the same, and not what it is. */
function markOf(secret: string): string {
  return hash(secret).toString('base64url').slice(0, 16);
}

function hash(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}
