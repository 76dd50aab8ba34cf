import { createHmac } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { parseAuthorization, stringsToSign, verifySharedKey, type SignedRequest } from '../../src/wire/sharedKey.ts';
import { parseHttpDate } from '../../src/wire/timestamps.ts';
import { codeOf, errorOf, signatures, valuesOf, type SignedExample } from './fixtures.ts';

const key = signatures.keys.recorded;
const nowMs = Date.UTC(2026, 10, 20, 12, 0, 0);
const now = new Date(nowMs).toUTCString();

function asSent(example: SignedExample): SignedRequest {
  return { method: example.method, rawUrl: example.url, headers: example.headers, bodyLength: example.bodyLength };
}

function signed(request: Omit<SignedRequest, 'headers'> & { readonly headers?: Readonly<Record<string, string>> }, text: string): SignedRequest {
  const signature = createHmac('sha256', Buffer.from(key, 'base64')).update(text, 'utf8').digest('base64');
  return { ...request, headers: { 'ocp-date': now, ...request.headers, authorization: `SharedKey account:${signature}` } };
}

function keysOf(account: string): readonly string[] | undefined {
  return (account === 'account' ? ['b3RoZXI=', key] : undefined);
}
function get(rawUrl: string, query: string): SignedRequest {
  return signed({ method: 'GET', rawUrl, bodyLength: 0 }, `GET\n\n\n\n\n\n\n\n\n\n\n\nocp-date:${now}\n/account${rawUrl.split('?')[0]}${query}`);
}

describe('signatures of real clients', () => {
  test.each(signatures.requests.map((example, index) => [index, example.client, example.method, example.url, example] as const))(
    '%i %s: %s %s is accepted at the time it was sent',
    (_index, _client, _method, _url, example) => {
      const sentMs = parseHttpDate(example.headers['ocp-date'] ?? '') ?? Number.NaN;
      const account = /SharedKey ([^:]+):/.exec(example.headers['authorization'] ?? '')?.[1];
      expect(verifySharedKey(asSent(example), () => [signatures.keys[example.key]], sentMs)).toBe(account);
      if (example.stringToSign !== undefined) expect(stringsToSign(asSent(example), account ?? '')).toContain(example.stringToSign);
    },
  );

  test('any change to what was signed is refused', () => {
    for (const example of signatures.requests) {
      const sentMs = parseHttpDate(example.headers['ocp-date'] ?? '') ?? Number.NaN;
      const keys = (): readonly string[] => [signatures.keys[example.key]];
      expect(codeOf(() => verifySharedKey({ ...asSent(example), rawUrl: `${example.url}&x=1` }, keys, sentMs))).toBe('AuthenticationFailed');
      expect(codeOf(() => verifySharedKey({ ...asSent(example), method: 'OPTIONS' }, keys, sentMs))).toBe('AuthenticationFailed');
    }
  });
});

describe('forms that clients differ in', () => {
  test('an empty parameter may be dropped from the signature or stand with nothing behind its colon', () => {
    expect(verifySharedKey(get('/jobs?$filter=&a=1', '\na:1'), keysOf, nowMs)).toBe('account');
    expect(verifySharedKey(get('/jobs?$filter=&a=1', '\n$filter:\na:1'), keysOf, nowMs)).toBe('account');
  });

  test('parameter names may be signed as sent or in lower case', () => {
    expect(verifySharedKey(get('/jobs?timeOut=30&Api=2', '\nApi:2\ntimeOut:30'), keysOf, nowMs)).toBe('account');
    expect(verifySharedKey(get('/jobs?timeOut=30&Api=2', '\napi:2\ntimeout:30'), keysOf, nowMs)).toBe('account');
  });

  test('the first of repeated parameters counts, and a plus is a space', () => {
    expect(verifySharedKey(get('/jobs?a=x+y&a=z', '\na:x y'), keysOf, nowMs)).toBe('account');
  });

  test('an encoded slash may stay encoded in what is signed or stand as a slash, all else stays encoded', () => {
    const url = '/jobs/j/tasks/t/files/wd%2Fx%20y.txt';
    expect(verifySharedKey(get(url, ''), keysOf, nowMs)).toBe('account');
    expect(verifySharedKey({ ...get('/jobs/j/tasks/t/files/wd/x%20y.txt', ''), rawUrl: url }, keysOf, nowMs)).toBe('account');
    const decoded = get('/jobs/j/tasks/t/files/wd/x y.txt', '');
    expect(codeOf(() => verifySharedKey({ ...decoded, rawUrl: url }, keysOf, nowMs))).toBe('AuthenticationFailed');
  });

  test('an empty body may be signed as its header says, as 0, or as nothing', () => {
    const lines = (length: string): string => `DELETE\n\n\n${length}\n\n\n\n\n\n\n\n\nocp-date:${now}\n/account/jobs/j`;
    for (const headers of [{}, { 'content-length': '0' }]) {
      for (const length of ['', '0']) {
        expect(verifySharedKey(signed({ method: 'DELETE', rawUrl: '/jobs/j', bodyLength: 0, headers }, lines(length)), keysOf, nowMs)).toBe('account');
      }
    }
  });

  test('a signature over an empty body does not hold for one in chunks', () => {
    const text = `POST\n\n\n0\n\n\n\n\n\n\n\n\nocp-date:${now}\n/account/jobs/j/terminate`;
    const request = { method: 'POST', rawUrl: '/jobs/j/terminate', bodyLength: 0 };
    expect(verifySharedKey(signed(request, text), keysOf, nowMs)).toBe('account');
    expect(codeOf(() => verifySharedKey(signed({ ...request, headers: { 'transfer-encoding': 'chunked' } }, text), keysOf, nowMs))).toBe('AuthenticationFailed');
  });

  test('the length of a body that is there must be the one signed', () => {
    const text = `POST\n\n\n0\n\n\n\n\n\n\n\n\nocp-date:${now}\n/account/jobs`;
    const request = signed({ method: 'POST', rawUrl: '/jobs', bodyLength: 7, headers: { 'content-length': '7' } }, text);
    expect(codeOf(() => verifySharedKey(request, keysOf, nowMs))).toBe('AuthenticationFailed');
  });

  test('a Date header signs where ocp-date is absent', () => {
    const { headers, ...rest } = signed({ method: 'GET', rawUrl: '/pools', bodyLength: 0 }, `GET\n\n\n\n\n\n${now}\n\n\n\n\n\n/account/pools`);
    expect(verifySharedKey({ ...rest, headers: { date: now, authorization: headers['authorization'] } }, keysOf, nowMs)).toBe('account');
  });

  test('either key of an account will do', () => {
    expect(verifySharedKey(get('/pools', ''), () => [key, 'b3RoZXI='], nowMs)).toBe('account');
  });
});

describe('refusals', () => {
  test('a wrong key is 403 and shows the string to sign, never a key', () => {
    const error = errorOf(() => verifySharedKey(get('/pools', ''), () => ['b3RoZXI='], nowMs));
    expect([error.status, error.code]).toEqual([403, 'AuthenticationFailed']);
    const detail = valuesOf(error)['AuthenticationErrorDetail'] ?? '';
    expect(detail).toContain('Server used following string to sign');
    expect(detail).toContain(`ocp-date:${now}\n/account/pools`);
    expect(JSON.stringify(error.values)).not.toContain('b3RoZXI=');
  });

  test('an account that does not exist is refused as a wrong key is', () => {
    const error = errorOf(() => verifySharedKey(get('/pools', ''), () => undefined, nowMs));
    expect([error.status, error.code]).toEqual([403, 'AuthenticationFailed']);
  });

  const MOST_MS = 15 * 60_000;
  test.each([
    ['late', 1],
    ['early', -1],
  ])('a clock more than 15 minutes %s is refused', (_name, sign) => {
    const error = errorOf(() => verifySharedKey(get('/pools', ''), keysOf, nowMs + sign * (MOST_MS + 1)));
    expect(error.code).toBe('AuthenticationFailed');
    expect(valuesOf(error)['AuthenticationErrorDetail']).toContain('15 minutes');
  });

  test('fifteen minutes either way pass', () => {
    for (const awayMs of [MOST_MS, -MOST_MS]) expect(verifySharedKey(get('/pools', ''), keysOf, nowMs + awayMs)).toBe('account');
  });

  test('a request without any date, or with one that is none, is refused', () => {
    const { headers, ...rest } = get('/pools', '');
    expect(codeOf(() => verifySharedKey({ ...rest, headers: { authorization: headers['authorization'] } }, keysOf, nowMs))).toBe('AuthenticationFailed');
    expect(codeOf(() => verifySharedKey({ ...rest, headers: { ...headers, 'ocp-date': 'yesterday' } }, keysOf, nowMs))).toBe('AuthenticationFailed');
  });

  test.each(['Basic YTpi', 'SharedKey account', 'SharedKey account:short', 'SharedKeyLite account:x', 'SharedKey :x'])('the header %s is malformed: 400', (header) => {
    const error = errorOf(() => parseAuthorization(header));
    expect([error.status, error.code]).toEqual([400, 'InvalidAuthenticationInfo']);
  });

  test('no header and a bearer token are told apart', () => {
    expect(parseAuthorization(undefined)).toEqual({ scheme: 'none' });
    expect(parseAuthorization('Bearer abc.def')).toEqual({ scheme: 'Bearer', token: 'abc.def' });
  });
});
