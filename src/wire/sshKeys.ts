import { createPublicKey, type JsonWebKey } from 'node:crypto';

/** A public key as OpenSSH writes it into `.pub` files and `authorized_keys`. */
export interface SshPublicKey {
  /** What ssh(1) calls the file of a private key of this kind, where nobody names it. */
  readonly file: 'id_rsa' | 'id_ecdsa' | 'id_ed25519';
  /** Without a comment and without the end of line. */
  readonly line: string;
}

/**
 * The public half of a private key that is not protected by a password: PKCS#1, PKCS#8 or SEC1 as PEM, or OpenSSH's own
 * form (its PROTOCOL.key). undefined: it is none of these, is protected, or of a kind that ssh(1) does not know.
 */
export function publicKeyOf(privateKey: string): SshPublicKey | undefined {
  try {
    const blob = OPENSSH.exec(privateKey.trim())?.[1];
    return blob === undefined ? ofPem(privateKey) : ofOpenSsh(Buffer.from(blob, 'base64'));
  } catch {
    return undefined;
  }
}

/** Kinds that sshd(8) takes by default; those with a hardware key too. */
const PUBLIC_KINDS = /^(ssh-rsa|ssh-ed25519|ecdsa-sha2-nistp(256|384|521)|sk-(ssh-ed25519|ecdsa-sha2-nistp256)@openssh\.com)$/;
const LONGEST_PUBLIC_KEY = 16_384;

/** Whether a text is one line of a `.pub` file: no options, nothing that a second line could follow. */
export function isPublicKey(text: string): boolean {
  const [, kind = '', base64 = ''] = /^([a-z0-9@.-]+) ([A-Za-z0-9+/]+={0,2})( [^\r\n\0]*)?$/.exec(text.trim()) ?? [];
  if (text.length > LONGEST_PUBLIC_KEY || !PUBLIC_KINDS.test(kind)) return false;
  try {
    return textAt(Buffer.from(base64, 'base64'), 0).value.toString() === kind;
  } catch {
    return false;
  }
}

const OPENSSH = /^-----BEGIN OPENSSH PRIVATE KEY-----\s+([A-Za-z0-9+/=\s]+?)\s+-----END OPENSSH PRIVATE KEY-----$/;
const OPENSSH_MAGIC = Buffer.from('openssh-key-v1\0');

/** Magic, cipher, derivation, its options, number of keys, then the public key in the clear. */
function ofOpenSsh(bytes: Buffer): SshPublicKey | undefined {
  if (!bytes.subarray(0, OPENSSH_MAGIC.length).equals(OPENSSH_MAGIC)) return undefined;
  const cipher = textAt(bytes, OPENSSH_MAGIC.length);
  const derivation = textAt(bytes, cipher.end);
  const options = textAt(bytes, derivation.end);
  if (cipher.value.toString() !== 'none' || bytes.readUInt32BE(options.end) !== 1) return undefined;
  const key = textAt(bytes, options.end + 4).value;
  return written(textAt(key, 0).value.toString(), key);
}

function textAt(bytes: Buffer, start: number): { readonly value: Buffer; readonly end: number } {
  const end = start + 4 + bytes.readUInt32BE(start);
  if (end > bytes.length) throw new RangeError('a key ends before its parts do');
  return { value: bytes.subarray(start + 4, end), end };
}

/** By JSON Web Key curve names (RFC 7518) and those of RFC 5656. */
const CURVES: Readonly<Record<string, string>> = { 'P-256': 'nistp256', 'P-384': 'nistp384', 'P-521': 'nistp521' };

function ofPem(pem: string): SshPublicKey | undefined {
  const key: JsonWebKey = createPublicKey(privateOnly(pem)).export({ format: 'jwk' });
  const part = (name: 'n' | 'e' | 'x' | 'y'): Buffer => Buffer.from(key[name] ?? '', 'base64url');
  if (key.kty === 'RSA') return written('ssh-rsa', joined([Buffer.from('ssh-rsa'), unsigned(part('e')), unsigned(part('n'))]));
  if (key.crv === 'Ed25519') return written('ssh-ed25519', joined([Buffer.from('ssh-ed25519'), part('x')]));
  const curve = CURVES[key.crv ?? ''];
  if (curve === undefined) return undefined;
  const kind = `ecdsa-sha2-${curve}`;
  return written(kind, joined([Buffer.from(kind), Buffer.from(curve), Buffer.concat([Buffer.from([4]), part('x'), part('y')])]));
}

function privateOnly(pem: string): string {
  if (!pem.includes('PRIVATE KEY-----')) throw new TypeError('no private key');
  return pem;
}

/** As RFC 4251 has numbers: a first bit that is set would say that it is negative. */
function unsigned(number: Buffer): Buffer {
  return ((number[0] ?? 0) & 0x80) === 0 ? number : Buffer.concat([Buffer.from([0]), number]);
}

function joined(parts: readonly Buffer[]): Buffer {
  const sized = parts.flatMap((part) => {
    const size = Buffer.alloc(4);
    size.writeUInt32BE(part.length);
    return [size, part];
  });
  return Buffer.concat(sized);
}

function written(kind: string, blob: Buffer): SshPublicKey | undefined {
  const file = kind === 'ssh-rsa' ? 'id_rsa' : kind === 'ssh-ed25519' ? 'id_ed25519' : /^ecdsa-sha2-nistp(256|384|521)$/.test(kind) ? 'id_ecdsa' : undefined;
  return file && { file, line: `${kind} ${blob.toString('base64')}` };
}
