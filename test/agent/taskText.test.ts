import { execFileSync } from 'node:child_process';
import { chownSync, linkSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { readTaskText, type TaskText } from '../../src/agent/taskText.ts';
import type { User } from '../../src/agent/users.ts';

const isRoot = process.geteuid?.() === 0;
const user: User = isRoot ? { uid: 1_900_000_001, gid: 1_900_000_001, filesGid: 1_900_000_001, name: 'task', isShared: false } : { uid: null, gid: null, filesGid: null, name: 'task', isShared: false };

describe('a text that a task may have written', () => {
  let directory: string;
  let path: string;
  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), 'linarite-text-'));
    path = join(directory, 'stderr.txt');
  });
  afterEach(() => rmSync(directory, { recursive: true }));

  const write = (where: string, text: string): void => {
    writeFileSync(where, text);
    if (isRoot) chownSync(where, 1_900_000_001, 1_900_000_001);
  };
  const look = (mostBytes = 100): unknown => readTaskText(path, user, mostBytes, (text, { isWhole }: TaskText) => ({ text, isWhole }));

  test('is read by its end, and may be emptied', () => {
    write(path, 'one two three');
    expect(look()).toEqual({ text: 'one two three', isWhole: true });
    expect(look(5)).toEqual({ text: 'three', isWhole: false });
    readTaskText(path, user, 100, (_text, file) => file.empty());
    expect(readFileSync(path, 'utf8')).toBe('');
  });

  const kinds: Record<string, () => void> = {
    'is missing': () => {},
    'is a pipe without a writer': () => void execFileSync('/bin/sh', ['-c', `mkfifo ${path}`]),
    'is a directory': () => void mkdirSync(path),
    'is a link': () => {
      write(join(directory, 'other'), 'secret');
      symlinkSync('other', path);
    },
    'has a second name': () => {
      write(join(directory, 'other'), 'secret');
      linkSync(join(directory, 'other'), path);
    },
    ...(isRoot ? { 'belongs to somebody else': () => writeFileSync(path, 'secret'), 'is a device': () => void execFileSync('/bin/sh', ['-c', `mknod ${path} c 1 5`]) } : {}),
  };
  test.each(Object.keys(kinds))('is none where it %s, and nothing waits', (kind) => {
    kinds[kind]?.();
    expect(look()).toBeNull();
  });
});
