import { X509Certificate } from 'node:crypto';
import { existsSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { execFileSync } from 'node:child_process';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { type Certificates, provideCertificates } from '../../src/api/certificates.ts';
import { NamedCertificates } from '../../src/api/namedCertificates.ts';

const NOW = new Date('2026-11-20T12:00:00Z');
const DAY_MS = 86_400_000;
let directory: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'linarite-ca-'));
});
afterEach(() => rmSync(directory, { recursive: true }));

function server(certificates: Certificates): X509Certificate {
  return new X509Certificate(certificates.chain);
}
function authority(): X509Certificate {
  return new X509Certificate(readFileSync(join(directory, 'ca.pem')));
}
const hasOpenssl = ['/usr/bin/openssl', '/opt/homebrew/bin/openssl'].some((path) => existsSync(path));

describe('certificates', () => {
  test('the server is signed by our own authority, for the names that clients use', async () => {
    const made = server(await provideCertificates({ directory, now: NOW }));
    expect(made.verify(authority().publicKey)).toBe(true);
    expect(made.checkIssued(authority())).toBe(true);
    expect(authority().ca).toBe(true);
    expect(made.ca).toBe(false);
    for (const host of ['localhost', 'mybatchaccount.local.batch.localhost', 'store.blob.core.localhost']) expect(made.checkHost(host)).toBeDefined();
    for (const address of ['127.0.0.1', '::1']) expect(made.checkIP(address)).toBeDefined();
    expect(made.checkHost('example.com')).toBeUndefined();
  });

  test.runIf(hasOpenssl)('OpenSSL accepts the chain by its strict rules', async () => {
    const { chain } = await provideCertificates({ directory, names: ['batch.example', 'fd00::12:1'], now: new Date() });
    writeFileSync(join(directory, 'chain.pem'), chain);
    const args = ['verify', '-x509_strict', '-purpose', 'sslserver', '-CAfile', join(directory, 'ca.pem'), join(directory, 'chain.pem')];
    expect(execFileSync('openssl', args, { encoding: 'utf8' })).toMatch(/: OK$/m);
    expect(execFileSync('openssl', ['x509', '-in', join(directory, 'chain.pem'), '-noout', '-text'], { encoding: 'utf8' })).toContain('FD00:0:0:0:0:0:12:1');
  });

  test('keys are readable by their owner alone', async () => {
    await provideCertificates({ directory, now: NOW });
    for (const name of ['ca-key.pem', 'server-key.pem']) expect(statSync(join(directory, name)).mode & 0o777).toBe(0o600);
  });

  test('the next start finds the same', async () => {
    const first = await provideCertificates({ directory, names: ['10.1.2.3'], now: NOW });
    expect(await provideCertificates({ directory, names: ['10.1.2.3'], now: new Date(NOW.getTime() + DAY_MS) })).toEqual(first);
  });

  test('near its end the server certificate is renewed and the authority kept', async () => {
    const first = await provideCertificates({ directory, now: NOW });
    const before = authority().fingerprint256;
    const later = await provideCertificates({ directory, now: first.renewAt });
    expect(server(later).serialNumber).not.toBe(server(first).serialNumber);
    expect(authority().fingerprint256).toBe(before);
    expect(later.renewAt.getTime()).toBeGreaterThan(first.renewAt.getTime());
    expect(Date.parse(server(later).validTo) - Date.parse(server(later).validFrom)).toBeLessThanOrEqual(398 * DAY_MS);
  });

  test('another name to listen on makes another server certificate', async () => {
    const first = await provideCertificates({ directory, now: NOW });
    const other = await provideCertificates({ directory, names: ['batch.example', '192.0.2.7'], now: NOW });
    expect(server(other).checkHost('batch.example')).toBe('batch.example');
    expect(server(other).checkIP('192.0.2.7')).toBe('192.0.2.7');
    expect(server(other).serialNumber).not.toBe(server(first).serialNumber);
  });

  test.each(['ca.pem', 'ca-key.pem', 'server.pem', 'server-key.pem'])('a damaged %s is replaced by a pair that works', async (name) => {
    await provideCertificates({ directory, now: NOW });
    writeFileSync(join(directory, name), 'cut off');
    const made = server(await provideCertificates({ directory, now: NOW }));
    expect(made.verify(authority().publicKey)).toBe(true);
  });
});

describe('certificates for single names', () => {
  const certificateOf = async (named: NamedCertificates, name: string): Promise<X509Certificate> => new X509Certificate((await named.of(name)).chain);

  test('are made when a name is first asked for, by the authority that clients have, and kept over a restart', async () => {
    await provideCertificates({ directory, now: NOW });
    const named = new NamedCertificates(directory, () => NOW);
    const made = await certificateOf(named, '*.blob.core.windows.net');
    expect([made.checkHost('acc.blob.core.windows.net'), made.checkHost('acc.table.core.windows.net'), made.verify(authority().publicKey)]).toEqual(['*.blob.core.windows.net', undefined, true]);
    expect(await named.of('*.blob.core.windows.net')).toBe(await named.of('*.blob.core.windows.net'));
    expect((await certificateOf(new NamedCertificates(directory, () => NOW), '*.blob.core.windows.net')).serialNumber).toBe(made.serialNumber);
  });

  test('are so many at most: one more is refused, and those that are there go on', async () => {
    const named = new NamedCertificates(directory, () => NOW, 2);
    const [one] = [await certificateOf(named, 'one.test'), await certificateOf(named, 'two.test')];
    await expect(named.of('three.test')).rejects.toThrow('2 names have a certificate: there are no more');
    expect((await certificateOf(named, 'one.test')).serialNumber).toBe(one?.serialNumber);
  });

  test('near their end are made anew when they are next asked for, once for all who ask', async () => {
    let now = NOW;
    const named = new NamedCertificates(directory, () => now);
    const made = await certificateOf(named, 'one.test');
    now = new Date(Date.parse(made.validTo) - 30 * DAY_MS - 1);
    expect((await certificateOf(named, 'one.test')).serialNumber).toBe(made.serialNumber);
    now = new Date(Date.parse(made.validTo) - 30 * DAY_MS);
    const [first, second] = await Promise.all([named.of('one.test'), named.of('one.test')]);
    expect(new X509Certificate(first.chain).serialNumber).not.toBe(made.serialNumber);
    expect(second).toBe(first);
  });

  test('by a former authority are made anew once they are forgotten', async () => {
    const named = new NamedCertificates(directory, () => NOW);
    const made = await certificateOf(named, 'one.test');
    rmSync(join(directory, 'ca.pem'));
    await provideCertificates({ directory, now: NOW });
    named.forget();
    const anew = await certificateOf(named, 'one.test');
    expect([made.verify(authority().publicKey), anew.verify(authority().publicKey)]).toEqual([false, true]);
  });
});
