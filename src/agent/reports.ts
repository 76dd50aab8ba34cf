import type { AgentReport } from '../core/events.ts';
import type { AttemptJournal } from './journal.ts';

export type Report = Exclude<AgentReport, { kind: 'hello' }>;

/**
 * The outbox: reports are numbered from 1 in this life and kept in order until the owner acknowledges them, which it does after its commit.
 * Whatever was sent before a connection broke is sent again after the next `welcome`. A start task that fails and is tried again for hours while no owner listens
 * must not fill it: of its reports only the newest waits, in the place of the first.
 */
export interface Reports {
  /** Number of the last report made. */
  readonly sequence: number;
  add(report: Report): void;
  /** All up to `sequence` are durable. */
  acknowledge(sequence: number): void;
  /** Reports made after `sequence`, at most `limit` of them. */
  after(sequence: number, limit: number): { readonly first: number; readonly reports: readonly Report[] };
}

export const createReports = (journal: AttemptJournal, wake: () => void): Reports => {
  let kept: Report[] = [];
  let acknowledged = 0;
  /** The last one handed out: the owner may have it, so it says for ever what it said. */
  let handedOut = 0;

  const unsentStartTask = (): number => {
    const index = kept.findLastIndex(({ kind }) => kind === 'startTask');
    return acknowledged + index + 1 > handedOut ? index : -1;
  };

  return {
    get sequence() {
      return acknowledged + kept.length;
    },
    add: (report) => {
      if (report.kind === 'started') journal.recordStarted(report.key, report.at);
      else if (report.kind === 'ended') journal.recordEnded(report.end);
      const replaced = report.kind === 'startTask' ? unsentStartTask() : -1;
      if (replaced >= 0) kept[replaced] = report;
      else kept.push(report);
      wake();
    },
    acknowledge: (sequence) => {
      const count = Math.min(sequence - acknowledged, kept.length);
      if (count <= 0) return;
      for (const report of kept.slice(0, count)) if (report.kind === 'ended') journal.recordAcknowledged(report.end.key);
      kept = kept.slice(count);
      acknowledged += count;
    },
    after: (sequence, limit) => {
      const first = Math.max(sequence, acknowledged) + 1;
      const reports = kept.slice(first - acknowledged - 1, first - acknowledged - 1 + limit);
      handedOut = Math.max(handedOut, first + reports.length - 1);
      return { first, reports };
    },
  };
};

