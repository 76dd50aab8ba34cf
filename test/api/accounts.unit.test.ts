import type { IncomingMessage } from 'node:http';
import { describe, expect, test } from 'vitest';
import { Accounts } from '../../src/api/accounts.ts';
import { authenticate, type Authorities } from '../../src/api/authentication.ts';
import { BatchError } from '../../src/wire/errors.ts';
import { nobody } from './nobody.ts';
import { signed, TOKENS } from './support.ts';

const first = { number: 1, name: 'first', keys: ['a'] };
const second = { number: 7, name: '127', keys: ['b'] };
const accounts = new Accounts([first, second]);

test('accounts are found by name, whatever its case, and by number', () => {
  expect([accounts.named('First'), accounts.named('third'), accounts.numbered(7), accounts.numbered(2)]).toEqual([first, undefined, second, undefined]);
  expect(accounts.names()).toEqual(['first', '127']);
  expect(() => new Accounts([first, { ...second, name: 'first' }])).toThrow('two accounts of a service have the same name');
});

test.each([
  ['first.localhost:10800', first],
  ['FIRST.westeurope.batch.example.com', first],
  ['127.example.com', second],
  ['127.0.0.1:10800', undefined],
  ['[::1]:10800', undefined],
  ['first', undefined],
  ['first:10800', undefined],
  ['third.localhost:10800', undefined],
  ['localhost:10800', undefined],
  ['', undefined],
  [undefined, undefined],
])('the host %s is the endpoint of %o', (host, account) => {
  expect(accounts.atHost(host)).toEqual(account);
});

describe('where the host names an account', () => {
  const keyOf = (letter: string): string => Buffer.alloc(64, letter).toString('base64');
  const [one, other] = [{ number: 1, name: 'one', keys: [keyOf('a')] }, { number: 2, name: 'other', keys: [keyOf('b')] }];
  const authorities: Authorities = { ...nobody, accounts: new Accounts([one, other]), tokens: TOKENS, jobOf: () => Promise.resolve('j'), wallClock: () => 0 };
  const URL = '/pools?api-version=2025-06-01';

  /** The account that is let in, or the refusal. */
  async function letIn(host: string, headers: Readonly<Record<string, string>>): Promise<string> {
    try {
      const message = { method: 'GET', headers: { ...headers, host } } as unknown as IncomingMessage;
      return (await authenticate(message, URL, authorities)).account.name;
    } catch (error) {
      if (!(error instanceof BatchError)) throw error;
      return `${error.status} ${error.values?.[0]?.value ?? ''}`;
    }
  }
  const by = ({ name, keys: [key = ''] }: typeof one, host: string) => letIn(host, signed('GET', URL, { host }, 0, { name, key }));
  const withToken = ({ number }: typeof one, host: string) => letIn(host, { authorization: `Bearer ${TOKENS.issue({ account: number, job: 1, task: 1, attempt: 1 })}` });

  test('only that account is let in there, by signature and by token; elsewhere each is', async () => {
    expect([await by(one, 'one.localhost:1'), await by(one, 'nobody.localhost:1'), await by(other, '127.0.0.1:1')]).toEqual(['one', 'one', 'other']);
    expect([await withToken(one, 'ONE.localhost'), await withToken(other, 'localhost')]).toEqual(['one', 'other']);
    expect(await by(other, 'one.localhost:1')).toBe("403 The host of the request is that of the account 'one', and the signature is by the account 'other'.");
    expect(await withToken(other, 'one.localhost:1')).toBe("401 The host of the request is that of the account 'one', and the token is of another account.");
  });

  test('a key of another account is wrong', async () => {
    expect(await letIn('localhost:1', signed('GET', URL, { host: 'localhost:1' }, 0, { name: 'one', key: keyOf('b') }))).toMatch(/^403 The MAC signature/);
  });
});
