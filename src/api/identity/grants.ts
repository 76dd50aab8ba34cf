import type { JWTPayload } from 'jose';
import type { Instant } from '../../core/keys.ts';
import { redeemCode } from '../../store/intents/authorizationCodes.ts';
import type { Database } from '../../store/intents/statement.ts';
import { isGuid } from '../../wire/management/guid.ts';
import { audienceOfScope, isKnownAudience } from './audiences.ts';
import { provenClient } from './clients.ts';
import type { DeviceLogins } from './deviceLogins.ts';
import type { Form } from './form.ts';
import type { Identity } from './identity.ts';
import { OAuthError } from './oauthError.ts';
import { hashOf, markOf } from './secrets.ts';
import { answersChallenge } from './signIn/authorizeRequest.ts';
import { isOperator } from './signIn/signIn.ts';
import { TokenRefused } from './tokenRefused.ts';
import { issuerAt, type Tokens } from './tokens.ts';
import { BATCH_AUDIENCE, OPERATOR_USER, TENANT_ID } from './wellKnown.ts';

/** What grants are given by. */
export interface GrantParts {
  readonly database: Database;
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
  /** The token endpoint by the address that the client called. */
  readonly endpoint: string;
  readonly now: Instant;
}

type Grant = (ask: TokenAsk, parts: GrantParts) => Promise<object>;

/** The grants of OAuth 2.0 that are served. */
const GRANTS: Readonly<Record<string, Grant>> = {
  client_credentials: clientCredentials,
  authorization_code: authorizationCode,
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

async function clientCredentials(ask: TokenAsk, parts: GrantParts): Promise<object> {
  const { form, baseUrl, now } = ask;
  const { identity, by } = await provenClient(ask, parts);
  const audience = audienceOf(form, baseUrl, { scope: form.get('resource') ?? form.required('scope'), isDefaultOnly: true });
  const accessToken = await parts.tokens.issue({ identity, audience, issuer: issuerAt(baseUrl), now, claims: { appidacr: by } });
  return tokenAnswer(form, accessToken, audience, now);
}

/** A user's name and password: the operator's, whose password is the secret of its service principal. */
async function password(ask: TokenAsk, parts: GrantParts): Promise<object> {
  const { form } = ask;
  publicClient(form);
  form.required('username');
  form.required('password');
  if (!isOperator(form, parts)) throw new OAuthError('wrongPassword', 'Error validating credentials due to invalid username or password.');
  return userTokens(ask, parts, { user: OPERATOR_USER });
}

/**
 * What a sign-in in a browser has left (RFC 6749, 4.1.3). The first who shows the code uses it up, right or wrong: it
 * has gone through a browser, and only one application was given it.
 */
async function authorizationCode(ask: TokenAsk, parts: GrantParts): Promise<object> {
  const { form, basic, now } = ask;
  const clientId = publicClient(form);
  if (basic !== null || form.get('client_secret') !== undefined || form.get('client_assertion') !== undefined) {
    throw new OAuthError('publicClient', "Client is public so neither 'client_assertion' nor 'client_secret' should be presented.");
  }
  const [redirectUri, verifier] = [form.required('redirect_uri'), form.required('code_verifier')];
  const grant = await redeemCode(parts.database, hashOf(form.required('code')));
  if (grant === 'unknown') throw new OAuthError('invalidGrant', 'The provided value for the input parameter code is not valid.');
  if (grant === 'redeemed') throw new OAuthError('redeemedCode', 'OAuth2 Authorization code was already redeemed, please retry with a new valid code or use an existing refresh token.');
  if (grant.expiresAt <= now) throw new OAuthError('expiredAuthorization', 'The provided authorization code has expired.');
  if (grant.clientId !== clientId || grant.redirectUri !== redirectUri) throw new OAuthError('invalidGrant', 'The provided authorization code is for another client or another redirect_uri.');
  if (!answersChallenge(verifier, grant.challenge)) throw new OAuthError('wrongVerifier', 'The Code_Verifier does not match the code_challenge supplied in the authorization request.');
  return userTokens(ask, parts, { user: OPERATOR_USER, scope: grant.scope, nonce: grant.nonce });
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
      return userTokens(ask, parts, { user: OPERATOR_USER });
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
  return userTokens(ask, parts, { user: OPERATOR_USER });
}

async function refreshClaims(token: string, now: Instant, tokens: Tokens): Promise<JWTPayload> {
  try {
    return await tokens.verifyOwn(token, { audiences: [REFRESH_AUDIENCE], now });
  } catch (error) {
    if (!(error instanceof TokenRefused)) throw error;
    throw error.refusal === 'expired' ? new OAuthError('expiredGrant', 'The refresh token has expired.') : new OAuthError('invalidGrant', 'The provided value for the input parameter refresh_token is not valid.');
  }
}

interface SignedIn {
  readonly user: Identity;
  /** What was asked for as the sign-in began; the request for tokens may ask for less or for something else. */
  readonly scope?: string;
  /** By which the application knows that the answer is to its own request (OpenID Connect Core, 3.1.2.1). */
  readonly nonce?: string | null;
}

/** What a user who has signed in gets: for the audience, to know who it is, and to come again. */
async function userTokens({ form, baseUrl, now }: TokenAsk, { tokens, operatorSecret }: GrantParts, { user, scope: begunFor, nonce = null }: SignedIn): Promise<object> {
  const clientId = form.required('client_id');
  const scope = form.get('scope') ?? begunFor ?? `${BATCH_AUDIENCE}/.default`;
  const audience = audienceOf(form, baseUrl, { scope, isDefaultOnly: false });
  const issuer = issuerAt(baseUrl);
  const idClaims = { ver: '2.0', preferred_username: user.name, ...(nonce === null ? {} : { nonce }) };
  const refreshClaims = { credential: markOf(operatorSecret), client: clientId };
  const [accessToken, idToken, refreshToken] = await Promise.all([
    tokens.issue({ identity: { ...user, appId: clientId }, audience, issuer, now }),
    tokens.issue({ identity: user, audience: clientId, issuer, now, claims: idClaims }),
    tokens.issue({ identity: user, audience: REFRESH_AUDIENCE, issuer, now, lifetimeMs: REFRESH_LIFETIME_MS, claims: refreshClaims }),
  ]);
  const clientInfo = Buffer.from(JSON.stringify({ uid: user.objectId, utid: TENANT_ID })).toString('base64url');
  return {
    ...tokenAnswer(form, accessToken, audience, now),
    scope,
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
function audienceOf(form: Form, baseUrl: string, { scope, isDefaultOnly }: { readonly scope: string; readonly isDefaultOnly: boolean }): string {
  const resource = form.get('resource');
  if (resource !== undefined) return known(resource, baseUrl);
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
