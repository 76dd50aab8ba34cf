import { createHash } from 'node:crypto';
import { expect, test } from 'vitest';
import { bytesOfBody, wholeBody } from '../../../src/cli/recording/body.ts';
import { hiddenAnswerHeaders, hiddenRequestHeaders } from '../../../src/cli/recording/hiding.ts';

const LIMITS = { jsonBytes: 1_000, otherBytes: 16 };
const JSON_TYPE = 'application/json; odata=minimalmetadata';

function recorded(value: unknown): unknown {
  const body = wholeBody(JSON_TYPE, Buffer.from(JSON.stringify(value)), LIMITS);
  return body !== null && 'json' in body ? body.json : body;
}

test('credentials of requests and cookies of answers are not recorded', () => {
  expect(hiddenRequestHeaders({ authorization: 'SharedKey a:b', cookie: 'x', 'x-ms-authorization-auxiliary': 'Bearer x', 'x-identity-header': 'x', 'if-match': '0x1', 'content-type': JSON_TYPE, 'ocp-date': 'now' })).toEqual({ 'if-match': '0x1', 'content-type': JSON_TYPE });
  expect(hiddenAnswerHeaders({ 'set-cookie': 'x', etag: '0x1', location: 'https://s.blob.core.windows.net/c?sv=1&sig=abc%3D' })).toEqual({ etag: '0x1', location: 'https://s.blob.core.windows.net/c?sv=1&sig=(hidden)' });
});

test('what the contract calls a secret is hidden, and keeps its form', () => {
  expect(recorded({ userAccounts: [{ name: 'u', password: 'pw', linuxUserConfiguration: { sshPrivateKey: 'k' } }] })).toEqual({ userAccounts: [{ name: 'u', password: '(hidden)', linuxUserConfiguration: { sshPrivateKey: '(hidden)' } }] });
  expect(recorded({ containerRegistries: [{ username: 'u', password: 'pw', registryServer: 'r' }] })).toEqual({ containerRegistries: [{ username: 'u', password: '(hidden)', registryServer: 'r' }] });
  expect(recorded({ mountConfiguration: [{ azureBlobFileSystemConfiguration: { accountName: 'a', accountKey: 'k', sasKey: 's' } }] })).toEqual({ mountConfiguration: [{ azureBlobFileSystemConfiguration: { accountName: 'a', accountKey: '(hidden)', sasKey: '(hidden)' } }] });
  expect(recorded({ extensions: [{ name: 'e', protectedSettings: { a: 'x', b: { c: 'y' } } }] })).toEqual({ extensions: [{ name: 'e', protectedSettings: { a: '(hidden)', b: { c: '(hidden)' } } }] });
  expect(recorded({ access_token: 'x', accountName: 'a', primary: 'k', secondary: 'l' })).toEqual({ access_token: '(hidden)', accountName: 'a', primary: '(hidden)', secondary: '(hidden)' });
});

test('environment settings keep their names alone', () => {
  expect(recorded({ id: 't', environmentSettings: [{ name: 'TOKEN', value: 'x' }, { name: 'EMPTY' }] })).toEqual({ id: 't', environmentSettings: [{ name: 'TOKEN', value: '(hidden)' }, { name: 'EMPTY' }] });
});

test('links, connection strings, tokens and keys within texts are hidden', () => {
  expect(recorded({ commandLine: 'x "https://s.blob.core.windows.net/c/f?sv=1&sig=a%2Fb&se=2" AccountKey=MDEyMzQ1Njc4OTAxMjM0NTY3ODk=;' })).toEqual({ commandLine: 'x "https://s.blob.core.windows.net/c/f?sv=1&sig=(hidden)&se=2" AccountKey=(hidden);' });
  expect(recorded({ commandLine: 'curl -u x https://user:pass@host/ -H "Bearer eyJhbGciOiJIUzI1.eyJzdWIiOiIxMjM0.abc-_d"' })).toEqual({ commandLine: 'curl -u x https://user:(hidden)@host/ -H "Bearer (hidden)"' });
  expect(wholeBody('text/plain', Buffer.from('?sig=abc'), LIMITS)).toEqual({ text: '?sig=(hidden)' });
});

test('a body that is no JSON is kept up to a bound, beyond it hash and length are', () => {
  expect(wholeBody('application/octet-stream', Buffer.from('hello\n'), LIMITS)).toEqual({ text: 'hello\n' });
  expect(wholeBody('application/octet-stream', Buffer.from([0, 255, 1]), LIMITS)).toEqual({ base64: 'AP8B' });
  expect(wholeBody('application/octet-stream', Buffer.alloc(17), LIMITS)).toEqual({ sha256: createHash('sha256').update(Buffer.alloc(17)).digest('hex'), bytes: 17 });
  expect(wholeBody(JSON_TYPE, Buffer.from('{ no json'), LIMITS)).toEqual({ text: '{ no json' });
  expect(wholeBody(undefined, Buffer.alloc(0), LIMITS)).toBeNull();
  expect(bytesOfBody({ sha256: 'x', bytes: 17 })).toBeNull();
  expect(bytesOfBody({ base64: 'AP8B' })).toEqual(Buffer.from([0, 255, 1]));
});
