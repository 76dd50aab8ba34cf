import type { JSONWebKeySet, JWTPayload, JWTVerifyGetKey } from 'jose';
import type { Instant } from '../../core/keys.ts';
import { TokenRefused } from './tokenRefused.ts';

export interface Verification {
  readonly keys: JSONWebKeySet | JWTVerifyGetKey;
  /** No others are taken, whatever the token says: `none` and those of shared secrets are never among them. */
  readonly algorithms: readonly string[];
  /** Left out: the caller looks at it. */
  readonly issuer?: string;
  readonly audiences: readonly string[];
  readonly now: Instant;
  /** How far the clock of the issuer may be off; left out: it is our own. */
  readonly toleranceMs?: number;
}

/** The claims of a token that is signed, timely, and for one of the audiences. @throws TokenRefused. */
export async function verifyToken(token: string, { keys, algorithms, issuer, audiences, now, toleranceMs = 0 }: Verification): Promise<JWTPayload> {
  const { createLocalJWKSet, errors, jwtVerify } = await import('jose');
  try {
    const { payload } = await jwtVerify(token, typeof keys === 'function' ? keys : createLocalJWKSet(keys), {
      algorithms: [...algorithms],
      ...(issuer === undefined ? {} : { issuer }),
      audience: audiences.flatMap(withAndWithoutSlash),
      currentDate: new Date(now),
      clockTolerance: toleranceMs / 1_000,
      requiredClaims: ['exp'],
    });
    return payload;
  } catch (error) {
    if (error instanceof TokenRefused || !(error instanceof errors.JOSEError)) throw error;
    throw refusalOf(error, audiences);
  }
}

function withAndWithoutSlash(audience: string): readonly string[] {
  const bare = audience.replace(/\/+$/, '');
  return [bare, `${bare}/`];
}

function refusalOf(error: Error & { readonly code: string; readonly claim?: unknown }, audiences: readonly string[]): TokenRefused {
  switch (error.code) {
    case 'ERR_JWT_EXPIRED':
      return new TokenRefused('expired', 'The access token has expired.');
    case 'ERR_JWT_CLAIM_VALIDATION_FAILED':
      return claimRefusal(String(error.claim), audiences);
    case 'ERR_JOSE_ALG_NOT_ALLOWED':
    case 'ERR_JWS_SIGNATURE_VERIFICATION_FAILED':
    case 'ERR_JWKS_NO_MATCHING_KEY':
      return new TokenRefused('signature', 'The signature of the access token is invalid.');
    default:
      return new TokenRefused('malformed', 'The access token is not well formed.');
  }
}

function claimRefusal(claim: string, audiences: readonly string[]): TokenRefused {
  switch (claim) {
    case 'aud':
      return new TokenRefused('audience', `The access token is for another audience than '${audiences[0] ?? ''}'.`);
    case 'nbf':
      return new TokenRefused('notYetValid', 'The access token is not valid yet.');
    default:
      return new TokenRefused('malformed', `The claim '${claim}' of the access token is missing or wrong.`);
  }
}
