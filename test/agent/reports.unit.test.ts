import { beforeEach, describe, expect, test } from 'vitest';
import { isAgentFrame } from '../../src/agent/frameCheck.ts';
import { MOST_FRAME_BYTES } from '../../src/agent/frames.ts';
import { createReports, type Report, type Reports } from '../../src/agent/reports.ts';

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
