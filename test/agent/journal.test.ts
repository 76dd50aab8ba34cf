import { appendFileSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { openJournal } from '../../src/agent/journal.ts';
import type { AttemptEnd } from '../../src/core/events.ts';
import type { AttemptKey } from '../../src/core/keys.ts';

function key(task: number): AttemptKey {
  return { job: 1, task, attempt: 1, instance: 0 };
}
function end(task: number): AttemptEnd {
  return { key: key(task), startedAt: 1, endedAt: 2, outcome: { kind: 'exited', exitCode: 0 } };
}

describe('the journal of a node', () => {
  let directory: string;
  let path: string;
  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), 'linarite-journal-'));
    path = join(directory, 'journal');
  });
  afterEach(() => rmSync(directory, { recursive: true }));

  test('tells the next life what had started, what had ended, and not what was acknowledged', () => {
    const journal = openJournal(path);
    for (const task of [1, 2, 3]) journal.recordStarted(key(task), task * 10);
    journal.recordEnded(end(2));
    journal.recordEnded(end(3));
    journal.recordAcknowledged(key(3));
    journal.flush();
    const next = openJournal(path);
    expect(next.started).toEqual([{ key: key(1), startedAt: 10 }]);
    expect(next.ended).toEqual([end(2)]);
  });

  test('is read up to a line that was cut short', () => {
    const journal = openJournal(path);
    journal.recordStarted(key(1), 10);
    journal.flush();
    appendFileSync(path, '{"ended":{"key":');
    const next = openJournal(path);
    expect(next.started).toHaveLength(1);
    next.recordStarted(key(2), 20);
    next.flush();
    expect(openJournal(path).started).toHaveLength(2);
  });

  test('is whole although the disk takes it in pieces, or has no room for a while', () => {
    let room = Infinity;
    const write = (file: number, bytes: Buffer, offset: number, length: number): number => {
      if (room <= 0) throw Object.assign(new Error('ENOSPC: no space left on device, write'), { code: 'ENOSPC' });
      const written = writeSync(file, bytes, offset, Math.min(length, 7, room));
      room -= written;
      return written;
    };
    const journal = openJournal(path, write, 0);
    journal.recordStarted(key(1), 10);
    journal.flush();
    expect(openJournal(path).started).toHaveLength(1);
    room = 30;
    journal.recordStarted(key(2), 20);
    journal.flush();
    journal.recordEnded(end(1));
    journal.flush();
    room = Infinity;
    journal.recordStarted(key(3), 30);
    journal.flush();
    const next = openJournal(path);
    expect(next.started.map(({ key: { task } }) => task)).toEqual([2, 3]);
    expect(next.ended).toEqual([end(1)]);
    expect(readdirSync(directory)).toEqual(['journal']);
  });

  test('is there once it can be, though it could not be opened', () => {
    mkdirSync(`${path}.new`);
    const journal = openJournal(path, undefined, 0);
    journal.recordStarted(key(1), 10);
    journal.flush();
    rmSync(`${path}.new`, { recursive: true });
    journal.close();
    expect(openJournal(path).started).toHaveLength(1);
  });

  test('written by the version before is read: owners of directories had no kind', () => {
    writeFileSync(
      path,
      [
        '{"started":{"job":1,"task":1,"attempt":1,"instance":0},"at":10}',
        '{"kept":{"job":1,"task":1,"directory":"workitems/a/job-1/t","dueAt":null}}',
        '{"kept":{"job":1,"task":2,"directory":"workitems/a/job-1/u","dueAt":90}}',
        '{"kept":{"job":2,"task":1,"directory":"workitems/b/job-1/t","dueAt":5}}',
        '{"removed":{"job":2,"task":1}}',
        '{"ended":{"key":{"job":1,"task":2,"attempt":1,"instance":0},"startedAt":1,"endedAt":2,"outcome":{"kind":"exited","exitCode":0}}}',
        '',
      ].join('\n'),
    );
    const journal = openJournal(path);
    expect(journal.started).toEqual([{ key: key(1), startedAt: 10 }]);
    expect(journal.ended).toEqual([end(2)]);
    expect(journal.kept).toEqual([
      { owner: { kind: 'task', job: 1, task: 1 }, directory: 'workitems/a/job-1/t', dueAt: null },
      { owner: { kind: 'task', job: 1, task: 2 }, directory: 'workitems/a/job-1/u', dueAt: 90 },
    ]);
    journal.recordRemoved({ kind: 'task', job: 1, task: 1 });
    journal.flush();
    expect(openJournal(path).kept.map(({ owner }) => owner)).toEqual([{ kind: 'task', job: 1, task: 2 }]);
  });

  test('does not take the directory of a kind of run that it does not know for a task’s', () => {
    writeFileSync(path, '{"kept":{"kind":"of-a-later-version","job":1,"directory":"workitems/a/job-1/jobpreparation","dueAt":null}}\n');
    expect(openJournal(path).kept).toEqual([]);
  });

  test('stays short however many attempts pass', () => {
    const journal = openJournal(path);
    journal.recordStarted(key(0), 5);
    for (let task = 1; task <= 20_000; task++) {
      journal.recordStarted(key(task), 10);
      journal.recordEnded(end(task));
      journal.recordAcknowledged(key(task));
      if (task % 50 === 0) journal.flush();
    }
    journal.flush();
    expect(statSync(path).size).toBeLessThan(1.1 * 2 ** 20);
    expect(openJournal(path).started).toEqual([{ key: key(0), startedAt: 5 }]);
    expect(statSync(path).mode & 0o777).toBe(0o600);
    expect(readFileSync(path, 'utf8')).not.toBe('');
  });
});
