import type { Rev } from './common.ts';

/** `GET /linarite/jobs/{job}/histogram`: how long tasks ran or waited, in seconds. */
export interface Histogram {
  readonly rev: Rev;
  readonly of: 'run' | 'wait';
  /** Ascending, one more than there are counts. The last bin begins at `p99` and ends at `max`. */
  readonly edgesS: readonly number[];
  readonly counts: readonly number[];
  readonly p50: number;
  readonly p95: number;
  readonly p99: number;
  readonly max: number;
  /** Tasks that are counted: of run times those that have ended, of waits those that have begun. */
  readonly n: number;
}
