import type { Fix, Rev } from './common.ts';

/** `GET /linarite/explain/…`: why a pool is not at its target, a node idle, or a task waits (docs/explain.md). */
export interface Explanation {
  readonly rev: Rev;
  /** The first reason, or that there is none, in words. */
  readonly sentence: string;
  /** What stays until somebody acts comes first. */
  readonly reasons: readonly ExplainedReason[];
}

export interface ExplainedReason {
  readonly code: string;
  readonly message: string;
  /** What the message is made of: names and numbers, by the reason's code. */
  readonly data: Readonly<Record<string, unknown>>;
  /** Of a job: how many of its tasks have this reason. */
  readonly count?: number;
  /** Of a job: one of these tasks. */
  readonly example?: string;
  /** Neither tasks that end nor nodes that come up take it away. */
  readonly stays: boolean;
  /** What it is said of never runs as it is. */
  readonly never: boolean;
  /** The nodes that it names. */
  readonly nodes: readonly string[];
  readonly fixes: readonly Fix[];
}
