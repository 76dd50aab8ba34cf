import type { AgentReport } from '../core/events.ts';
import { type AttemptKey, type Instant, jobTaskName } from '../core/keys.ts';
import { type AgentFrame, MOST_FRAME_BYTES } from './frames.ts';
import { type After, createHeldStarts } from './heldStarts.ts';
import type { AttemptJournal } from './journal.ts';
import { after as afterMs } from './paced.ts';

export type Report = Exclude<AgentReport, { kind: 'hello' }>;

/**
 * The outbox: reports are numbered from 1 in this life and kept in order until the owner acknowledges them, which it
 * does after its commit. Whatever was sent before a connection broke is sent again after the next `welcome`. A start
 * task, or a job's preparation, that fails and is tried again for hours while no owner listens must not fill it: of its
 * reports only the newest waits, in the place of the first.
 */
export interface Reports {
  /** Number of the last report made. */
  readonly sequence: number;
  /** The same of the last one that waits to be acknowledged; 0: none does. */
  readonly unacknowledged: number;
  add(report: Report): void;
  /** An attempt has started: the journal has it at once, the owner is told soon (see `heldStarts.ts`). */
  begun(key: AttemptKey, at: Instant): void;
  /** All up to `sequence` are durable. */
  acknowledge(sequence: number): void;
  /** The frame with the reports made after `sequence`, as many as fit into it; null: there are none. */
  frameAfter(sequence: number): SentReports | null;
  /** The same as they are, where nothing has to fit. `first`: the number of the first. */
  listAfter(sequence: number): { readonly first: number; readonly reports: readonly Report[] };
}

interface SentReports {
  readonly frame: Extract<AgentFrame, { kind: 'reports' }>;
  /** The frame as JSON; a report that fits into none is shortened in it. */
  readonly text: string;
}

/** Of one frame. */
const MOST_REPORTS = 1_000;
/** Of a text in a report that fits into no frame. */
const LONGEST_TEXT = 1_000;
/** Of a list in such a one. */
const LONGEST_LIST = 100;

/** `wake`: something is to be written, and maybe sent. */
export function createReports(journal: AttemptJournal, wake: () => void, after: After = afterMs): Reports {
  let kept: Report[] = [];
  let acknowledged = 0;
  /** The last one handed out: the owner may have it, so it says for ever what it said. */
  let handedOut = 0;

  /** Of what is tried again by itself only the newest status waits. */
  const unsentBefore = (report: Report): number => {
    if (report.kind !== 'startTask' && report.kind !== 'jobTask') return -1;
    const index = kept.findLastIndex((other) => isOfSame(report, other));
    return acknowledged + index + 1 > handedOut ? index : -1;
  };

  const keep = (report: Report): void => {
    starts.told(report);
    const replaced = unsentBefore(report);
    if (replaced >= 0) kept[replaced] = report;
    else kept.push(report);
  };
  const starts = createHeldStarts(after, (report) => {
    keep(report);
    wake();
  });

  const listAfter = (sequence: number): { readonly first: number; readonly reports: readonly Report[] } => {
    const first = Math.max(sequence, acknowledged) + 1;
    const start = first > acknowledged + kept.length ? null : starts.toLookBusy();
    if (start !== null) keep(start);
    return { first, reports: kept.slice(first - acknowledged - 1, first - acknowledged - 1 + MOST_REPORTS) };
  };

  return {
    get sequence() {
      return acknowledged + kept.length;
    },
    get unacknowledged() {
      return kept.length === 0 ? 0 : acknowledged + kept.length;
    },
    add: (report) => {
      if (report.kind === 'started') journal.recordStarted(report.key, report.at);
      else if (report.kind === 'ended') journal.recordEnded(report.end);
      keep(report);
      wake();
    },
    begun: (key, at) => {
      journal.recordStarted(key, at);
      if (!starts.hold(key, at)) keep({ kind: 'started', key, at });
      wake();
    },
    acknowledge: (sequence) => {
      const count = Math.min(sequence - acknowledged, kept.length);
      if (count <= 0) return;
      for (const report of kept.slice(0, count)) if (report.kind === 'ended') journal.recordAcknowledged(report.end.key);
      kept = kept.slice(count);
      acknowledged += count;
    },
    frameAfter: (sequence) => {
      const { first, reports } = listAfter(sequence);
      const next = framed(first, reports);
      if (next !== null) handedOut = Math.max(handedOut, first + next.frame.reports.length - 1);
      return next;
    },
    listAfter: (sequence) => {
      const list = listAfter(sequence);
      handedOut = Math.max(handedOut, list.first + list.reports.length - 1);
      return list;
    },
  };
}

/** Whether both say how the start task, or the same run of a job's own task, fares. */
function isOfSame(report: Report, other: Report): boolean {
  if (report.kind !== 'jobTask' || other.kind !== 'jobTask') return report.kind === other.kind;
  return jobTaskName(report.key) === jobTaskName(other.key);
}

/** Halved until it fits. */
function framed(first: number, reports: readonly Report[]): SentReports | null {
  if (reports.length === 0) return null;
  const frame = { kind: 'reports', first, reports } as const;
  const text = JSON.stringify(frame);
  if (Buffer.byteLength(text) <= MOST_FRAME_BYTES) return { frame, text };
  return reports.length > 1 ? framed(first, reports.slice(0, reports.length >> 1)) : { frame, text: JSON.stringify(frame, shorten) };
}

/** A failure may name what a user or a task wrote, of any length. */
function shorten(_name: string, value: unknown): unknown {
  if (typeof value === 'string' && value.length > LONGEST_TEXT) return `${value.slice(0, LONGEST_TEXT)}…`;
  return Array.isArray(value) ? value.slice(0, LONGEST_LIST) : value;
}
