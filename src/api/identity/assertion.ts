import { X509Certificate } from 'node:crypto';
import type { ProtectedHeaderParameters } from 'jose';
import type { Instant } from '../../core/keys.ts';
import { algorithmsOf } from './certificates.ts';
import { OAuthError } from './oauthError.ts';
import { TokenRefused } from './tokenRefused.ts';
import { verifyToken } from './verify.ts';

/** What an application has to prove with an assertion that it has signed itself (RFC 7523). */
export interface AssertedClient {
  readonly clientId: string;
  /** DER, of which none has expired. */
  readonly certificates: readonly Buffer[];
  /** Whom the assertion has to be for: the token endpoint as it was called, or the issuer. */
  readonly audiences: readonly string[];
  readonly now: Instant;
}

/** How far the clock of a client may be off. */
const CLOCK_TOLERANCE_MS = 5 * 60_000;
export const ASSERTION_TYPE = 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer';

/**
 * Takes an assertion that was signed with the private key of a certificate of the application (`private_key_jwt`). It
 * may come several times before it expires: libraries keep theirs for ten minutes.
 * @throws OAuthError.
 */
export async function verifyAssertion(assertion: string, { clientId, certificates, audiences, now }: AssertedClient): Promise<void> {
  const { errors, decodeJwt, decodeProtectedHeader } = await import('jose');
  try {
    const certificate = certificateNamed(decodeProtectedHeader(assertion), certificates);
    const { sub, iss } = decodeJwt(assertion);
    if (sub !== clientId || iss !== clientId) throw new OAuthError('foreignAssertion', "Client assertion application identifier doesn't match 'client_id' parameter.");
    await verifyToken(assertion, { keys: () => certificate.publicKey, algorithms: algorithmsOf(certificate), issuer: clientId, audiences, now, toleranceMs: CLOCK_TOLERANCE_MS });
  } catch (error) {
    if (error instanceof TokenRefused) throw refusalOf(error);
    if (error instanceof errors.JOSEError || error instanceof TypeError) throw new OAuthError('malformedAssertion', 'Invalid JWT token: the client assertion is not well formed.');
    throw error;
  }
}

/** By the thumbprint in the header, which Entra asks for as well (`x5t`, SHA-1, or `x5t#S256`), or by its `kid`. */
function certificateNamed(header: ProtectedHeaderParameters, certificates: readonly Buffer[]): X509Certificate {
  const { kid } = header;
  const [sha1, sha256] = [header.x5t, Reflect.get(header, 'x5t#S256')].map(withoutPadding);
  const found = certificates
    .map((der) => new X509Certificate(der))
    .find(({ fingerprint, fingerprint256 }) => {
      const [short, long] = [hexOf(fingerprint), hexOf(fingerprint256)];
      if (sha256 !== undefined || sha1 !== undefined) return (sha256 === undefined || sha256 === base64Url(long)) && (sha1 === undefined || sha1 === base64Url(short));
      return kid !== undefined && (kid === base64Url(short) || kid.toLowerCase() === short);
    });
  if (found === undefined) throw new OAuthError('unknownAssertion', 'The certificate with which the client assertion was signed is not registered with the application, or has expired.');
  return found;
}

/** MSAL for Python pads them, which RFC 7515 does not. */
function withoutPadding(thumbprint: unknown): unknown {
  return typeof thumbprint === 'string' ? thumbprint.replace(/=+$/, '') : thumbprint;
}

function hexOf(fingerprint: string): string {
  return fingerprint.replaceAll(':', '').toLowerCase();
}

function base64Url(hex: string): string {
  return Buffer.from(hex, 'hex').toString('base64url');
}

function refusalOf({ refusal, message }: TokenRefused): OAuthError {
  switch (refusal) {
    case 'expired':
    case 'notYetValid':
      return new OAuthError('assertionTime', 'Client assertion is not within its valid time range.');
    case 'audience':
      return new OAuthError('assertionAudience', 'Client assertion audience claim does not match Realm issuer.');
    case 'issuer':
    case 'signature':
    case 'keysUnavailable':
      return new OAuthError('unknownAssertion', 'The client assertion failed the validation of its signature.');
    case 'malformed':
      return new OAuthError('malformedAssertion', `Invalid JWT token: ${message}`);
  }
}
