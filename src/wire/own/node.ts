import type { Rev } from './common.ts';
import type { Point } from './series.ts';

/** What there are series of: shares and levels at the end of a stretch of time, rates over it. */
export const NODE_SERIES = ['cpuPercent', 'memoryMiB', 'diskMiB', 'diskReadMiBps', 'diskWriteMiBps', 'networkInMiBps', 'networkOutMiBps'] as const;
export type NodeSeriesName = (typeof NODE_SERIES)[number];

/** `GET /linarite/pools/{pool}/nodes/{node}/usage`. */
export interface NodeUsage {
  readonly rev: Rev;
  readonly slots: number;
  /** Those that have their slots now, the earliest first. */
  readonly running: readonly RunningTask[];
  /** Of the last hour; times are milliseconds since 1970. */
  readonly series: Readonly<Record<NodeSeriesName, readonly Point[]>>;
  /** Of those without a point: why. */
  readonly missing: Partial<Record<NodeSeriesName, string>>;
}

interface RunningTask {
  readonly job: string;
  readonly task: string;
  readonly slots: number;
  readonly startedAt?: string;
}

/** `GET /linarite/pools/{pool}/nodes/{node}/history`: also of a node that has left. */
export interface NodeHistory {
  readonly rev: Rev;
  readonly from: string;
  readonly to: string;
  /** From here on there are all. */
  readonly since: string;
  /** When it came into which state, the oldest first. */
  readonly states: readonly NodeStateSpan[];
}

interface NodeStateSpan {
  readonly time: string;
  /** As nodes have it; `gone`: it has left the pool. */
  readonly state: string;
  /** What happened then, as events name it. */
  readonly kind: string;
  /** Why, where somebody knows. */
  readonly reason?: string;
}
