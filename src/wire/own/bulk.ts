/** `POST /linarite/jobs/{job}/bulk`, and `GET /linarite/operations/{operation}`, which tells how far it is. */
export interface BulkOperation {
  /** null: it was tried, and nothing done (`dryRun`). */
  readonly operation: string | null;
  readonly job: string;
  readonly action: BulkAction;
  readonly state: 'running' | 'completed' | 'failed';
  /** Tasks that were asked for and are there. */
  readonly matched: number;
  /** Of them, those that have been seen to; of these, those that were changed. */
  readonly done: number;
  readonly changed: number;
  readonly skipped: readonly BulkSkipped[];
  /** Why it could not go on. */
  readonly failure?: { readonly code: string; readonly message: string };
}

export const BULK_ACTIONS = ['rerun', 'terminate', 'delete', 'change'] as const;
export type BulkAction = (typeof BULK_ACTIONS)[number];

/**
 * Why tasks were left as they are: there is none (any more); it changed since `asOf`; it waits, or it runs, so that it
 * cannot be run again or changed so; it has succeeded, so that it cannot be run again; it is completed.
 */
export type BulkReason = 'gone' | 'changedSince' | 'waiting' | 'running' | 'succeeded' | 'completed';

export interface BulkSkipped {
  readonly reason: BulkReason;
  readonly count: number;
  /** Ids of the first of them. */
  readonly examples: readonly string[];
}
