import { describe, expect, test } from 'vitest';
import { signedOwnUrl } from '../../src/blobs/ownUrls.ts';
import { blobSasUrl, containerSasUrl } from '../../src/blobs/sas.ts';

const expiresAt = Date.UTC(2026, 10, 28);
const accountKey = Buffer.from('a key that only tests use').toString('base64');
const embedded = { accountName: 'acct', accountKey, endpoint: 'http://127.0.0.1:10801/acct' };
const azure = { accountName: 'acct', accountKey, endpoint: 'https://acct.blob.core.windows.net' };

describe.each([embedded, azure])('a URL of the account at $endpoint', (account) => {
  test('of a blob is signed for that blob, whatever its name', () => {
    const url = `${account.endpoint}/c/d/v1.0%20%C3%BC`;
    expect(signedOwnUrl(account, url, { scope: 'blob', rights: ['read'], expiresAt })).toBe(blobSasUrl(account, { container: 'c', blob: 'd/v1.0 ü', rights: ['read'], startsAt: null, expiresAt }));
  });

  test('of a container is signed for the container', () => {
    const signed = containerSasUrl(account, 'c', ['read', 'list'], expiresAt);
    expect(signedOwnUrl(account, `${account.endpoint}/c`, { scope: 'container', rights: ['read', 'list'], expiresAt })).toBe(signed);
    expect(signedOwnUrl(account, `${account.endpoint}/c/`, { scope: 'container', rights: ['read', 'list'], expiresAt })?.replace('/c/', '/c')).toBe(signed);
  });

  test('loses a signature that it had, and keeps what else it asks for', () => {
    const url = signedOwnUrl(account, `${account.endpoint}/c/b?sv=2012-02-12&sig=old&sp=rw&versionid=7`, { scope: 'blob', rights: ['read'], expiresAt }) ?? '';
    const query = new URL(url).searchParams;
    expect(query.getAll('sig')).toHaveLength(1);
    expect(query.get('sig')).not.toBe('old');
    expect([query.get('sp'), query.get('versionid')]).toEqual(['r', '7']);
  });

  test.each([
    ['another host', 'https://other.blob.core.windows.net/c/b'],
    ['another port', 'http://127.0.0.1:10802/acct/c/b'],
    ['another account of the host', 'http://127.0.0.1:10801/acct2/c/b'],
    ['no container', `${account.endpoint}/`],
    ['a container where a blob is needed', `${account.endpoint}/c`],
    ['an escape that is none', `${account.endpoint}/c/%zz`],
    ['no URL', 'c/b'],
  ])('is not one with %s', (_name, url) => {
    expect(signedOwnUrl(account, url, { scope: 'blob', rights: ['read'], expiresAt })).toBeNull();
  });
});

test("a URL of the account's Data Lake is signed as one of its blobs", () => {
  const signed = containerSasUrl(azure, 'c', ['write'], expiresAt);
  expect(signedOwnUrl(azure, 'https://acct.dfs.core.windows.net/c', { scope: 'container', rights: ['write'], expiresAt })).toBe(signed);
});
