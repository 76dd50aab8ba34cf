import { createPublicKey, generateKeyPair, randomUUID } from 'node:crypto';
import { readFile, rename, writeFile } from 'node:fs/promises';
import { promisify } from 'node:util';
import type { CryptoKey, JWK } from 'jose';
import { codeOf } from '../../base/errors.ts';
import type { Instant } from '../../core/keys.ts';

/** What tokens are signed with. */
interface SigningKey {
  readonly privateKey: CryptoKey;
  /** With `alg`, `use`, and `kid`, which names it in tokens. */
  readonly publicKey: JWK;
}

/** The public half of a key that signs no more. */
interface RetiredKey {
  readonly publicKey: JWK;
  /** No token that it has signed lasts longer. */
  readonly until: Instant;
}

export interface SigningKeys {
  readonly current: SigningKey;
  readonly retired: readonly RetiredKey[];
}

/** The libraries of Azure take RS256. */
export const ALGORITHM = 'RS256';
const MODULUS_BITS = 2048;

/** The key of that file (PEM, mode 0600), made when there is none: a tenth of a second of a thread of its own. */
export async function provideSigningKeys(file: string): Promise<SigningKeys> {
  return { current: await signingKey((await readIfThere(file)) ?? (await makeKey(file))), retired: await readRetired(file) };
}

/**
 * A new key takes the place of the one that signs; the public half of that one is kept as long as its tokens last, or
 * not at all: then these are refused from now on.
 */
export async function rotateSigningKey(file: string, { current, retired }: SigningKeys, { now, until, forgetsOld }: { readonly now: Instant; readonly until: Instant; readonly forgetsOld: boolean }): Promise<SigningKeys> {
  const kept = forgetsOld ? [] : [...retired.filter((key) => key.until > now), { publicKey: current.publicKey, until }];
  // Before the new one: a service that ends between the two still takes the tokens of the old one.
  await writeWhole(retiredFile(file), JSON.stringify(kept));
  return { current: await signingKey(await makeKey(file)), retired: kept };
}

async function signingKey(pem: string): Promise<SigningKey> {
  const jose = await import('jose');
  const publicKey = await jose.exportJWK(createPublicKey(pem));
  const kid = await jose.calculateJwkThumbprint(publicKey);
  return { privateKey: await jose.importPKCS8(pem, ALGORITHM), publicKey: { ...publicKey, kid, alg: ALGORITHM, use: 'sig' } };
}

function retiredFile(file: string): string {
  return `${file}.retired.json`;
}

async function readRetired(file: string): Promise<readonly RetiredKey[]> {
  const text = await readIfThere(retiredFile(file));
  return text === undefined ? [] : (JSON.parse(text) as readonly RetiredKey[]);
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
  await writeWhole(file, pem);
  return pem;
}

async function writeWhole(file: string, text: string): Promise<void> {
  const whole = `${file}.${randomUUID()}`;
  await writeFile(whole, text, { mode: 0o600 });
  await rename(whole, file);
}
