import type { JSONWebKeySet, JWTPayload } from 'jose';
import type { Instant } from '../../core/keys.ts';
import { identityOf, identityClaims } from './claims.ts';
import type { Identity } from './identity.ts';
import { ALGORITHM, provideSigningKey, type SigningKey } from './signingKey.ts';
import { TokenRefused } from './tokenRefused.ts';
import { verifyToken } from './verify.ts';

/** A token to be made. */
interface TokenRequest {
  readonly identity: Identity;
  /** Whom it is for: `https://batch.core.windows.net/`. */
  readonly audience: string;
  readonly now: Instant;
  /** Left out: an hour. */
  readonly lifetimeMs?: number;
  /** What is added to the usual claims: an `id_token` has a nonce. */
  readonly claims?: JWTPayload;
}

/** The tokens of a service: its own, and those of issuers that its operator trusts. */
export interface Tokens {
  /** Who signs: the `iss` of all tokens of this service. */
  readonly issuer: string;
  /** A signed token (JWT, RS256). */
  issue(request: TokenRequest): Promise<string>;
  /**
   * Whose token it is. It has to be for one of the audiences; a slash at the end of either makes no difference.
   * @throws TokenRefused, which each plane tells in its own form.
   */
  verify(token: string, options: { readonly audiences: readonly string[]; readonly now: Instant }): Promise<Identity>;
  /** What others verify tokens of this service with. */
  publicKeys(): Promise<JSONWebKeySet>;
}

export interface TokensOptions {
  readonly issuer: string;
  /** Where the signing key is kept; made at first use. */
  readonly keyFile: string;
}

const TOKEN_LIFETIME_MS = 3_600_000;

export function createTokens({ issuer, keyFile }: TokensOptions): Tokens {
  let made: Promise<SigningKey> | undefined;
  /** Made when it is first needed, so that a start does not wait for it; tried again after a failure. */
  const signingKey = (): Promise<SigningKey> => {
    made ??= provideSigningKey(keyFile).catch((error: unknown) => {
      made = undefined;
      throw error;
    });
    return made;
  };
  return {
    issuer,
    issue: async ({ identity, audience, now, lifetimeMs = TOKEN_LIFETIME_MS, claims = {} }) => {
      const [{ SignJWT }, { kid, privateKey }] = await Promise.all([import('jose'), signingKey()]);
      const from = Math.floor(now / 1_000);
      const payload = { aud: audience, iss: issuer, iat: from, nbf: from, exp: from + Math.floor(lifetimeMs / 1_000), ...identityClaims(identity), ...claims };
      return new SignJWT(payload).setProtectedHeader({ typ: 'JWT', alg: ALGORITHM, kid, x5t: kid }).sign(privateKey);
    },
    verify: async (token, { audiences, now }) => {
      const { decodeJwt } = await import('jose');
      if (issuerOf(decodeJwt, token) !== issuer) throw new TokenRefused('issuer', 'The token is not of an issuer that this service trusts.');
      const { publicKey } = await signingKey();
      return identityOf(await verifyToken(token, { keys: { keys: [publicKey] }, algorithms: [ALGORITHM], issuer, audiences, now }));
    },
    publicKeys: async () => ({ keys: [(await signingKey()).publicKey] }),
  };
}

/** As the token has it: nothing of it is verified yet. */
function issuerOf(decodeJwt: (token: string) => JWTPayload, token: string): string | undefined {
  try {
    return decodeJwt(token).iss;
  } catch {
    throw new TokenRefused('malformed', 'The access token is not well formed: it is no JSON Web Token.');
  }
}
