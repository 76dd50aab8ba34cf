import { X509Certificate } from 'node:crypto';
import { Duplex } from 'node:stream';
import { createSecureContext, TLSSocket } from 'node:tls';
import { messageOf } from '../../../base/errors.ts';
import { invalidProperty } from '../../../wire/errors.ts';
import type { CertificateAdd } from '../../../wire/types.generated.ts';
import type { NewCertificate } from '../../../store/intents/certificates.ts';

/** Of `data`, decoded (API reference, "Add a certificate"). */
const MOST_BYTES = 10 * 1024;

/**
 * A certificate as it is kept, read from what a client sent: opened with its password, and of the thumbprint that the
 * client says. Errors hold neither data nor password. @throws BatchError InvalidPropertyValue (codes inferred)
 */
export function readCertificate({ thumbprint: said, thumbprintAlgorithm, data: text, certificateFormat, password }: CertificateAdd): NewCertificate {
  if (thumbprintAlgorithm.toLowerCase() !== 'sha1') throw invalidProperty('thumbprintAlgorithm', thumbprintAlgorithm, 'The value must be sha1.');
  // Blanks are removed (API reference): so certificates are shown on Windows.
  const thumbprint = said.replaceAll(/\s/g, '');
  if (!/^[0-9a-f]{1,40}$/i.test(thumbprint)) throw invalidProperty('thumbprint', said, 'The value must have up to 40 hexadecimal digits.');
  const data = decoded(text);
  const format = certificateFormat ?? (password === undefined && isCertificate(data) ? 'cer' : 'pfx');
  if (format === 'cer' && password !== undefined) throw invalidProperty('password', '', 'A cer file has no private key, and takes no password.');
  const certificate = format === 'cer' ? ofCer(data) : ofPfx(data, password);
  const actual = certificate.fingerprint.replaceAll(':', '');
  if (actual.toLowerCase() !== thumbprint.toLowerCase()) throw invalidProperty('thumbprint', said, `The thumbprint of the certificate in data is ${actual}.`);
  return { thumbprint, format, data, password: password ?? null, publicData: certificate.raw.toString('base64') };
}

function decoded(text: string): Buffer {
  const packed = text.replaceAll(/\s/g, '');
  if (packed === '' || packed.length % 4 !== 0 || !/^[A-Za-z0-9+/]+={0,2}$/.test(packed)) throw invalidProperty('data', '', 'The value must be base64.');
  const data = Buffer.from(packed, 'base64');
  if (data.length > MOST_BYTES) throw invalidProperty('data', '', `The certificate must not be larger than ${MOST_BYTES} bytes.`);
  return data;
}

function isCertificate(data: Buffer): boolean {
  try {
    return new X509Certificate(data).raw.length > 0;
  } catch {
    return false;
  }
}

function ofCer(data: Buffer): X509Certificate {
  try {
    return new X509Certificate(data);
  } catch {
    throw invalidProperty('data', '', 'The value is no X.509 certificate, in DER or PEM.');
  }
}

/** The one that belongs to the private key. */
function ofPfx(data: Buffer, password: string | undefined): X509Certificate {
  try {
    const secureContext = createSecureContext({ pfx: data, passphrase: password ?? '' });
    // Nobody is talked to: a socket that has a certificate says which.
    const socket = new TLSSocket(new Duplex({ read: () => {}, write: () => {} }), { isServer: true, secureContext });
    const found = socket.getCertificate();
    socket.destroy();
    if (found === null || !('raw' in found)) throw new Error('there is none');
    return new X509Certificate(found.raw);
  } catch (error) {
    throw refusalOf(messageOf(error));
  }
}

/** What OpenSSL says, in a client's words. */
function refusalOf(said: string): Error {
  if (/mac verify failure/i.test(said)) return invalidProperty('password', '', 'The password does not open the pfx file.');
  if (/unsupported/i.test(said)) return invalidProperty('data', '', 'The pfx file is encrypted in a way that is out of use (RC2): export it again with AES or TripleDES.');
  return invalidProperty('data', '', 'The value is no pfx file with a certificate and its private key.');
}
