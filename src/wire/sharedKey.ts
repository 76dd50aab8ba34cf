import { createHmac, timingSafeEqual } from 'node:crypto';
import { BatchError } from './errors.ts';
import { LIMITS } from './limits.ts';
import { queryPairs } from './query.ts';
import { parseHttpDate } from './timestamps.ts';

export interface SignedRequest {
  readonly method: string;
  /** Path and query exactly as sent, still percent-encoded. */
  readonly rawUrl: string;
  /** By lower-case name. */
  readonly headers: Readonly<Record<string, string | readonly string[] | undefined>>;
  readonly bodyLength: number;
}

export type Credentials =
  | { readonly scheme: 'none' }
  | { readonly scheme: 'SharedKey'; readonly account: string; readonly signature: string }
  | { readonly scheme: 'Bearer'; readonly token: string };

/** Base64 keys of an account, undefined where there is no such account. */
export type KeyLookup = (account: string) => readonly string[] | undefined;

const SHARED_KEY_FORM = /^SharedKey\s+([A-Za-z0-9-]{1,64}):([A-Za-z0-9+/]{43}=)$/i;
const BEARER_FORM = /^Bearer\s+(\S{1,16384})$/i;

/**
 * Reads the Authorization header.
 * @throws BatchError InvalidAuthenticationInfo (400) for a header of another scheme or form.
 */
export function parseAuthorization(header: string | undefined): Credentials {
  if (header === undefined || header.trim() === '') return { scheme: 'none' };
  const sharedKey = SHARED_KEY_FORM.exec(header.trim());
  if (sharedKey !== null) return { scheme: 'SharedKey', account: sharedKey[1] ?? '', signature: sharedKey[2] ?? '' };
  const bearer = BEARER_FORM.exec(header.trim());
  if (bearer !== null) return { scheme: 'Bearer', token: bearer[1] ?? '' };
  throw new BatchError('InvalidAuthenticationInfo');
}

/**
 * Checks a shared-key signature as the service does (operations.md 1.8, clients.md section 6): over the path as sent,
 * within 15 minutes of now, in any of the forms that clients are known to sign. Returns the account.
 * @throws BatchError AuthenticationFailed (403) with AuthenticationErrorDetail, which shows the string that was to be
 * signed and never a key; InvalidAuthenticationInfo (400) for a malformed header.
 */
export function verifySharedKey(request: SignedRequest, keysOf: KeyLookup, nowMs: number): string {
  const credentials = parseAuthorization(headerOf(request, 'authorization'));
  if (credentials.scheme !== 'SharedKey') throw new BatchError('InvalidAuthenticationInfo');
  const { account, signature } = credentials;
  checkClock(request, nowMs);
  const keys = keysOf(account);
  const given = Buffer.from(signature, 'base64');
  const candidates = stringsToSign(request, account);
  // An unknown account costs the same work as a known one.
  for (const key of keys ?? [unknownAccountKey]) {
    const keyBytes = Buffer.from(key, 'base64');
    for (const candidate of candidates) {
      const computed = createHmac('sha256', keyBytes).update(candidate, 'utf8').digest();
      if (timingSafeEqual(computed, given) && keys !== undefined) return account;
    }
  }
  throw failed(
    `The MAC signature found in the HTTP request '${signature}' is not the same as any computed signature. ` +
      `Server used following string to sign: '${candidates[0] ?? ''}'.`,
  );
}

const unknownAccountKey = Buffer.alloc(64).toString('base64');

function checkClock(request: SignedRequest, nowMs: number): void {
  const text = headerOf(request, 'ocp-date') ?? headerOf(request, 'date');
  if (text === undefined) throw failed('The request carries no ocp-date or Date header.');
  const sentMs = parseHttpDate(text);
  if (sentMs === undefined) throw failed(`The date '${text.slice(0, 64)}' is not in RFC 1123 form.`);
  if (Math.abs(nowMs - sentMs) > LIMITS.clockSkewMs) throw failed(`The date '${text}' is more than 15 minutes from the time of the server.`);
}

function failed(detail: string): BatchError {
  return new BatchError('AuthenticationFailed', [{ key: 'AuthenticationErrorDetail', value: detail }]);
}

/**
 * Every string a client may have signed, the likeliest first. Clients differ in the length of an empty body (its
 * header, `0` or nothing), in the case of query names, in parameters without value (dropped, or `name:`), in a Date
 * sent beside ocp-date, and in encoded separators of the path.
 */
export function stringsToSign(request: SignedRequest, account: string): readonly string[] {
  // Of a body in chunks no length is known: nothing is what was signed.
  const isChunked = headerOf(request, 'transfer-encoding') !== undefined;
  const known = isChunked ? [] : request.bodyLength === 0 ? ['0', ''] : [String(request.bodyLength)];
  const lengths = distinct([headerOf(request, 'content-length') ?? '', ...known]);
  const date = headerOf(request, 'date') ?? '';
  const dates = headerOf(request, 'ocp-date') === undefined ? [date] : distinct(['', date]);
  const question = request.rawUrl.indexOf('?');
  const path = question < 0 ? request.rawUrl : request.rawUrl.slice(0, question);
  const queries = question < 0 ? [''] : canonicalQueries(request.rawUrl.slice(question + 1));
  const ocp = ocpHeaders(request);
  const resources = signedPaths(path).flatMap((signedPath) => queries.map((query) => `${ocp}/${account}${signedPath}${query}`));
  return resources.flatMap((resource) => dates.flatMap((dateLine) => lengths.map((length) => [...fixedLines(request, length, dateLine), resource].join('\n'))));
}

/**
 * As sent; and as azure-batch 3 and 4 for Python sign it, with the encoded separators of file paths as slashes
 * (`batch_auth.py` of 4.1.3).
 */
function signedPaths(path: string): readonly string[] {
  return distinct([path, path.replaceAll(/%2F|%5C/gi, '/')]);
}

function fixedLines(request: SignedRequest, length: string, date: string): readonly string[] {
  const line = (name: string): string => headerOf(request, name) ?? '';
  return [
    request.method,
    line('content-encoding'),
    line('content-language'),
    length,
    line('content-md5'),
    line('content-type'),
    date,
    line('if-modified-since'),
    line('if-match'),
    line('if-none-match'),
    line('if-unmodified-since'),
    line('range'),
  ];
}

function ocpHeaders(request: SignedRequest): string {
  const names = Object.keys(request.headers).filter((name) => name.startsWith('ocp-')).sort();
  return names.map((name) => `${name}:${headerOf(request, name) ?? ''}\n`).join('');
}

function canonicalQueries(rawQuery: string): readonly string[] {
  const first = new Map<string, string>();
  for (const [name, value] of queryPairs(rawQuery)) if (!first.has(name)) first.set(name, value);
  const asSent = [...first];
  const lower = [...new Map(asSent.map(([name, value]) => [name.toLowerCase(), value]))];
  const print = (pairs: readonly (readonly [string, string])[]): string =>
    [...pairs]
      .sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0))
      .map(([name, value]) => `\n${name}:${value}`)
      .join('');
  const full = (pairs: readonly (readonly [string, string])[]) => pairs.filter(([, value]) => value !== '');
  return distinct([print(full(asSent)), print(asSent), print(full(lower)), print(lower)]);
}

function headerOf(request: SignedRequest, name: string): string | undefined {
  const value = request.headers[name];
  return typeof value === 'string' || value === undefined ? value : value.join(', ');
}

function distinct(values: readonly string[]): readonly string[] {
  return [...new Set(values)];
}
