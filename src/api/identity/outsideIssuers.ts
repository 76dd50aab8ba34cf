import type { ProtectedHeaderParameters } from 'jose';
import type { Instant } from '../../core/keys.ts';
import { identityOf } from './claims.ts';
import type { Identity } from './identity.ts';
import { createOutsideKeys, type OutsideKeysOptions } from './outsideKeys.ts';
import { verifyToken } from './verify.ts';

/** An issuer whose tokens the operator trusts: any of OpenID Connect, Microsoft Entra among them. */
export interface TrustedIssuer {
  /** Exactly as its tokens and its configuration name it: `https://sts.windows.net/TENANT/`. */
  readonly issuer: string;
  /** Whom its tokens have to be for; none: whom tokens of the service itself have to be for. */
  readonly audiences: readonly string[];
}

/** Signatures by a key that only the issuer has: none of shared secrets. */
const ALGORITHMS: readonly string[] = ['RS256', 'RS384', 'RS512', 'PS256', 'PS384', 'PS512', 'ES256', 'ES384', 'ES512', 'EdDSA'];
const CLOCK_TOLERANCE_MS = 5 * 60_000;

interface Shown {
  readonly token: string;
  readonly header: ProtectedHeaderParameters;
  readonly audiences: readonly string[];
  readonly now: Instant;
}

/** Verifies tokens of an issuer. */
export type Verify = (shown: Shown) => Promise<Identity>;

/** By the names of the issuers. */
export function createOutsideIssuers(issuers: readonly TrustedIssuer[], options: Omit<OutsideKeysOptions, 'issuer'>): ReadonlyMap<string, Verify> {
  return new Map(issuers.map((trusted) => [trusted.issuer, verifierOf(trusted, options)]));
}

function verifierOf({ issuer, audiences: own }: TrustedIssuer, options: Omit<OutsideKeysOptions, 'issuer'>): Verify {
  const keys = createOutsideKeys({ ...options, issuer });
  return async ({ token, header, audiences, now }) => {
    const claims = await verifyToken(token, {
      keys: await keys.of(header.kid),
      algorithms: ALGORITHMS,
      issuer,
      audiences: own.length > 0 ? own : audiences,
      now,
      toleranceMs: CLOCK_TOLERANCE_MS,
    });
    // The issuer is who it is of, whatever tenant it names: it can make nobody of this service's tenant.
    return { ...identityOf(claims), tenantId: issuer };
  };
}
