import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { openTrash } from '../../src/nodes/local/trash.ts';

let dataRoot: string;
beforeEach(() => {
  dataRoot = mkdtempSync(join(tmpdir(), 'linarite-trash-'));
});
afterEach(() => rmSync(dataRoot, { recursive: true, force: true }));

function node(number: number): string {
  const directory = join(dataRoot, String(number));
  mkdirSync(join(directory, 'root'), { recursive: true });
  writeFileSync(join(directory, 'root/file'), 'x');
  return directory;
}

test('what is put there is away at once, and deleted in the end', async () => {
  const said: string[] = [];
  const trash = openTrash(dataRoot, (message) => said.push(message));
  // More than one process deletes.
  const directories = Array.from({ length: 40 }, (_, index) => node(index + 1));
  await Promise.all(directories.map((directory) => trash.put(directory)));
  expect(directories.some((directory) => existsSync(directory))).toBe(false);
  await trash.put(join(dataRoot, 'never there'));
  await trash.settle();
  expect([readdirSync(dataRoot), said]).toEqual([[], []]);
});

test('what an earlier service left there is deleted too; what it has not to do with stays', async () => {
  mkdirSync(join(dataRoot, 'trash-7-1-1/root'), { recursive: true });
  node(4);
  await openTrash(dataRoot, () => undefined).settle();
  expect(readdirSync(dataRoot)).toEqual(['4']);
});
