import { createHash, timingSafeEqual } from 'node:crypto';

/** In a time that does not tell how much of it is right. */
export function isSame(one: string, other: string): boolean {
  return timingSafeEqual(hashOf(one), hashOf(other));
}

/**
 * A secret that people type or paste into commands: with a dash at its beginning it would be taken for an option of
 * theirs.
 */
export function secretTextOf(bytes: Buffer): string {
  return bytes.toString('base64url').replace(/^-/, 'A');
}

/** Tells whether a secret is still the same, and not what it is. */
export function markOf(secret: string): string {
  return hashOf(secret).toString('base64url').slice(0, 16);
}

/** Of what is random and long: nobody finds it from this. */
export function hashOf(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}
