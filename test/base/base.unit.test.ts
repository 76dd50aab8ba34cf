import { expect, test } from 'vitest';
import { codeOf, messageOf } from '../../src/base/errors.ts';
import { addToGroup, groupBy } from '../../src/base/groups.ts';

test('whatever is thrown has a text, and a code where it says one', () => {
  expect(messageOf(new Error('no'))).toBe('no');
  expect(messageOf('no')).toBe('no');
  expect(codeOf(Object.assign(new Error('no'), { code: 'ENOENT' }))).toBe('ENOENT');
  expect(codeOf(Object.assign(new Error('no'), { code: 2 }))).toBeUndefined();
  expect(codeOf({ code: 'ENOENT' })).toBeUndefined();
});

test('groups stand in the order of their first items', () => {
  const groups = new Map<string, number[]>();
  addToGroup(groups, 'a', 1);
  addToGroup(groups, 'a', 2);
  expect([...groups]).toEqual([['a', [1, 2]]]);
  expect([...groupBy([3, 1, 5, 2], (item) => item % 2)]).toEqual([[1, [3, 1, 5]], [0, [2]]]);
});
