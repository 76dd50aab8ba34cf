import type { Rev } from './common.ts';

/** `GET /linarite/jobs/{job}/graph`: which tasks wait for which, equal ones as one group. */
export interface Graph {
  readonly rev: Rev;
  readonly groups: readonly GraphGroup[];
  /** Ids of groups: the second waits for the first. */
  readonly edges: readonly (readonly [number, number])[];
  /** `groups` is more than there are above where the graph was cut. */
  readonly total: { readonly tasks: number; readonly groups: number };
}

export interface GraphGroup {
  readonly id: number;
  /** 0: it waits for nothing; else one more than the largest of those it waits for. */
  readonly rank: number;
  /** The id of its first task; of one that does not exist, the id that others name. */
  readonly first: string;
  readonly count: number;
  /** Active, preparing, running, succeeded, failed. All 0: others wait for it, and it does not exist. */
  readonly states: readonly [number, number, number, number, number];
  /** The longest run of its tasks, until now of those that run. */
  readonly longestMs: number;
}

/** Of a group, in the order of `states`. */
export const GRAPH_STATES = ['active', 'preparing', 'running', 'succeeded', 'failed'] as const;
export type GraphState = (typeof GRAPH_STATES)[number];

/** `GET /linarite/jobs/{job}/graph/tasks`: some tasks of a group. */
export interface GraphTasks {
  readonly rev: Rev;
  readonly from: number;
  /** Of those that were asked for. */
  readonly total: number;
  readonly tasks: readonly { readonly id: string; readonly state: GraphState }[];
}
