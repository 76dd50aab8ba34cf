import { describe, expect, test } from 'vitest';
import { checkAccess, isRange, mayNodeCome, type AccountAccess } from '../../src/api/accountAccess.ts';

const ALL: AccountAccess = { modes: ['SharedKey', 'AAD', 'TaskAuthenticationToken'], from: 'anybody', ranges: [], nodes: { from: 'anybody', ranges: [] } };

describe('an account', () => {
  test('that takes no public access takes nobody', () => {
    expect(() => checkAccess({ ...ALL, from: 'nobody' }, 'member', '127.0.0.1')).toThrow('settings of this account');
  });

  test.each([
    ['10.1.2.3', true],
    ['::ffff:10.1.2.3', true],
    ['10.2.0.1', false],
    ['192.0.2.1', true],
    ['2001:db8::1', true],
    ['2001:db9::1', false],
    [undefined, false],
  ])('that lists addresses: %s %s', (address, isAllowed) => {
    const access: AccountAccess = { ...ALL, from: 'listed', ranges: ['10.1.0.0/16', '192.0.2.1', '2001:db8::/32'] };
    const ask = (): void => checkAccess(access, 'sharedKey', address);
    if (isAllowed) expect(ask).not.toThrow();
    else expect(ask).toThrow('settings of this account');
  });

  test('takes the credentials that it allows', () => {
    const access: AccountAccess = { ...ALL, modes: ['AAD'] };
    expect(() => checkAccess(access, 'member', '127.0.0.1')).not.toThrow();
    expect(() => checkAccess(access, 'sharedKey', '127.0.0.1')).toThrow('settings of this account');
    expect(() => checkAccess(access, 'task', '127.0.0.1')).toThrow('settings of this account');
  });
});

test.each([['10.0.0.1', true], ['10.0.0.0/8', true], ['10.0.0.0/33', false], ['::1/128', true], ['::1/129', false], ['10.0.0', false], ['a', false], ['10.0.0.0/', false], ['', false]])('%j is a range: %s', (text, isOne) => {
  expect(isRange(text)).toBe(isOne);
});

test.each([
  [undefined, '192.0.2.1', true],
  [{ from: 'anybody', ranges: [] }, '192.0.2.1', true],
  [{ from: 'listed', ranges: ['10.0.0.0/8'] }, '10.1.2.3', true],
  [{ from: 'listed', ranges: ['10.0.0.0/8'] }, '127.0.0.2', false],
  [{ from: 'listed', ranges: [] }, undefined, false],
] as const)('nodes of an account with %j may come from %s: %j', (nodes, address, may) => {
  expect(mayNodeCome(nodes === undefined ? undefined : { ...ALL, nodes }, address)).toBe(may);
});
