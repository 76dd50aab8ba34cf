import { X509Certificate } from 'node:crypto';

const SMALLEST_RSA_BITS = 2_048;

/** What the key of a certificate signs assertions by; empty: nothing that is taken. */
export function algorithmsOf({ publicKey }: X509Certificate): readonly string[] {
  const { modulusLength = 0, namedCurve } = publicKey.asymmetricKeyDetails ?? {};
  switch (publicKey.asymmetricKeyType) {
    case 'rsa':
      return modulusLength >= SMALLEST_RSA_BITS ? ['RS256', 'PS256'] : [];
    case 'ec':
      return namedCurve === 'prime256v1' ? ['ES256'] : [];
    default:
      return [];
  }
}

/** A certificate as text (PEM, or DER in base64); null: it is none, or its key signs nothing that is taken. */
export function readCertificate(text: string): X509Certificate | null {
  try {
    const isPem = text.includes('-----BEGIN');
    const certificate = new X509Certificate(isPem ? text : Buffer.from(text, 'base64'));
    return algorithmsOf(certificate).length === 0 ? null : certificate;
  } catch {
    return null;
  }
}
