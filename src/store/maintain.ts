import type { Pool } from 'pg';
import type { Instant } from '../core/keys.ts';
import { forgetDirectoryChanges } from './several/spread.ts';
import { settleCertificates } from './intents/certificates.ts';
import { clearGoneJobs } from './maintenance/goneJobs.ts';
import { clearsGoneNodes } from './maintenance/goneNodes.ts';
import { JOURNAL_LIMITS, type JournalLimits, type JournalTrim, trimJournal, trimTransitions } from './maintenance/partitions.ts';
import { clearUsage } from './maintenance/usage.ts';

const EVERY_MS = 60_000;

/** What of a logger the maintenance needs. */
interface MaintenanceLog {
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
}

/** `clock`: the one that ticks are stamped with. */
export interface MaintenanceOptions {
  readonly clock: () => Instant;
  readonly log: MaintenanceLog;
  /** Default: those of the product. */
  readonly journalLimits?: JournalLimits;
  /** Whether it is this process that looks after the database: one of several does. Default: it is. */
  readonly isOurs?: () => boolean;
}

/**
 * Looks after the database as long as a service runs: at once, and each minute. What fails is logged and tried again
 * the next time.
 */
export function startMaintenance(pool: Pool, { clock, log, journalLimits = JOURNAL_LIMITS, isOurs = () => true }: MaintenanceOptions): { stop(): Promise<void> } {
  const stopping = new AbortController();
  const clearGoneNodes = clearsGoneNodes(pool, () => performance.now());
  const attempt = async (work: () => Promise<void>): Promise<void> => {
    if (!isOurs()) return;
    try {
      await work();
    } catch (error) {
      if (!stopping.signal.aborted) log.warn({ error }, 'the database could not be maintained');
    }
  };
  // Each by itself: clearing a large job takes minutes, and the journal grows meanwhile.
  const duties = [
    async () => {
      await attempt(async () => report(log, journalLimits, await trimJournal(pool, clock(), journalLimits)));
      await attempt(async () => void (await trimTransitions(pool, clock())));
    },
    async () => {
      await attempt(() => forgetDirectoryChanges(pool));
      await attempt(() => settleCertificates(pool, null, clock()));
      await attempt(() => clearUsage(pool, clock(), stopping.signal));
      await attempt(async () => void (await clearGoneJobs(pool, stopping.signal)));
      // After the jobs: their tasks name nodes.
      await attempt(() => clearGoneNodes(stopping.signal));
    },
  ].map(repeat);
  return {
    stop: async () => {
      stopping.abort();
      await Promise.all(duties.map((duty) => duty.stop()));
    },
  };
}

/** At once and each minute, one at a time: a turn that is not over is not begun anew. */
function repeat(work: () => Promise<void>): { stop(): Promise<void> } {
  let running: Promise<void> | null = null;
  const turn = (): void => {
    running ??= work().finally(() => {
      running = null;
    });
  };
  turn();
  const timer = setInterval(turn, EVERY_MS);
  return {
    stop: async () => {
      clearInterval(timer);
      await running;
    },
  };
}

function report(log: MaintenanceLog, { maxBytes }: JournalLimits, { dropped, bytes, heldUp }: JournalTrim): void {
  if (dropped.length > 0) {
    const fields = {
      why: [...new Set(dropped.map(({ why }) => why))],
      partitions: dropped.length,
      first: dropped[0]?.partition,
      last: dropped.at(-1)?.partition,
      droppedBytes: dropped.reduce((sum, partition) => sum + partition.bytes, 0),
      keptBytes: bytes,
    };
    if (dropped.some(({ why }) => why === 'lastResort')) log.warn(fields, 'the journal grew faster than its limit allows: what ticks were being written to is dropped as well');
    else log.info(fields, 'the beginning of the journal was dropped');
  }
  if (heldUp && bytes > maxBytes) log.warn({ bytes, maxBytes }, 'the journal is larger than its limit, and somebody who reads it is in the way of dropping its beginning');
}
