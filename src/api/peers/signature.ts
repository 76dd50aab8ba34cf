import { createHash, createHmac, randomBytes, timingSafeEqual } from 'node:crypto';
import type { Instant } from '../../core/keys.ts';

/** What one process asks of another. */
export interface SignedAsk {
  readonly method: string;
  /** With its query, as sent. */
  readonly path: string;
  readonly body: string;
}

/** Carries the signature: `v1 TIME NONCE MAC`. */
export const PEER_HEADER = 'linarite-peer';

/** By the database's clock, which all processes go by: so long a request is taken after it was signed, or before. */
export const FRESH_MS = 10_000;

const FORM = /^v1 (\d{1,15}) ([\w-]{22}) ([\w-]{43})$/;

/** `secret`: made from the cluster key. */
export function signAsk(secret: Uint8Array, ask: SignedAsk, at: Instant, nonce = randomBytes(16).toString('base64url')): string {
  return `v1 ${at} ${nonce} ${mac(secret, ask, at, nonce).toString('base64url')}`;
}

/** Tells requests of other processes from all else: each signature is taken once, and not for long. */
export class PeerSignatures {
  readonly #secret: Uint8Array;
  readonly #now: () => Instant;
  /** Nonces that were seen, in two halves: the older one is forgotten when none of it would be fresh any more. */
  #seen = new Set<string>();
  #before = new Set<string>();
  #turnedAt = Number.NEGATIVE_INFINITY;

  /** `now`: by the database's clock. */
  constructor(secret: Uint8Array, now: () => Instant) {
    this.#secret = secret;
    this.#now = now;
  }

  sign(ask: SignedAsk): string {
    return signAsk(this.#secret, ask, this.#now());
  }

  /** False for another secret, another request, an old one, and one that came before. */
  isGood(header: string | undefined, ask: SignedAsk): boolean {
    const [, atText = '', nonce = '', shown = ''] = FORM.exec(header ?? '') ?? [];
    if (nonce === '') return false;
    const at = Number(atText);
    const now = this.#now();
    if (Math.abs(now - at) > FRESH_MS) return false;
    const isSigned = timingSafeEqual(Buffer.from(shown, 'base64url'), mac(this.#secret, ask, at, nonce));
    return isSigned && this.#isNew(nonce, now);
  }

  #isNew(nonce: string, now: Instant): boolean {
    if (now - this.#turnedAt > 2 * FRESH_MS) {
      this.#before = this.#seen;
      this.#seen = new Set();
      this.#turnedAt = now;
    }
    if (this.#seen.has(nonce) || this.#before.has(nonce)) return false;
    this.#seen.add(nonce);
    return true;
  }
}

function mac(secret: Uint8Array, { method, path, body }: SignedAsk, at: Instant, nonce: string): Buffer {
  const digest = createHash('sha256').update(body).digest('hex');
  return createHmac('sha256', secret).update([method, path, digest, String(at), nonce].join('\n')).digest();
}
