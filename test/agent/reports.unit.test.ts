import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { isAgentFrame } from '../../src/agent/frameCheck.ts';
import { MOST_FRAME_BYTES } from '../../src/agent/frames.ts';
import { HOLD_STARTED_MS } from '../../src/agent/heldStarts.ts';
import { createReports, type Report, type Reports } from '../../src/agent/reports.ts';
import type { AttemptKey } from '../../src/core/keys.ts';

function startTask(retryCount: number): Report {
  return {
    kind: 'startTask',
    status: { state: 'running', startedAt: 1, endedAt: null, exitCode: null, failure: null, retryCount, lastRetryAt: null, result: null },
  };
}
const READY: Report = { kind: 'ready' };

describe('the reports that wait for the owner', () => {
  let reports: Reports;
  beforeEach(() => {
    reports = createReports({ recordStarted: () => {}, recordEnded: () => {}, recordAcknowledged: () => {} }, () => {});
  });

  test('hold one of the start task, the newest, however often it was tried', () => {
    for (let count = 0; count < 1_000; count++) reports.add(startTask(count));
    expect(reports.frameAfter(0)?.frame).toEqual({ kind: 'reports', first: 1, reports: [startTask(999)] });
    expect(reports.sequence).toBe(1);
  });

  test('are none once all are acknowledged, whoever owns the account by then', () => {
    expect(reports.unacknowledged).toBe(0);
    reports.add(READY);
    reports.add(startTask(0));
    expect(reports.unacknowledged).toBe(2);
    reports.acknowledge(1);
    expect(reports.unacknowledged).toBe(2);
    reports.acknowledge(2);
    expect([reports.sequence, reports.unacknowledged]).toEqual([2, 0]);
  });

  test('do not change once they may have been sent', () => {
    reports.add(startTask(0));
    reports.frameAfter(0);
    for (const count of [1, 2, 3]) reports.add(startTask(count));
    reports.add(READY);
    expect(reports.frameAfter(0)?.frame).toEqual({ kind: 'reports', first: 1, reports: [startTask(0), startTask(3), READY] });
    reports.acknowledge(2);
    reports.add(startTask(4));
    expect(reports.frameAfter(2)?.frame).toEqual({ kind: 'reports', first: 3, reports: [READY, startTask(4)] });
  });

  test('go in frames that the service takes, none left out, one that is too long shortened', () => {
    const failed = (task: number, text: string): Report => ({
      kind: 'ended',
      end: {
        key: { job: 1, task, attempt: 1, instance: 0 },
        startedAt: 1,
        endedAt: 2,
        outcome: { kind: 'notStarted', failure: { category: 'UserError', code: 'CommandProgramNotFound', message: 'm', details: [{ name: 'Message', value: text }] } },
      },
    });
    // Six bytes each in JSON.
    for (let task = 0; task < 700; task++) reports.add(failed(task, '\u0001'.repeat(1_000)));
    reports.add(failed(700, 'x'.repeat(5 << 20)));
    reports.add(READY);
    let sent = 0;
    let longest = '';
    for (let next = reports.frameAfter(sent); next !== null; next = reports.frameAfter(sent)) {
      expect(Buffer.byteLength(next.text)).toBeLessThanOrEqual(MOST_FRAME_BYTES);
      const frame: unknown = JSON.parse(next.text);
      expect(isAgentFrame(frame)).toBe(true);
      expect(next.frame.first).toBe(sent + 1);
      sent += next.frame.reports.length;
      if (next.text.includes('xxx')) longest = next.text;
    }
    expect(sent).toBe(702);
    expect(longest).toContain('xxx…');
  });
});

describe('the starts of attempts', () => {
  const key = (task: number): AttemptKey => ({ job: 1, task, attempt: 1, instance: 0 });
  const started = (task: number): Report => ({ kind: 'started', key: key(task), at: task });
  const ended = (task: number): Report => ({ kind: 'ended', end: { key: key(task), startedAt: task, endedAt: 9, outcome: { kind: 'exited', exitCode: 0 } } });
  let reports: Reports;
  let journal: string[];
  let woken: number;
  let sent: number;
  beforeEach(() => {
    vi.useFakeTimers();
    journal = [];
    woken = 0;
    sent = 0;
    reports = createReports(
      {
        recordStarted: ({ task }, at) => void journal.push(`started ${task} at ${at}`),
        recordEnded: (end) => void journal.push(`ended ${end.key.task}`),
        recordAcknowledged: () => {},
      },
      () => woken++,
    );
    takes(1);
    [woken, journal] = [0, []];
  });
  afterEach(() => {
    vi.useRealTimers();
  });
  /** An attempt that took so long. */
  const takes = (ms: number): void => {
    reports.begun(key(99), 0);
    reports.add({ kind: 'ended', end: { key: key(99), startedAt: 0, endedAt: ms, outcome: { kind: 'exited', exitCode: 0 } } });
    said();
  };
  /** What goes in the next frame. */
  const said = (): readonly Report[] => {
    const next = reports.frameAfter(sent);
    sent = reports.sequence;
    return next?.frame.reports ?? [];
  };

  test('are in the journal at once and told with the end, where that comes soon', () => {
    reports.begun(key(1), 1);
    expect([journal, woken, said()]).toEqual([['started 1 at 1'], 1, []]);
    vi.advanceTimersByTime(HOLD_STARTED_MS - 1);
    reports.add(ended(1));
    expect(said()).toEqual([ended(1)]);
    vi.advanceTimersByTime(HOLD_STARTED_MS);
    expect(said()).toEqual([]);
    expect(journal).toEqual(['started 1 at 1', 'ended 1']);
  });

  test('are told by themselves of what runs longer', () => {
    reports.begun(key(1), 1);
    vi.advanceTimersByTime(5);
    reports.begun(key(2), 2);
    vi.advanceTimersByTime(HOLD_STARTED_MS - 5);
    expect(woken).toBe(3);
    expect(said()).toEqual([started(1)]);
    vi.advanceTimersByTime(5);
    expect(said()).toEqual([started(2)]);
    reports.add(ended(1));
    expect(said()).toEqual([ended(1)]);
  });

  test('are told at once where the attempts before took longer than a start is held, and before the first has ended', () => {
    const fresh = createReports({ recordStarted: () => {}, recordEnded: () => {}, recordAcknowledged: () => {} }, () => {});
    fresh.begun(key(1), 1);
    expect(fresh.frameAfter(0)?.frame.reports).toEqual([started(1)]);
    takes(10 * HOLD_STARTED_MS);
    reports.begun(key(1), 1);
    expect(said()).toEqual([started(1)]);
    for (let count = 0; count < 20; count++) takes(1);
    reports.begun(key(2), 2);
    expect(said()).toEqual([]);
  });

  test('are told when the owner asks, once', () => {
    reports.begun(key(1), 1);
    reports.add(started(1));
    expect(said()).toEqual([started(1)]);
    vi.advanceTimersByTime(HOLD_STARTED_MS);
    expect(said()).toEqual([]);
  });

  test('are told one at a time where else the node would look idle between its tasks', () => {
    for (const task of [1, 2]) reports.begun(key(task), task);
    for (const task of [1, 2]) {
      reports.add(ended(task));
      reports.begun(key(task + 2), task + 2);
    }
    expect(said()).toEqual([ended(1), ended(2), started(3)]);
    reports.add(ended(4));
    reports.begun(key(5), 5);
    expect(said()).toEqual([ended(4)]);
    reports.add(ended(3));
    expect(said()).toEqual([ended(3), started(5)]);
  });
});
