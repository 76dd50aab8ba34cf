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

/** Where a service keeps what it signs with. */
export interface SigningKeyStore {
  /** What is kept; made by `make` where nothing is, once however many ask. */
  read(make: () => Promise<StoredKeys>): Promise<StoredKeys>;
  /** What takes the place of what is kept, made of that: one after the other. */
  change(next: (former: StoredKeys) => Promise<StoredKeys>, make: () => Promise<StoredKeys>): Promise<StoredKeys>;
  /** How long what was read is right; null: nobody else changes it. */
  readonly freshMs: number | null;
}

/** The key that signs (PEM), and those that did. */
export interface StoredKeys {
  readonly pem: string;
  readonly retired: readonly RetiredKey[];
}

/** The libraries of Azure take RS256. */
export const ALGORITHM = 'RS256';
const MODULUS_BITS = 2048;

/** Those of the store, made when there are none: a tenth of a second of a thread of its own. */
export async function provideSigningKeys(store: SigningKeyStore): Promise<SigningKeys> {
  return opened(await store.read(newKeys));
}

/** In a file (PEM, mode 0600), the public halves of former keys beside it. */
export function signingKeyFile(file: string): SigningKeyStore {
  const write = async ({ pem, retired }: StoredKeys): Promise<void> => {
    // Before the new one: a service that ends between the two still takes the tokens of the old one.
    await writeWhole(retiredFile(file), JSON.stringify(retired));
    await writeWhole(file, pem);
  };
  const read: SigningKeyStore['read'] = async (make) => {
    const pem = await readIfThere(file);
    if (pem !== undefined) return { pem, retired: await readRetired(file) };
    const made = { ...(await make()), retired: await readRetired(file) };
    await writeWhole(file, made.pem);
    return made;
  };
  return {
    freshMs: null,
    read,
    change: async (next, make) => {
      const changed = await next(await read(make));
      await write(changed);
      return changed;
    },
  };
}

export async function newKeys(): Promise<StoredKeys> {
  const { privateKey } = await promisify(generateKeyPair)('rsa', { modulusLength: MODULUS_BITS });
  return { pem: privateKey.export({ format: 'pem', type: 'pkcs8' }).toString(), retired: [] };
}

async function opened({ pem, retired }: StoredKeys): Promise<SigningKeys> {
  return { current: await signingKey(pem), retired };
}

/**
 * A new key takes the place of the one that signs; the public half of that one is kept as long as its tokens last, or
 * not at all: then these are refused from now on.
 */
export async function rotateSigningKey(store: SigningKeyStore, { now, until, forgetsOld }: { readonly now: Instant; readonly until: Instant; readonly forgetsOld: boolean }): Promise<SigningKeys> {
  const next = async ({ pem, retired }: StoredKeys): Promise<StoredKeys> => {
    const { publicKey } = await signingKey(pem);
    return { ...(await newKeys()), retired: forgetsOld ? [] : [...retired.filter((key) => key.until > now), { publicKey, until }] };
  };
  return opened(await store.change(next, newKeys));
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

async function writeWhole(file: string, text: string): Promise<void> {
  const whole = `${file}.${randomUUID()}`;
  await writeFile(whole, text, { mode: 0o600 });
  await rename(whole, file);
}
