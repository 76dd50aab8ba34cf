import type { Rev } from './common.ts';

/** `GET /linarite/jobs/{job}/tasks`: any rows of a job's tasks, in any order. */
export interface TaskRows {
  readonly rev: Rev;
  /** Rows that there are in all under this filter and text. */
  readonly total: number;
  /** False: the search has not come to its end yet, and there are `total` rows at least; asking again goes on. */
  readonly exact: boolean;
  /** The row at which this answer begins. */
  readonly from: number;
  readonly rows: readonly TaskRow[];
}

export interface TaskRow {
  /** Its number in the job, from 1: events and frames name it by this. */
  readonly number: number;
  readonly id: string;
  readonly state: 'active' | 'preparing' | 'running' | 'completed';
  readonly since: string;
  /** Of a completed task. */
  readonly result?: 'success' | 'failure';
  readonly exitCode?: number;
  readonly failure?: { readonly code: string; readonly message: string };
  /** The node of the present or last attempt, where it runs or ran. */
  readonly pool?: string;
  readonly node?: string;
  readonly retries: number;
  readonly requeues: number;
  readonly createdAt: string;
  readonly startedAt?: string;
  readonly endedAt?: string;
  /** Of the present or last attempt: until now if it runs. */
  readonly runMs?: number;
  /** From when it was added to when its present or last attempt began: until now if it waits. */
  readonly waitMs: number;
  readonly requiredSlots: number;
  /** The first 200 characters. */
  readonly commandLine: string;
}

/** By what rows can be sorted; `-` before it: the largest first. */
export const TASK_SORTS = ['number', 'id', 'created', 'started', 'ended', 'runTime', 'waitTime', 'exitCode', 'retries', 'state'] as const;
export type TaskSort = (typeof TASK_SORTS)[number];
