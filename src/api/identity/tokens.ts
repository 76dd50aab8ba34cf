import type { JSONWebKeySet, JWTPayload, ProtectedHeaderParameters } from 'jose';
import type { Instant } from '../../core/keys.ts';
import { identityClaims, identityOf } from './claims.ts';
import type { Identity } from './identity.ts';
import type { Verify } from './outsideIssuers.ts';
import { ALGORITHM, provideSigningKeys, rotateSigningKey, type SigningKeyStore, signingKeyFile, type SigningKeys } from './signingKey.ts';
import { TokenRefused } from './tokenRefused.ts';
import { verifyToken } from './verify.ts';
import { TENANT_ID } from './wellKnown.ts';

/** A token to be made. */
interface TokenRequest {
  readonly identity: Identity;
  /** Whom it is for: `https://batch.core.windows.net/`. */
  readonly audience: string;
  /** `issuerAt` where the client called us. */
  readonly issuer: string;
  readonly now: Instant;
  /** Left out: an hour. */
  readonly lifetimeMs?: number;
  /** Beside those that name the identity. */
  readonly claims?: JWTPayload;
}

interface Verification {
  readonly audiences: readonly string[];
  readonly now: Instant;
}

/** The tokens of a service: its own, and those of issuers that its operator trusts. */
export interface Tokens {
  /** A signed token (JWT, RS256). */
  issue(request: TokenRequest): Promise<string>;
  /**
   * Whose token it is. It has to be for one of the audiences; a slash at the end of either makes no difference.
   * @throws TokenRefused, which each plane tells in its own form.
   */
  verify(token: string, verification: Verification): Promise<Identity>;
  /** The claims of a token that the service itself has made. @throws TokenRefused. */
  verifyOwn(token: string, verification: Verification): Promise<JWTPayload>;
  /** What others verify tokens of this service with: that of the key that signs, and those of former ones. */
  publicKeys(now: Instant): Promise<JSONWebKeySet>;
  /**
   * Another key signs from now on. `forgetsOld`: tokens of former ones are refused at once, not when they expire.
   * Returns the name (`kid`) of the new one.
   */
  rotate(rotation: { readonly now: Instant; readonly forgetsOld: boolean }): Promise<string>;
}

export interface TokensOptions {
  /** Where the signing key is kept, a file or what several processes share; made at first use. */
  readonly keyFile: string | SigningKeyStore;
  /** Those of others that are taken too, by the names of their issuers. */
  readonly outside?: ReadonlyMap<string, Verify>;
}

/** Tokens of keys that nobody knows do not have the keys read more often. */
const LOOK_AGAIN_MS = 250;
/** Entra's last from 60 to 90 minutes; those of managed identities a day. */
const LIFETIME_MS = 3_600_000;
/** None that is for others lasts longer. */
export const LONGEST_LIFETIME_MS = 86_400_000;

/** `baseUrl`: scheme and host as the client called us. Tokens are given over TLS, whatever it came over. */
export function issuerAt(baseUrl: string): string {
  return `${baseUrl.replace(/^http:/, 'https:')}/${TENANT_ID}/`;
}

export function createTokens({ keyFile, outside = new Map() }: TokensOptions): Tokens {
  const store = typeof keyFile === 'string' ? signingKeyFile(keyFile) : keyFile;
  let made: Promise<SigningKeys> | undefined;
  let readAt = 0;
  const keep = (keys: Promise<SigningKeys>): Promise<SigningKeys> => {
    readAt = performance.now();
    made = keys.catch((error: unknown) => {
      made = undefined;
      throw error;
    });
    return made;
  };
  /** Made when they are first needed, so that a start does not wait for them; tried again after a failure. */
  const signingKeys = (): Promise<SigningKeys> => {
    const isOld = store.freshMs !== null && performance.now() - readAt > store.freshMs;
    return made === undefined || isOld ? keep(provideSigningKeys(store)) : made;
  };
  const publicKeys: Tokens['publicKeys'] = async (now) => {
    const { current, retired } = await signingKeys();
    return { keys: [current.publicKey, ...retired.filter(({ until }) => until > now).map(({ publicKey }) => publicKey)] };
  };
  const verifyOwn: Tokens['verifyOwn'] = async (token, { audiences, now }) => {
    const [{ header }, { keys }] = await Promise.all([read(token), publicKeys(now)]);
    let key = keys.find(({ kid }) => kid === header.kid);
    if (key === undefined && store.freshMs !== null && performance.now() - readAt > LOOK_AGAIN_MS) {
      // Another process may have made it a moment ago.
      void keep(provideSigningKeys(store));
      key = (await publicKeys(now)).keys.find(({ kid }) => kid === header.kid);
    }
    if (key === undefined) throw new TokenRefused('issuer', 'The access token is not of an issuer that this service trusts.');
    const claims = await verifyToken(token, { keys: { keys: [key] }, algorithms: [ALGORITHM], audiences, now });
    if (!isOwnIssuer(claims.iss)) throw new TokenRefused('issuer', 'The access token is not of this tenant.');
    return claims;
  };
  return {
    issue: async ({ identity, audience, issuer, now, lifetimeMs = LIFETIME_MS, claims = {} }) => {
      const [{ SignJWT }, { current: { privateKey, publicKey } }] = await Promise.all([import('jose'), signingKeys()]);
      const from = Math.floor(now / 1_000);
      const payload = { aud: audience, iss: issuer, iat: from, nbf: from, exp: from + Math.floor(lifetimeMs / 1_000), ...identityClaims(identity), ...claims };
      const { kid = '' } = publicKey;
      return new SignJWT(payload).setProtectedHeader({ typ: 'JWT', alg: ALGORITHM, kid, x5t: kid }).sign(privateKey);
    },
    verify: async (token, verification) => {
      const { header, claims } = await read(token);
      // By its name alone: an issuer has no keys of another.
      const verify = outside.get(claims.iss ?? '');
      return verify === undefined ? identityOf(await verifyOwn(token, verification)) : verify({ ...verification, token, header });
    },
    verifyOwn,
    publicKeys,
    // One after the other: each retires the one before it.
    rotate: async ({ now, forgetsOld }) => {
      const keys = await keep(signingKeys().then(() => rotateSigningKey(store, { now, until: now + LONGEST_LIFETIME_MS, forgetsOld })));
      return keys.current.publicKey.kid ?? '';
    },
  };
}

/** Nothing of it is verified yet. */
async function read(token: string): Promise<{ readonly header: ProtectedHeaderParameters; readonly claims: JWTPayload }> {
  const { decodeJwt, decodeProtectedHeader } = await import('jose');
  try {
    return { header: decodeProtectedHeader(token), claims: decodeJwt(token) };
  } catch {
    throw new TokenRefused('malformed', 'The access token is not well formed: it is no JSON Web Token.');
  }
}

/** The service is called by several names; its own key is what makes a token its own. */
function isOwnIssuer(issuer: string | undefined): boolean {
  return URL.canParse(issuer ?? '') && new URL(issuer ?? '').pathname === `/${TENANT_ID}/`;
}
