import { Readable } from 'node:stream';
import { describe, expect, test } from 'vitest';
import { isReader, withoutSecrets } from '../../../src/api/page/redaction.ts';
import { sessionPrincipal, sharedKeyPrincipal } from '../../../src/api/principal.ts';

const ACCOUNT = { number: 1, name: 'a', keys: [] };
const JSON_TYPE = { 'content-type': 'application/json;odata=minimalmetadata' };

test('who looks at the page and may change nothing is a reader', () => {
  expect(isReader(sessionPrincipal(ACCOUNT, { session: 1, role: 'reader' }))).toBe(true);
  expect(isReader(sessionPrincipal(ACCOUNT, { session: 1, role: 'contributor' }))).toBe(false);
  expect(isReader(sharedKeyPrincipal(ACCOUNT))).toBe(false);
  expect(isReader(null)).toBe(false);
});

describe('a reader gets', () => {
  const shown = (value: object): unknown => JSON.parse(String(withoutSecrets({ status: 200, headers: JSON_TYPE, body: JSON.stringify(value) }).body)) as unknown;

  test('names of environment settings and no values, however deep they stand', () => {
    const settings = [{ name: 'PASSWORD', value: 'secret' }, { name: 'EMPTY' }];
    const hidden = [{ name: 'PASSWORD', value: '(hidden)' }, { name: 'EMPTY' }];
    expect(shown({ value: [{ id: 't', environmentSettings: settings }, { jobManagerTask: { environmentSettings: settings }, commonEnvironmentSettings: settings }] })).toEqual({ value: [{ id: 't', environmentSettings: hidden }, { jobManagerTask: { environmentSettings: hidden }, commonEnvironmentSettings: hidden }] });
  });

  test('links without their signatures, in commands too', () => {
    expect(shown({ httpUrl: 'https://a.blob/c/b?sv=1&sig=abc%2F=&se=2', commandLine: 'curl "https://a/b?SIG=xyz" && true' })).toEqual({ httpUrl: 'https://a.blob/c/b?sv=1&sig=(hidden)&se=2', commandLine: 'curl "https://a/b?SIG=(hidden)" && true' });
  });

  test('metadata and all else as it is', () => {
    const job = { id: 'j', metadata: [{ name: 'n', value: 'v' }], priority: 3 };
    expect(shown(job)).toEqual(job);
  });

  test('files as they are', () => {
    const file = { status: 200, headers: { 'content-type': 'application/octet-stream' }, body: Readable.from(['x']) };
    expect(withoutSecrets(file)).toBe(file);
    const text = { status: 200, headers: { 'content-type': 'text/html' }, body: '?sig=1' };
    expect(withoutSecrets(text)).toBe(text);
  });
});
