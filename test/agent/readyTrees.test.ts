import { chmodSync, mkdirSync, mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeEach, describe, expect, test } from 'vitest';
import { fillTaskDirectory, makeNodeDirectories, makeTaskDirectories } from '../../src/agent/directories.ts';
import { createReadyTrees, type ReadyTrees } from '../../src/agent/readyTrees.ts';
import { TRASH } from '../../src/agent/retention.ts';
import type { User } from '../../src/agent/users.ts';
import { startNode } from './testNode.ts';

const isRoot = process.geteuid?.() === 0;
function user(uid: number): User {
  const ids = isRoot ? { uid, gid: uid, filesGid: uid } : { uid: null, gid: null, filesGid: null };
  return { ...ids, name: `user${uid}`, isShared: true };
}
const COMMON = user(1_900_000_300);
const OTHER = user(1_900_000_301);

describe('directories of tasks that are made ahead', () => {
  let root: string;
  let directory: string;
  let ready: ReadyTrees;
  beforeEach(() => {
    const outer = mkdtempSync(join(tmpdir(), 'linarite-ready-'));
    chmodSync(outer, 0o711);
    root = join(outer, 'root');
    directory = join(root, TRASH);
    makeNodeDirectories(root);
    ready = createReadyTrees({ directory, user: COMMON, most: 2, make: fillTaskDirectory });
    return () => rmSync(outer, { recursive: true, force: true });
  });
  const make = (task: string, who = COMMON): string => makeTaskDirectories(root, `workitems/j/job-1/${task}`, who, ready).task;
  const describeTree = (task: string): readonly string[] =>
    ['', 'wd', 'certs'].map((name) => {
      const { uid, gid, mode } = statSync(join(task, name));
      return `${uid} ${gid} ${mode.toString(8)}`;
    });

  test('are no more than wanted, and are what a task’s directory is that is made for it', () => {
    const made = make('made');
    expect([ready.makeOne(), ready.makeOne(), ready.makeOne()]).toEqual([true, true, false]);
    const waiting = readdirSync(directory).map((name) => statSync(join(directory, name)).ino);
    const taken = ['a', 'b'].map((name) => make(name));
    expect(taken.map((path) => statSync(path).ino).toSorted()).toEqual(waiting.toSorted());
    expect(readdirSync(directory)).toEqual([]);
    for (const path of taken) {
      expect(describeTree(path)).toEqual(describeTree(made));
      expect(readdirSync(path).toSorted()).toEqual(['certs', 'wd']);
    }
    expect(describeTree(make('c'))).toEqual(describeTree(made));
  });

  test('leave alone what an earlier attempt left', () => {
    const task = make('t');
    writeFileSync(join(task, 'wd/kept'), '');
    ready.makeOne();
    make('t');
    expect(readdirSync(join(task, 'wd'))).toEqual(['kept']);
    expect(readdirSync(directory)).toHaveLength(1);
  });

  test.runIf(isRoot)('are not for another user', () => {
    make('first');
    ready.makeOne();
    expect(statSync(make('t', OTHER)).uid).toBe(OTHER.uid);
    expect(readdirSync(directory)).toHaveLength(1);
  });

  test('are not missed where none can be made', () => {
    rmSync(directory, { recursive: true });
    expect(ready.makeOne()).toBe(false);
    mkdirSync(directory);
    expect(readdirSync(make('t')).toSorted()).toEqual(['certs', 'wd']);
  });
});

test('a node makes them while nothing runs, gives them to its tasks, and its next life finds none', async () => {
  const node = await startNode({ slots: 2 });
  try {
    const waiting = (): readonly string[] => readdirSync(join(node.root, TRASH));
    await node.owner.run({ task: 'first', commandLine: '/bin/true' });
    await expect.poll(() => waiting().length, { timeout: 30_000 }).toBe(2);
    const before = waiting().map((name) => statSync(join(node.root, TRASH, name)).ino);
    await node.owner.run({ task: 'second', commandLine: '/bin/true' });
    expect(before).toContain(statSync(join(node.root, 'workitems/job1/job-1/second')).ino);
    await expect.poll(() => waiting().length, { timeout: 30_000 }).toBe(2);
    const left = waiting();
    node.agent.kill('SIGKILL');
    await node.exited();
    node.startAgent(2);
    await expect.poll(() => waiting().filter((name) => left.includes(name)), { timeout: 30_000 }).toEqual([]);
  } finally {
    await node.close();
  }
});
