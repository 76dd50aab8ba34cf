import { beforeEach, describe, expect, test } from 'vitest';
import { createReports, type Report, type Reports } from '../../src/agent/reports.ts';

const startTask = (retryCount: number): Report => ({
  kind: 'startTask',
  status: { state: 'running', startedAt: 1, endedAt: null, exitCode: null, failure: null, retryCount, lastRetryAt: null, result: null },
});
const ready: Report = { kind: 'ready' };

describe('the reports that wait for the owner', () => {
  let reports: Reports;
  beforeEach(() => {
    reports = createReports({ recordStarted: () => {}, recordEnded: () => {}, recordAcknowledged: () => {} }, () => {});
  });

  test('hold one of the start task, the newest, however often it was tried', () => {
    for (let count = 0; count < 1_000; count++) reports.add(startTask(count));
    expect(reports.after(0, 10)).toEqual({ first: 1, reports: [startTask(999)] });
    expect(reports.sequence).toBe(1);
  });

  test('do not change once they may have been sent', () => {
    reports.add(startTask(0));
    reports.after(0, 10);
    for (const count of [1, 2, 3]) reports.add(startTask(count));
    reports.add(ready);
    expect(reports.after(0, 10)).toEqual({ first: 1, reports: [startTask(0), startTask(3), ready] });
    reports.acknowledge(2);
    reports.add(startTask(4));
    expect(reports.after(2, 10)).toEqual({ first: 3, reports: [ready, startTask(4)] });
  });
});
