import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { type Journal, openJournal } from '../../src/agent/journal.ts';
import { batchOf, createRetention, type Retention } from '../../src/agent/retention.ts';
import { type DirectoryOwner, type TaskAttempt, taskAttempt } from '../../src/agent/run.ts';
import type { AttemptKey } from '../../src/core/keys.ts';
import { outcomeOf } from './scriptedOwner.ts';
import { startNode } from './testNode.ts';

const WITHIN = { timeout: 15_000 } as const;

function key(job: number, task: number, attempt = 1): AttemptKey {
  return { job, task, attempt, instance: 0 };
}
function run(which: AttemptKey, directory: string): TaskAttempt {
  return taskAttempt(which, { job: 'j', task: 't', directory }, '/root');
}
function owner(job: number, task: number): DirectoryOwner {
  return { kind: 'task', job, task };
}

describe('the directory of a task', () => {
  let root: string;
  let now: number;
  let retention: Retention;
  let journal: Journal;
  beforeEach(() => {
    vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] });
    root = mkdtempSync(join(tmpdir(), 'linarite-retention-'));
    mkdirSync(join(root, 'volatile/trash'), { recursive: true });
    now = 1_000;
    retention = create();
  });
  afterEach(() => {
    retention.close();
    vi.useRealTimers();
    rmSync(root, { recursive: true, force: true });
  });

  const create = (): Retention => {
    journal = openJournal(join(root, 'journal'));
    return createRetention({ rootDirectory: root, now: () => now, isBusy: () => false, say: () => {}, beforeRemoval: () => {}, journal });
  };
  const begin = (which: AttemptKey, directory: string): void => {
    retention.claim(run(which, directory));
    mkdirSync(join(root, directory), { recursive: true });
    writeFileSync(join(root, directory, 'file'), '');
  };
  const end = (which: AttemptKey, retentionMs: number | null): void => retention.ended(run(which, ''), retentionMs, now);
  const isThere = (directory: string): boolean => existsSync(join(root, directory, 'file'));
  const pass = (ms: number): void => {
    now += ms;
    vi.advanceTimersByTime(60_000);
  };

  test('goes when its retention time is over, counted from the end of the task', () => {
    begin(key(1, 1), 'a');
    pass(10_000_000);
    end(key(1, 1), 5_000);
    pass(4_000);
    expect(isThere('a')).toBe(true);
    pass(1_000);
    expect(isThere('a')).toBe(false);
  });

  test('stays for ever when there is no retention time, and goes at once when that is zero', () => {
    begin(key(1, 1), 'a');
    begin(key(1, 2), 'b');
    end(key(1, 1), null);
    end(key(1, 2), 0);
    pass(1e12);
    expect(isThere('a')).toBe(true);
    expect(isThere('b')).toBe(false);
  });

  test('stays while the task runs again', () => {
    begin(key(1, 1), 'a');
    end(key(1, 1), 5_000);
    retention.claim(run(key(1, 1, 2), 'a'));
    pass(100_000);
    expect(isThere('a')).toBe(true);
  });

  test('goes at once when the task is deleted, or its job', () => {
    for (const task of [1, 2, 3]) begin(key(1, task), `a${task}`);
    begin(key(2, 1), 'b');
    for (const which of [key(1, 1), key(1, 2), key(1, 3), key(2, 1)]) end(which, null);
    retention.discard(owner(1, 2));
    expect(isThere('a2')).toBe(false);
    expect(isThere('a1')).toBe(true);
    retention.discardJob(1);
    retention.discardJob(99);
    expect([isThere('a1'), isThere('a3'), isThere('b')]).toEqual([false, false, true]);
  });

  test('is one of very many of a deleted job: they go in turns, so that other tasks start meanwhile', async () => {
    for (let task = 0; task < 250; task++) {
      begin(key(1, task), `a${task}`);
      end(key(1, task), null);
    }
    retention.discardJob(1);
    expect([isThere('a0'), isThere('a249')]).toEqual([false, true]);
    await vi.waitFor(() => expect(isThere('a249')).toBe(false), WITHIN);
  });

  test('takes those of its job with it when it was the last one there', () => {
    const [a, b, other] = ['workitems/j/job-1/a', 'workitems/j/job-1/b', 'workitems/other/job-1/a'] as const;
    begin(key(1, 1), a);
    begin(key(1, 2), b);
    begin(key(2, 1), other);
    for (const which of [key(1, 1), key(1, 2), key(2, 1)]) end(which, null);
    retention.discard(owner(1, 1));
    expect([isThere(a), isThere(b)]).toEqual([false, true]);
    retention.discard(owner(1, 2));
    expect(readdirSync(join(root, 'workitems'))).toEqual(['other']);
    retention.discardJob(2);
    expect(readdirSync(join(root, 'workitems'))).toEqual([]);
  });

  test('of a deleted task that still runs goes when it ends', () => {
    begin(key(1, 1), 'a');
    retention.discard(owner(1, 1));
    expect(isThere('a')).toBe(true);
    end(key(1, 1), null);
    expect(isThere('a')).toBe(false);
  });

  test('is empty for a new task of the same name, and the old task’s end of retention leaves it alone', () => {
    begin(key(1, 1), 'a');
    end(key(1, 1), 5_000);
    retention.claim(run(key(7, 1), 'a'));
    expect(isThere('a')).toBe(false);
    mkdirSync(join(root, 'a'));
    writeFileSync(join(root, 'a/file'), '');
    pass(100_000);
    retention.discard(owner(1, 1));
    expect(isThere('a')).toBe(true);
  });

  test('is remembered by the next life of the node', () => {
    for (const task of [1, 2, 3]) {
      begin(key(1, task), `a${task}`);
      end(key(1, task), 5_000);
    }
    retention.discard(owner(1, 1));
    journal.flush();
    retention.close();
    retention = create();
    retention.claim(run(key(2, 1), 'a2'));
    expect(isThere('a2'), 'another task’s').toBe(false);
    expect(isThere('a3')).toBe(true);
    pass(6_000);
    expect(isThere('a3')).toBe(false);
  });

  test('of an attempt that a life of the node did not outlive is known to the next: it stays, and goes with its task', () => {
    for (const task of [1, 2]) begin(key(1, task), `a${task}`);
    journal.flush();
    retention.close();
    retention = create();
    pass(1e12);
    expect([isThere('a1'), isThere('a2')]).toEqual([true, true]);
    retention.discard(owner(1, 1));
    retention.claim(run(key(2, 1), 'a2'));
    expect([isThere('a1'), isThere('a2')]).toEqual([false, false]);
  });

  test.each([
    [1, false, 1],
    [7_000, false, 50],
    [1, true, 1],
    [1_000, true, 1],
    [1_001, true, 2],
    [20_000, true, 20],
    [1_000_000, true, 50],
  ])('goes with others: of %i that wait, where it is %s that tasks run, %i at a time', (waiting, isBusy, batch) => {
    expect(batchOf(waiting, isBusy)).toBe(batch);
  });

  test('is deleted for good soon after', async () => {
    begin(key(1, 1), 'a');
    end(key(1, 1), 0);
    await vi.waitFor(() => expect(readdirSync(join(root, 'volatile/trash'))).toEqual([]), WITHIN);
  });
});

test('a node whose agent was killed while it deleted works on, and what was left is deleted', async () => {
  const node = await startNode();
  try {
    await node.owner.run({ commandLine: '/bin/true' });
    node.agent.kill('SIGKILL');
    await node.exited();
    const left = join(node.root, 'volatile/trash/left');
    mkdirSync(join(left, 'wd'), { recursive: true });
    node.startAgent(2);
    await node.owner.until('the next life', () => node.owner.frames.some(({ frame }) => frame.kind === 'hello' && frame.report.life === 2));
    expect(await outcomeOf(node.owner.run({ commandLine: '/bin/true' }))).toEqual({ kind: 'exited', exitCode: 0 });
    await vi.waitFor(() => expect(existsSync(left)).toBe(false), WITHIN);
  } finally {
    await node.close();
  }
});
