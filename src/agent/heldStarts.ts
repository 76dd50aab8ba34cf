import { attemptName, type AttemptKey, type Instant } from '../core/keys.ts';
import type { Report } from './reports.ts';

/** Longer than tasks take that do next to nothing, several for each core. A client sees a task run so much later. */
export const HOLD_STARTED_MS = 25;
/** The weight of the latest end in how long attempts take. */
const LATEST_WEIGHT = 0.25;

/**
 * Attempts that have started, which the owner is not told yet: of a short one only the end is told, which says when it
 * started. To the owner each is one write less. What is asked for is told at once, what runs longer than
 * `HOLD_STARTED_MS` then. Where attempts take longer than that none is held: its start would share no frame any more
 * with the end of the one before.
 */
export interface HeldStarts {
  /** False: the owner is to be told now. */
  hold(key: AttemptKey, at: Instant): boolean;
  /** The owner is told, of its end or of what it has asked for. */
  told(report: Report): void;
  /**
   * If the owner knows of no attempt that runs, the oldest here is to be told: a node on which one task follows the
   * other is not to look idle in between. null: it knows of one, or nothing runs.
   */
  toLookBusy(): Report | null;
}

/** Calls `act` once, so many milliseconds from now. Returns what calls it off. */
export type After = (ms: number, act: () => void) => () => void;

/** `tell`: of one that has been held for long enough. */
export function createHeldStarts(after: After, tell: (report: Report) => void): HeldStarts {
  /** By name, the oldest first. */
  const held = new Map<string, { readonly report: Report; readonly callOff: () => void }>();
  /** Of which the owner has been told the start and not the end. */
  const running = new Set<string>();
  /** Of late; null: none has ended. */
  let tookMs: number | null = null;

  const letGo = (name: string): void => {
    held.get(name)?.callOff();
    held.delete(name);
  };

  /** What comes next is about one that has started. */
  const tellNow = (name: string): void => {
    const start = held.get(name);
    if (start !== undefined) tell(start.report);
  };

  return {
    hold: (key, at) => {
      if (tookMs === null || tookMs >= HOLD_STARTED_MS) return false;
      const report = { kind: 'started', key, at } as const;
      held.set(attemptName(key), { report, callOff: after(HOLD_STARTED_MS, () => tell(report)) });
      return true;
    },
    told: (report) => {
      if (report.kind === 'coordinated') tellNow(attemptName(report.key));
      if (report.kind !== 'started' && report.kind !== 'ended') return;
      const name = attemptName(report.kind === 'ended' ? report.end.key : report.key);
      letGo(name);
      if (report.kind === 'started') {
        running.add(name);
        return;
      }
      running.delete(name);
      const { startedAt, endedAt } = report.end;
      if (startedAt !== null) tookMs = tookMs === null ? endedAt - startedAt : tookMs + (endedAt - startedAt - tookMs) * LATEST_WEIGHT;
    },
    toLookBusy: () => {
      const [oldest] = held.values();
      return running.size > 0 || oldest === undefined ? null : oldest.report;
    },
  };
}
