import { createPublicKey, generateKeyPair, randomUUID } from 'node:crypto';
import { readFile, rename, writeFile } from 'node:fs/promises';
import { promisify } from 'node:util';
import type { CryptoKey, JWK } from 'jose';
import { codeOf } from '../../base/errors.ts';

/** What tokens are signed with. */
export interface SigningKey {
  readonly privateKey: CryptoKey;
  /** With `alg`, `use`, and `kid`, which names it in tokens. */
  readonly publicKey: JWK;
}

/** The libraries of Azure take RS256. */
export const ALGORITHM = 'RS256';
const MODULUS_BITS = 2048;

/** The key of that file (PEM, mode 0600), made when there is none: a tenth of a second of a thread of its own. */
export async function provideSigningKey(file: string): Promise<SigningKey> {
  const jose = await import('jose');
  const pem = (await readIfThere(file)) ?? (await makeKey(file));
  const publicKey = await jose.exportJWK(createPublicKey(pem));
  const kid = await jose.calculateJwkThumbprint(publicKey);
  return { privateKey: await jose.importPKCS8(pem, ALGORITHM), publicKey: { ...publicKey, kid, alg: ALGORITHM, use: 'sig' } };
}

async function readIfThere(file: string): Promise<string | undefined> {
  try {
    return await readFile(file, 'utf8');
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return undefined;
    throw error;
  }
}

async function makeKey(file: string): Promise<string> {
  const { privateKey } = await promisify(generateKeyPair)('rsa', { modulusLength: MODULUS_BITS });
  const pem = privateKey.export({ format: 'pem', type: 'pkcs8' }).toString();
  const whole = `${file}.${randomUUID()}`;
  await writeFile(whole, pem, { mode: 0o600 });
  await rename(whole, file);
  return pem;
}
