import { existsSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { openStore } from '../../src/agent/containers/runtime/store.ts';
import { layUnpacked } from '../../src/agent/containers/runtime/unpackedImages.ts';

const outer = mkdtempSync(join(tmpdir(), 'linarite-unpacked-'));
afterAll(() => rmSync(outer, { recursive: true }));

test('images that are unpacked on the machine are no part of a store: it knows those of now, room is made without them, and none is deleted', () => {
  const directory = join(outer, 'store');
  const [first, second] = ['first', 'second'].map((name) => join(outer, name)) as [string, string];
  for (const root of [first, second]) mkdirSync(join(root, 'etc'), { recursive: true });
  layUnpacked(directory, [{ name: 'a', root: first }, { name: 'b', root: second }, { name: 'also-b', root: second }]);
  const store = openStore(directory);
  expect(store.list().map(({ name, isForeign }) => [name, isForeign]).toSorted()).toEqual([['a', true], ['also-b', true], ['b', true]]);
  expect(existsSync(join(directory, store.find('a')?.root ?? '', 'etc'))).toBe(true);
  layUnpacked(directory, [{ name: 'a', root: second }]);
  expect(store.list().map(({ name }) => name)).toEqual(['a']);
  layUnpacked(directory, []);
  expect([store.list(), store.find('a')]).toEqual([[], null]);
  expect([first, second].map((root) => existsSync(join(root, 'etc')))).toEqual([true, true]);
});
