import 'reflect-metadata';
import { createPrivateKey, type KeyObject, webcrypto, X509Certificate } from 'node:crypto';
import { cryptoProvider, X509CertificateGenerator } from '@peculiar/x509';

const KEYS = {
  rsa: { name: 'RSASSA-PKCS1-v1_5', hash: 'SHA-256', modulusLength: 2048, publicExponent: new Uint8Array([1, 0, 1]) },
  ec: { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' },
} as const;

/** A certificate of an application, with its private key. `from`: it is valid for a year. */
export async function selfSigned(kind: keyof typeof KEYS, from: number): Promise<{ readonly key: KeyObject; readonly certificate: X509Certificate }> {
  cryptoProvider.set(webcrypto);
  const keys = await webcrypto.subtle.generateKey(KEYS[kind], true, ['sign', 'verify']);
  const made = await X509CertificateGenerator.createSelfSigned({ name: 'CN=application', notBefore: new Date(from), notAfter: new Date(from + 365 * 86_400_000), signingAlgorithm: KEYS[kind], keys });
  const pkcs8 = Buffer.from(await webcrypto.subtle.exportKey('pkcs8', keys.privateKey));
  return { key: createPrivateKey({ key: pkcs8, format: 'der', type: 'pkcs8' }), certificate: new X509Certificate(Buffer.from(made.rawData)) };
}
