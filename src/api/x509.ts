// X.509 certificates as bytes (RFC 5280, section 4), as little as a local authority needs: P-256 keys, ECDSA with SHA-256.
// Node signs and reads certificates but does not make them.
import { type KeyObject, X509Certificate, createHash, createPrivateKey, generateKeyPairSync, randomBytes, sign } from 'node:crypto';
import { isIP } from 'node:net';

/** A certificate and its key, both as PEM. */
export interface KeyedCertificate {
  readonly certificate: string;
  readonly key: string;
}

/** From when to when a certificate is valid; whole seconds count. */
export interface Validity {
  readonly notBefore: Date;
  readonly notAfter: Date;
}

/** A new certificate authority, signed by itself, that may sign servers but no further authorities. */
export function createAuthority(options: { commonName: string; validity: Validity }): KeyedCertificate {
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const name = distinguishedName(options.commonName);
  const extensions = [
    extension(OID.basicConstraints, sequence(TRUE, integer(Buffer.from([0]))), 'critical'),
    // keyCertSign (5) and cRLSign (6).
    extension(OID.keyUsage, keyUsage(5, 6), 'critical'),
    extension(OID.subjectKeyIdentifier, octetString(keyIdentifier(publicKey))),
    extension(OID.authorityKeyIdentifier, sequence(tagged(0x80, keyIdentifier(publicKey)))),
  ];
  return {
    certificate: certificate({ issuer: name, subject: name, publicKey, extensions, signingKey: privateKey, validity: options.validity }),
    key: pem(privateKey),
  };
}

/** A new key and certificate for a server of these names; each is an IP address or a DNS name, `*` allowed as the first label. */
export function createServerCertificate(options: { authority: KeyedCertificate; names: readonly string[]; validity: Validity }): KeyedCertificate {
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const authority = new X509Certificate(options.authority.certificate);
  const extensions = [
    extension(OID.basicConstraints, sequence(), 'critical'),
    // digitalSignature (0).
    extension(OID.keyUsage, keyUsage(0), 'critical'),
    extension(OID.extendedKeyUsage, sequence(OID.serverAuthentication)),
    extension(OID.subjectAlternativeName, sequence(...options.names.map(alternativeName))),
    extension(OID.subjectKeyIdentifier, octetString(keyIdentifier(publicKey))),
    extension(OID.authorityKeyIdentifier, sequence(tagged(0x80, keyIdentifier(authority.publicKey)))),
  ];
  return {
    certificate: certificate({
      issuer: distinguishedName(commonName(authority)),
      subject: distinguishedName(options.names[0] ?? 'localhost'),
      publicKey,
      extensions,
      signingKey: createPrivateKey(options.authority.key),
      validity: options.validity,
    }),
    key: pem(privateKey),
  };
}

interface CertificateFields {
  readonly issuer: Buffer;
  readonly subject: Buffer;
  readonly publicKey: KeyObject;
  readonly extensions: readonly Buffer[];
  readonly signingKey: KeyObject;
  readonly validity: Validity;
}

function certificate(fields: CertificateFields): string {
  const algorithm = sequence(OID.ecdsaWithSha256);
  const toBeSigned = sequence(
    tagged(0xa0, integer(Buffer.from([2]))),
    integer(serialNumber()),
    algorithm,
    fields.issuer,
    sequence(time(fields.validity.notBefore), time(fields.validity.notAfter)),
    fields.subject,
    fields.publicKey.export({ format: 'der', type: 'spki' }),
    tagged(0xa3, sequence(...fields.extensions)),
  );
  const whole = sequence(toBeSigned, algorithm, bitString(sign('sha256', toBeSigned, fields.signingKey)));
  const lines = whole.toString('base64').match(/.{1,64}/g) ?? [];
  return `-----BEGIN CERTIFICATE-----\n${lines.join('\n')}\n-----END CERTIFICATE-----\n`;
}

const OID = {
  commonName: objectIdentifier('550403'),
  organization: objectIdentifier('55040a'),
  basicConstraints: objectIdentifier('551d13'),
  keyUsage: objectIdentifier('551d0f'),
  extendedKeyUsage: objectIdentifier('551d25'),
  subjectAlternativeName: objectIdentifier('551d11'),
  subjectKeyIdentifier: objectIdentifier('551d0e'),
  authorityKeyIdentifier: objectIdentifier('551d23'),
  /** 1.3.6.1.5.5.7.3.1 */
  serverAuthentication: objectIdentifier('2b06010505070301'),
  /** 1.2.840.10045.4.3.2 */
  ecdsaWithSha256: objectIdentifier('2a8648ce3d040302'),
};

const TRUE = Buffer.from('0101ff', 'hex');

/** Tag, length, content: the one form of everything in DER (X.690, 8.1). */
function tagged(tag: number, content: Uint8Array): Buffer {
  const size = content.byteLength;
  const length = size < 0x80 ? [size] : size < 0x100 ? [0x81, size] : [0x82, size >> 8, size & 0xff];
  return Buffer.concat([Buffer.from([tag, ...length]), content]);
}

function sequence(...parts: readonly Uint8Array[]): Buffer {
  return tagged(0x30, Buffer.concat(parts));
}

function objectIdentifier(hex: string): Buffer {
  return tagged(0x06, Buffer.from(hex, 'hex'));
}

function integer(bytes: Uint8Array): Buffer {
  return tagged(0x02, bytes);
}

function octetString(bytes: Uint8Array): Buffer {
  return tagged(0x04, bytes);
}

function bitString(bytes: Uint8Array, unusedBits = 0): Buffer {
  return tagged(0x03, Buffer.concat([Buffer.from([unusedBits]), bytes]));
}

/** UTCTime to 2049, GeneralizedTime from 2050 on (RFC 5280, 4.1.2.5). */
function time(date: Date): Buffer {
  const digits = `${date.toISOString().replaceAll(/[-:T]/g, '').slice(0, 14)}Z`;
  return date.getUTCFullYear() < 2050 ? tagged(0x17, Buffer.from(digits.slice(2))) : tagged(0x18, Buffer.from(digits));
}

function extension(id: Buffer, value: Buffer, critical?: 'critical'): Buffer {
  return critical === undefined ? sequence(id, octetString(value)) : sequence(id, TRUE, octetString(value));
}

/** The named bits, counted from the most significant one; trailing zero bits are left out (X.690, 11.2.2). */
function keyUsage(...bits: readonly number[]): Buffer {
  const byte = bits.reduce((sum, bit) => sum | (0x80 >> bit), 0);
  return bitString(Buffer.from([byte]), 7 - Math.max(...bits));
}

/** IP addresses are bytes under tag 7, DNS names text under tag 2 (RFC 5280, 4.2.1.6). */
function alternativeName(name: string): Buffer {
  switch (isIP(name)) {
    case 4:
      return tagged(0x87, Buffer.from(name.split('.').map(Number)));
    case 6:
      return tagged(0x87, ipv6Bytes(name));
    default:
      return tagged(0x82, Buffer.from(name, 'ascii'));
  }
}

function ipv6Bytes(address: string): Buffer {
  const [head = '', tail = ''] = address.split('::');
  const groups = (text: string): number[] => (text === '' ? [] : text.split(':').map((group) => Number.parseInt(group, 16)));
  const first = groups(head);
  const last = groups(tail);
  const all = [...first, ...Array.from({ length: 8 - first.length - last.length }, () => 0), ...last];
  return Buffer.from(all.flatMap((group) => [group >> 8, group & 0xff]));
}

function distinguishedName(common: string): Buffer {
  const part = (id: Buffer, text: string): Buffer => tagged(0x31, sequence(id, tagged(0x0c, Buffer.from(text, 'utf8'))));
  return sequence(part(OID.organization, 'Linarite'), part(OID.commonName, common));
}

function commonName(issuer: X509Certificate): string {
  return /^CN=(.*)$/m.exec(issuer.subject)?.[1] ?? '';
}

/** SHA-1 of the key's bits (RFC 5280, 4.2.1.2, method 1): a name, not a protection. They are the last 65 bytes of a P-256 key. */
function keyIdentifier(publicKey: KeyObject): Buffer {
  return createHash('sha1').update(publicKey.export({ format: 'der', type: 'spki' }).subarray(-65)).digest();
}

/** Positive and without leading zeros, so that the integer has one form. */
function serialNumber(): Buffer {
  const bytes = randomBytes(16);
  bytes[0] = ((bytes[0] ?? 0) & 0x7f) | 0x40;
  return bytes;
}

function pem(key: KeyObject): string {
  return key.export({ format: 'pem', type: 'pkcs8' }).toString();
}
