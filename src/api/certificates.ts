import { X509Certificate, createPrivateKey } from 'node:crypto';
import { mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { isIP } from 'node:net';
import { join } from 'node:path';
import type { KeyedCertificate, Validity } from './x509.ts';

/** What a TLS server shows. */
export interface TlsIdentity {
  /** PEM: the server's certificate, then the authority's. */
  readonly chain: string;
  /** PEM, unencrypted. */
  readonly key: string;
}

/** Keys and certificates of a TLS server, and the authority that its clients need. */
export interface Certificates extends TlsIdentity {
  /** PEM, to be trusted by clients (`REQUESTS_CA_BUNDLE`, `NODE_EXTRA_CA_CERTS`). */
  readonly authorityFile: string;
  /** When to call again: thirty days before the server's certificate ends. */
  readonly renewAt: Date;
}

/**
 * Names that every server certificate has. `*.localhost` does not resolve everywhere, but who enters it in a hosts file
 * gets one host an account, as on the real service: `<account>.<region>.batch.<suffix>`, and
 * `<account>.blob.core.<suffix>`.
 */
const NAMES = ['localhost', '127.0.0.1', '::1', '*.localhost', '*.batch.localhost', '*.local.batch.localhost', '*.blob.core.localhost'];

const DAY_MS = 86_400_000;
/**
 * Clients trust the authority by hand, so it lasts. Some clients refuse servers' certificates that last longer than 398
 * days.
 */
const AUTHORITY_DAYS = 3650;
const SERVER_DAYS = 396;
const RENEW_DAYS = 30;
/** A client whose clock is behind ours must not find the certificate not yet valid. */
const BACKDATE_DAYS = 1;

/**
 * Our own authority and a server certificate for `names` beside the usual ones, from files in `directory` (made if
 * missing: ca.pem, ca-key.pem, server.pem, server-key.pem; keys mode 0600). What is missing, damaged, near its end or
 * made for other names is made anew; the authority only when it is itself damaged or near its end, since clients have
 * it. Quick where nothing has to be made.
 */
export async function provideCertificates(options: { directory: string; names?: readonly string[]; now: Date }): Promise<Certificates> {
  const { directory, now } = options;
  mkdirSync(directory, { recursive: true, mode: 0o755 });
  const names = [...new Set([...NAMES, ...(options.names ?? [])])];
  const made = await provideCertificate({ directory, file: 'server', authorityDirectory: directory, names, now });
  return { authorityFile: join(directory, 'ca.pem'), ...made };
}

/** It is to be made anew from then on. */
export interface RenewableIdentity extends TlsIdentity {
  readonly renewAt: Date;
}

/** Where a certificate is kept (`FILE.pem`, `FILE-key.pem`), and the authority that signs it. */
interface CertificatePlace {
  readonly directory: string;
  readonly file: string;
  readonly authorityDirectory: string;
}

/** One server certificate for just these names, with the chain to the authority. */
export async function provideCertificate({ directory, file, authorityDirectory, names, now }: CertificatePlace & { readonly names: readonly string[]; readonly now: Date }): Promise<RenewableIdentity> {
  const authority = readUsable(authorityDirectory, 'ca', now) ?? (await makeAuthority(authorityDirectory, now));
  const found = readUsable(directory, file, now);
  const server = found !== undefined && isFor(found, authority, names) ? found : await makeServer({ directory, file, authority, names, now });
  return { chain: server.certificate + authority.certificate, key: server.key, renewAt: new Date(renewalTime(new X509Certificate(server.certificate))) };
}

async function makeAuthority(directory: string, now: Date): Promise<KeyedCertificate> {
  const { createAuthority } = await import('./x509.ts');
  // The name tells authorities apart: a trust store may hold those of several data directories.
  const made = await createAuthority({ commonName: `Linarite local authority ${now.toISOString()}`, validity: validity(now, AUTHORITY_DAYS) });
  write(directory, 'ca', made);
  return made;
}

async function makeServer(options: { directory: string; file: string; authority: KeyedCertificate; names: readonly string[]; now: Date }): Promise<KeyedCertificate> {
  const { createServerCertificate } = await import('./x509.ts');
  const { authority, names, now } = options;
  const made = await createServerCertificate({ authority, names, validity: validity(now, SERVER_DAYS) });
  write(options.directory, options.file, made);
  return made;
}

function validity(now: Date, days: number): Validity {
  return { notBefore: new Date(now.getTime() - BACKDATE_DAYS * DAY_MS), notAfter: new Date(now.getTime() + days * DAY_MS) };
}

/** The pair if it can be read, belongs together and has more than thirty days to go. */
function readUsable(directory: string, name: string, now: Date): KeyedCertificate | undefined {
  try {
    const pair = { certificate: readFileSync(join(directory, `${name}.pem`), 'utf8'), key: readFileSync(join(directory, `${name}-key.pem`), 'utf8') };
    const parsed = new X509Certificate(pair.certificate);
    if (!parsed.checkPrivateKey(createPrivateKey(pair.key))) return undefined;
    return now.getTime() < renewalTime(parsed) ? pair : undefined;
  } catch {
    return undefined;
  }
}

function renewalTime(certificate: X509Certificate): number {
  return Date.parse(certificate.validTo) - RENEW_DAYS * DAY_MS;
}

function isFor(server: KeyedCertificate, authority: KeyedCertificate, names: readonly string[]): boolean {
  const parsed = new X509Certificate(server.certificate);
  if (!parsed.verify(new X509Certificate(authority.certificate).publicKey)) return false;
  const listed = new Set((parsed.subjectAltName ?? '').split(', ').map((entry) => entry.slice(entry.indexOf(':') + 1).toLowerCase()));
  // An IPv6 address has several spellings, so it is compared by OpenSSL.
  return names.every((name) => (isIP(name) === 0 ? listed.has(name.toLowerCase()) : parsed.checkIP(name) !== undefined));
}

/** Key first: a certificate without its key is made anew at the next start. */
function write(directory: string, name: string, pair: KeyedCertificate): void {
  replaceFile(join(directory, `${name}-key.pem`), pair.key, 0o600);
  replaceFile(join(directory, `${name}.pem`), pair.certificate, 0o644);
}

function replaceFile(path: string, content: string, mode: number): void {
  writeFileSync(`${path}.new`, content, { mode });
  renameSync(`${path}.new`, path);
}
