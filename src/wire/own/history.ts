import type { Rev } from './common.ts';

/** `GET /linarite/jobs/{job}/tasks/{task}/history`: what has become of a task, oldest first. */
export interface TaskHistory {
  readonly rev: Rev;
  readonly attempts: readonly Attempt[];
  readonly events: readonly TaskEvent[];
  /** False: earlier attempts or states are not on record any more. */
  readonly complete: boolean;
}

export interface Attempt {
  /** From 1. */
  readonly attempt: number;
  readonly pool?: string;
  readonly node?: string;
  readonly startedAt?: string;
  readonly endedAt?: string;
  /** Why it ended, of one that is over: `exited`, `retry`, `nodePreempted` and others that events have. */
  readonly cause?: string;
  readonly exitCode?: number;
  readonly result?: 'success' | 'failure';
  readonly failure?: { readonly code: string; readonly message: string };
}

export interface TaskEvent {
  readonly time: string;
  readonly state: 'active' | 'preparing' | 'running' | 'completed';
  readonly cause: string;
  readonly node?: string;
  /** 0: before the first. */
  readonly attempt: number;
}
