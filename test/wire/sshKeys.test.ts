import { generateKeyPairSync } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { isPublicKey, publicKeyOf } from '../../src/wire/sshKeys.ts';
import { PROTECTED_SSH_KEY, SSH_KEYS } from '../support/sshKeys.ts';

describe('the public half of a private key', () => {
  test.each(Object.entries(SSH_KEYS))('is as ssh-keygen writes it: %s', (_kind, { private: key, public: line, file }) => {
    expect(publicKeyOf(key)).toEqual({ file, line });
    expect(publicKeyOf(`\n${key.replaceAll('\n', '\r\n')}`), 'as Windows has lines').toEqual({ file, line });
  });

  const pem = { privateKeyEncoding: { type: 'pkcs8', format: 'pem' }, publicKeyEncoding: { type: 'spki', format: 'pem' } } as const;
  const old = { publicKeyEncoding: { type: 'spki', format: 'pem' } } as const;
  const rsa = generateKeyPairSync('rsa', { modulusLength: 2048, ...pem }).privateKey;
  test.each([
    ['RSA, PKCS#8', rsa, 'ssh-rsa', 'id_rsa'],
    ['RSA, PKCS#1', generateKeyPairSync('rsa', { modulusLength: 2048, ...old, privateKeyEncoding: { type: 'pkcs1', format: 'pem' } }).privateKey, 'ssh-rsa', 'id_rsa'],
    ['P-521, SEC1', generateKeyPairSync('ec', { namedCurve: 'P-521', ...old, privateKeyEncoding: { type: 'sec1', format: 'pem' } }).privateKey, 'ecdsa-sha2-nistp521', 'id_ecdsa'],
    ['P-256, PKCS#8', generateKeyPairSync('ec', { namedCurve: 'P-256', ...pem }).privateKey, 'ecdsa-sha2-nistp256', 'id_ecdsa'],
    ['Ed25519', generateKeyPairSync('ed25519', pem).privateKey, 'ssh-ed25519', 'id_ed25519'],
  ])('%s: begins with its kind, also in what is encoded', (_name, key, kind, file) => {
    const found = publicKeyOf(String(key));
    expect(found?.file).toBe(file);
    const [said, blob = ''] = found?.line.split(' ') ?? [];
    expect(said).toBe(kind);
    expect(Buffer.from(blob, 'base64').subarray(4, 4 + kind.length).toString()).toBe(kind);
  });

  test.each([
    ['nothing', ''],
    ['a word', 'secret'],
    ['a public key', generateKeyPairSync('rsa', { modulusLength: 2048, ...pem }).publicKey],
    ['one with a password', PROTECTED_SSH_KEY],
    ['PEM with a password', generateKeyPairSync('ed25519', { ...pem, privateKeyEncoding: { type: 'pkcs8', format: 'pem', cipher: 'aes-256-cbc', passphrase: 'secret' } }).privateKey],
    ['one that is cut off', SSH_KEYS.ed25519.private.replace(/\n(.*\n){4}-----END/, '\n-----END')],
    ['a kind that ssh does not know', generateKeyPairSync('ec', { namedCurve: 'secp256k1', ...pem }).privateKey],
    ['noise in the form of a key', `-----BEGIN OPENSSH PRIVATE KEY-----\n${Buffer.from('openssh-key-v1\0\xff\xff\xff\xff', 'latin1').toString('base64')}\n-----END OPENSSH PRIVATE KEY-----`],
  ])('is not found of %s', (_name, key) => {
    expect(publicKeyOf(String(key))).toBeUndefined();
  });
});

describe('a public key', () => {
  const { public: line } = SSH_KEYS.ed25519;
  test.each(Object.values(SSH_KEYS).map(({ public: key }) => key))('is one, with and without a comment: %s', (key) => {
    for (const text of [key, `${key} me@here, at work`, `\n${key}\n`]) expect(isPublicKey(text)).toBe(true);
  });
  test.each([
    ['nothing', ''],
    ['no base64', 'ssh-ed25519 ?'],
    ['no key', 'ssh-ed25519'],
    ['options', `no-pty ${line}`],
    ['two lines', `${line}\n${line}`],
    ['a second line in its comment', `${line} a\rb`],
    ['another kind than it says', line.replace('ed25519 ', 'rsa ')],
    ['a kind of nobody', line.replace('ssh-ed25519', 'ssh-dss')],
    ['a certificate', line.replace('ssh-ed25519', 'ssh-ed25519-cert-v01@openssh.com')],
    ['what is too long', `${line} ${'x'.repeat(20_000)}`],
    ['bytes that end too soon', 'ssh-ed25519 AAAAC3Nz'],
  ])('is not one: %s', (_name, text) => expect(isPublicKey(text)).toBe(false));
});
