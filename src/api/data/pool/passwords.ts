import { createHash, randomInt } from 'node:crypto';
import type { UserAccount } from '../../../wire/types.generated.ts';

/**
 * The accounts with their passwords hashed as crypt(3) has them in /etc/shadow: what is stored, and goes to nodes, is
 * never a password. One at a time, so that a long list does not keep other requests waiting. `before`: the accounts as
 * they are stored; a password that one of that name has already gets the same hash.
 */
export async function withHashedPasswords(accounts: readonly UserAccount[], before: readonly UserAccount[] = []): Promise<readonly UserAccount[]> {
  const hashed: UserAccount[] = [];
  for (const account of accounts) {
    await new Promise((resolve) => setImmediate(resolve));
    const stored = before.find(({ name }) => name === account.name);
    hashed.push({ ...account, password: sha512Crypt(account.password, stored === undefined ? salt() : saltOf(stored.password)) });
  }
  return hashed;
}

/** Of a hash of `sha512Crypt`. */
function saltOf(hash: string): string {
  const [, , found] = hash.split('$');
  if (found === undefined) throw new Error('a stored password is no hash');
  return found;
}

/** The alphabet of crypt(3), in the order of its 6-bit values. */
const LETTERS = './0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz';
const SALT_LETTERS = 16;
/** What crypt(3) takes where nobody says otherwise. */
const ROUNDS = 5000;
const DIGEST_BYTES = 64;

/** A new one for each password. */
export function salt(): string {
  return Array.from({ length: SALT_LETTERS }, () => LETTERS[randomInt(LETTERS.length)]).join('');
}

/**
 * SHA-512 crypt, `$6$`, with the default number of rounds (Drepper, "Unix crypt using SHA-256 and SHA-512"), which
 * every libc reads. `saltText`: at most 16 letters.
 */
export function sha512Crypt(password: string, saltText: string): string {
  const [secret, grain] = [Buffer.from(password), Buffer.from(saltText)];
  const sum = (...parts: readonly Buffer[]): Buffer => parts.reduce((hash, part) => hash.update(part), createHash('sha512')).digest();
  const alternate = sum(secret, grain, secret);
  const bits = [...secret.length.toString(2)].reverse();
  const first = secret.length === 0 ? [] : bits.map((bit) => (bit === '1' ? alternate : secret));
  let digest = sum(secret, grain, repeated(alternate, secret.length), ...first);
  const p = repeated(sum(...Array.from({ length: secret.length }, () => secret)), secret.length);
  const s = repeated(sum(...Array.from({ length: 16 + (digest[0] ?? 0) }, () => grain)), grain.length);
  for (let round = 0; round < ROUNDS; round++) {
    const [odd, third, seventh] = [round % 2 === 1, round % 3 !== 0, round % 7 !== 0];
    digest = sum(odd ? p : digest, ...(third ? [s] : []), ...(seventh ? [p] : []), odd ? digest : p);
  }
  return `$6$${saltText}$${lettersOf(digest)}`;
}

function repeated(bytes: Buffer, length: number): Buffer {
  return Buffer.alloc(length, bytes);
}

/** Three bytes make four letters, the lowest bits first; which three was fixed with the algorithm. */
function lettersOf(digest: Buffer): string {
  const third = (DIGEST_BYTES - 1) / 3;
  const groups = Array.from({ length: third }, (_, index) => {
    const places = [index, index + third, index + 2 * third];
    const turn = index % 3;
    const [high, middle, low] = [...places.slice(turn), ...places.slice(0, turn)].map((place) => digest[place] ?? 0) as [number, number, number];
    return letters((high << 16) | (middle << 8) | low, 4);
  });
  return [...groups, letters(digest[DIGEST_BYTES - 1] ?? 0, 2)].join('');
}

function letters(value: number, count: number): string {
  return Array.from({ length: count }, (_, index) => LETTERS[(value >> (6 * index)) & 63]).join('');
}
