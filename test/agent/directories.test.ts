import { execFileSync, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, existsSync, lstatSync, mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeEach, describe, expect, test } from 'vitest';
import { closeDirectory, makeNodeDirectories, makeTaskDirectories } from '../../src/agent/directories.ts';
import { answerAsk } from '../../src/agent/files.ts';
import { MountInTheWay } from '../../src/agent/mounts.ts';
import { removeTrees } from '../../src/agent/removal.ts';
import type { User } from '../../src/agent/users.ts';

const isRoot = process.geteuid?.() === 0;
const canMount = isRoot && spawnSync('/usr/bin/unshare', ['--mount', 'true']).status === 0;
if (!canMount) console.log('skipped: mounts below the directories of a node, which need a system that lets this user mount');
const FIRST: User = { uid: 1_900_000_300, gid: 1_900_000_300, filesGid: 1_900_000_300, name: 'first', isShared: false };
const SECOND: User = { uid: 1_900_000_301, gid: 1_900_000_301, filesGid: 1_900_000_301, name: 'second', isShared: false };

describe('the directories of a node', () => {
  let outer: string;
  let root: string;
  let victim: string;
  beforeEach(() => {
    outer = mkdtempSync(join(tmpdir(), 'linarite-directories-'));
    chmodSync(outer, 0o711);
    root = join(outer, 'root');
    victim = join(outer, 'victim');
    mkdirSync(join(victim, 'd'), { recursive: true });
    writeFileSync(join(victim, 'f'), '');
    chmodSync(victim, 0o700);
    return () => rmSync(outer, { recursive: true, force: true });
  });
  const mode = (path: string): number => statSync(path).mode & 0o7777;

  test('have their modes in each life, whatever was made of them', () => {
    makeNodeDirectories(root);
    chmodSync(join(root, 'shared'), 0o700);
    makeNodeDirectories(root);
    expect([mode(root), mode(join(root, 'shared')), mode(join(root, 'startup/wd')), mode(join(root, 'volatile'))]).toEqual([0o711, 0o777, 0o755, 0o700]);
  });

  test('leave alone what the start task put in the place of its working directory', () => {
    makeNodeDirectories(root);
    rmSync(join(root, 'startup/wd'), { recursive: true });
    symlinkSync(victim, join(root, 'startup/wd'));
    makeNodeDirectories(root);
    expect(mode(victim)).toBe(0o700);
  });

  test('are never behind a link', () => {
    mkdirSync(root);
    symlinkSync(victim, join(root, 'shared'));
    expect(() => makeNodeDirectories(root)).toThrow(/shared/);
    expect(mode(victim)).toBe(0o700);
  });

  test.runIf(isRoot)('a task’s goes over to its next user with all that lies in it, not with what its links point to', () => {
    makeNodeDirectories(root);
    const { task, working } = makeTaskDirectories(root, 'workitems/j/job-1/t', FIRST);
    expect([task, working, join(task, 'certs')].map((path) => `${statSync(path).uid} ${mode(path).toString(8)}`)).toEqual(Array(3).fill(`${FIRST.uid} 700`));
    mkdirSync(join(working, 'a/b'), { recursive: true });
    symlinkSync(victim, join(working, 'a/link'));
    rmSync(join(task, 'certs'), { recursive: true });
    makeTaskDirectories(root, 'workitems/j/job-1/t', SECOND);
    expect(['', 'wd', 'wd/a', 'wd/a/b', 'wd/a/link', 'certs'].map((name) => lstatSync(join(task, name)).uid)).toEqual(Array(6).fill(SECOND.uid));
    expect([victim, join(victim, 'd'), join(victim, 'f')].map((path) => statSync(path).uid)).toEqual([0, 0, 0]);
  });

  test('that a task closed to itself are removed all the same, without root as well', async () => {
    const directory = mkdtempSync(join(tmpdir(), 'linarite-closed-'));
    const closed = join(directory, 'tree/deep/deeper');
    mkdirSync(closed, { recursive: true });
    writeFileSync(join(closed, 'file'), '');
    writeFileSync(join(directory, 'elsewhere'), '', { mode: 0o400 });
    symlinkSync(join(directory, 'elsewhere'), join(closed, 'link'));
    if (isRoot) execFileSync('/bin/chown', ['-R', '-h', '65534:65534', directory]);
    for (const path of [closed, join(closed, '..')]) chmodSync(path, 0);
    if (isRoot) process.seteuid?.(65534);
    try {
      await removeTrees([join(directory, 'tree'), join(directory, 'none')]);
    } finally {
      if (isRoot) process.seteuid?.(0);
    }
    expect(readdirSync(directory)).toEqual(['elsewhere']);
    expect(statSync(join(directory, 'elsewhere')).mode & 0o777).toBe(0o400);
    rmSync(directory, { recursive: true });
  });

  describe.runIf(canMount)('below which something is mounted', () => {
    let share: string;
    let mounted: string;
    beforeEach(() => {
      makeNodeDirectories(root);
      share = join(outer, 'share');
      mkdirSync(share);
      writeFileSync(join(share, 'results'), 'precious', { mode: 0o600 });
      mounted = join(root, 'workitems/j/job-1/t/wd/a share');
      makeTaskDirectories(root, 'workitems/j/job-1/t', FIRST);
      mkdirSync(mounted);
      // Of the same file system: its number alone does not tell it from what lies around it.
      execFileSync('mount', ['--bind', share, mounted]);
      return () => execFileSync('/bin/sh', ['-c', 'for at in "$@"; do while mountpoint -q "$at"; do umount -l "$at"; done; done', 'sh', mounted, join(root, 'shared')]);
    });
    const task = (): string => join(root, 'workitems/j/job-1/t');
    const intact = (): void => {
      expect(statSync(join(share, 'results'))).toMatchObject({ uid: 0, mode: 0o100600 });
      expect(readFileSync(join(share, 'results'), 'utf8')).toBe('precious');
    };

    test('are removed once it is unmounted, several times one upon the other as well; what is on it stays', async () => {
      execFileSync('mount', ['-t', 'tmpfs', 'tmpfs', mounted]);
      writeFileSync(join(mounted, 'scratch'), '');
      await removeTrees([task()]);
      expect(existsSync(task())).toBe(false);
      intact();
    });

    test('stay when it is in use, and do not keep others; the error names the mount', async () => {
      mkdirSync(join(root, 'shared/other'));
      const user = spawn('sleep', ['1000'], { cwd: mounted });
      try {
        await once(user, 'spawn');
        await expect(removeTrees([task(), join(root, 'shared/other')])).rejects.toThrow(mounted);
        expect(existsSync(join(mounted, 'results'))).toBe(true);
        expect(existsSync(join(root, 'shared/other'))).toBe(false);
      } finally {
        user.kill('SIGKILL');
        await once(user, 'exit');
      }
      intact();
    });

    test('stay when they are not a node’s to unmount', async () => {
      await expect(removeTrees([join(task(), 'wd')], 'refuse')).rejects.toThrow(MountInTheWay);
      expect(await answerAsk(root, { kind: 'delete', path: 'workitems/j', recursive: true })).toEqual({
        kind: 'error',
        code: 'Mounted',
        message: 'workitems/j: workitems/j/job-1/t/wd/a share is a mount, and nothing on it is deleted; unmount it first',
      });
      intact();
    });

    test('are not made ready for another life where one of them is such a mount', () => {
      execFileSync('mount', ['--bind', share, join(root, 'shared')]);
      const before = statSync(share).mode;
      expect(() => makeNodeDirectories(root)).toThrow(MountInTheWay);
      expect(statSync(share).mode).toBe(before);
      intact();
    });

    test('are not closed to their user either', () => {
      expect(closeDirectory(task())).toBe(false);
      expect(closeDirectory(mounted)).toBe(false);
      intact();
    });

    test('do not go over to another user', () => {
      expect(() => makeTaskDirectories(root, 'workitems/j/job-1/t', SECOND)).toThrow(expect.objectContaining({ failure: expect.objectContaining({ code: 'ResourceDirectoryCreateFailed' }) }));
      intact();
    });
  });

  test('are removed with all that lies in them, not with what their links point to', async () => {
    mkdirSync(join(root, 'a/b'), { recursive: true });
    symlinkSync(victim, join(root, 'a/link'));
    await removeTrees([join(root, 'a'), join(root, 'never made')]);
    expect(existsSync(join(root, 'a'))).toBe(false);
    expect(existsSync(join(victim, 'f'))).toBe(true);
  });
});
