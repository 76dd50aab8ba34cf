import type { JSONWebKeySet, JWK } from 'jose';
import { TokenRefused } from './tokenRefused.ts';

/** The public keys of an outside issuer. */
export interface OutsideKeys {
  /** All that may have signed a token of that `kid`. @throws TokenRefused keysUnavailable. */
  of(kid: string | undefined): Promise<JSONWebKeySet>;
}

export interface OutsideKeysOptions {
  /** As tokens name it. */
  readonly issuer: string;
  /** Milliseconds that only grow. */
  readonly monotonic: () => number;
  readonly fetch?: typeof fetch;
}

/** Keys are asked for again after this long. */
const FRESH_MS = 10 * 60_000;
/** Where the issuer does not answer, those it gave last are used for so long. */
const KEPT_MS = 60 * 60_000;
/** An issuer is asked once in this time at most, whatever tokens name and whether it answers. */
const SPACING_MS = 60_000;
const TIMEOUT_MS = 10_000;
/** Entra's list has some 20 KB and a dozen keys. */
const MOST_BYTES = 512 * 1024;
const MOST_KEYS = 100;

/**
 * Keys by OpenID Connect Discovery 1.0: the issuer's configuration has to name the issuer exactly, and where its keys
 * are.
 */
export function createOutsideKeys({ issuer, monotonic, fetch: ask = fetch }: OutsideKeysOptions): OutsideKeys {
  let kept: { readonly keys: readonly JWK[]; readonly at: number } | null = null;
  let askedAt = Number.NEGATIVE_INFINITY;
  let asking: Promise<void> | null = null;

  const refresh = (): Promise<void> => {
    if (asking !== null) return asking;
    if (monotonic() - askedAt < SPACING_MS) return Promise.resolve();
    askedAt = monotonic();
    const begun = askedAt;
    asking = fetchKeys(issuer, ask)
      .then((keys) => {
        kept = { keys, at: begun };
      })
      // What was known stays for its time: the next token asks again.
      .catch(() => undefined)
      .finally(() => {
        asking = null;
      });
    return asking;
  };
  const known = (): readonly JWK[] | null => (kept === null || monotonic() - kept.at > KEPT_MS ? null : kept.keys);

  return {
    of: async (kid) => {
      const isStale = kept === null || monotonic() - kept.at > FRESH_MS;
      const isUnknown = kid !== undefined && known()?.some((key) => key.kid === kid) !== true;
      if (isStale || isUnknown) await refresh();
      const keys = known();
      if (keys === null) throw new TokenRefused('keysUnavailable', `The keys of the issuer '${issuer}' cannot be read now.`);
      return { keys: [...keys] };
    },
  };
}

async function fetchKeys(issuer: string, ask: typeof fetch): Promise<readonly JWK[]> {
  const configuration = await readJson(`${issuer.replace(/\/$/, '')}/.well-known/openid-configuration`, ask);
  if (Reflect.get(configuration, 'issuer') !== issuer) throw new Error('the configuration is of another issuer');
  const address: unknown = Reflect.get(configuration, 'jwks_uri');
  if (typeof address !== 'string' || !isSafe(address)) throw new Error('the configuration has no address of keys');
  const keys: unknown = Reflect.get(await readJson(address, ask), 'keys');
  if (!Array.isArray(keys) || keys.length > MOST_KEYS) throw new Error('the list of keys has another form');
  return keys.filter((key: unknown): key is JWK => typeof key === 'object' && key !== null && typeof Reflect.get(key, 'kty') === 'string' && Reflect.get(key, 'kty') !== 'oct');
}

/** Over TLS, or from this machine. */
export function isSafe(address: string): boolean {
  if (!URL.canParse(address)) return false;
  const { protocol, hostname } = new URL(address);
  return protocol === 'https:' || (protocol === 'http:' && ['127.0.0.1', '[::1]', 'localhost'].includes(hostname));
}

async function readJson(url: string, ask: typeof fetch): Promise<object> {
  const answer = await ask(url, { redirect: 'error', signal: AbortSignal.timeout(TIMEOUT_MS), headers: { accept: 'application/json' } });
  if (!answer.ok || answer.body === null) throw new Error(`${url} answers ${answer.status}`);
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of answer.body) {
    size += chunk.length;
    if (size > MOST_BYTES) throw new Error(`${url} answers with more than ${MOST_BYTES} bytes`);
    chunks.push(chunk);
  }
  const value: unknown = JSON.parse(Buffer.concat(chunks).toString());
  if (typeof value !== 'object' || value === null) throw new Error(`${url} answers with no object`);
  return value;
}
