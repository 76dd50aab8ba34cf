import { chmodSync, mkdirSync, mkdtempSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeEach, describe, expect, test } from 'vitest';
import { findProgram } from '../../src/agent/program.ts';
import type { User } from '../../src/agent/users.ts';

const isRoot = process.geteuid?.() === 0;
const CALLER: User = { uid: null, gid: null, filesGid: null, name: 'caller', isShared: false };
const TASK_USER: User = { uid: 1_900_000_300, gid: 1_900_000_300, filesGid: 1_900_000_300, name: 'task', isShared: false };

describe('a program that was found, or not, before', () => {
  let directory: string;
  let first: string;
  let second: string;
  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), 'linarite-program-'));
    chmodSync(directory, 0o755);
    first = join(directory, 'first');
    second = join(directory, 'second');
    for (const path of [first, second]) mkdirSync(path);
    return () => rmSync(directory, { recursive: true, force: true });
  });
  const find = (user = CALLER): unknown => findProgram('tool', `${first}:${second}`, directory, user);
  const put = (path: string, mode = 0o755): void => {
    writeFileSync(`${path}.new`, '#!/bin/sh\n', { mode });
    chmodSync(`${path}.new`, mode);
    renameSync(`${path}.new`, path);
  };
  const missing = expect.objectContaining({ code: 'CommandProgramNotFound' });
  const denied = expect.objectContaining({ code: 'CommandLaunchFailed' });

  test('appears, also before where it was found, and is removed', () => {
    expect([find(), find()]).toEqual([missing, missing]);
    put(join(second, 'tool'));
    expect([find(), find()]).toEqual(Array(2).fill(join(second, 'tool')));
    put(join(first, 'tool'));
    expect([find(), find()]).toEqual(Array(2).fill(join(first, 'tool')));
    rmSync(join(first, 'tool'));
    expect(find()).toBe(join(second, 'tool'));
    rmSync(join(second, 'tool'));
    expect(find()).toEqual(missing);
  });

  test('is replaced by a file that nobody may execute', () => {
    put(join(first, 'tool'));
    expect(find()).toBe(join(first, 'tool'));
    put(join(first, 'tool'), 0o644);
    expect(find()).toEqual(denied);
    chmodSync(join(first, 'tool'), 0o755);
    expect(find()).toBe(join(first, 'tool'));
  });

  test.runIf(isRoot)('is replaced by a link to where the task’s user may not look, or appears as one', () => {
    const closed = join(directory, 'closed');
    mkdirSync(closed, { mode: 0o700 });
    put(join(closed, 'tool'));
    put(join(first, 'tool'));
    expect(find(TASK_USER)).toBe(join(first, 'tool'));
    rmSync(join(first, 'tool'));
    expect(find(TASK_USER)).toEqual(missing);
    for (const place of [first, second]) {
      symlinkSync(join(closed, 'tool'), join(place, 'tool'));
      expect(find(TASK_USER)).toEqual(missing);
    }
    expect(find()).toBe(join(first, 'tool'));
    expect(find(TASK_USER)).toEqual(missing);
  });
});
