import type { Ref, Rev } from './common.ts';

/**
 * What `GET /linarite/events?form=page` tells a page, at most four times a second: of each thing the last value alone.
 * Each event's data is a list of these, its id a `Rev`.
 */
export type Frame =
  /** Of `view=pool:…`: nodes by their index in the matrix, with state (as its bytes have it) and slots in use. */
  | { readonly t: 'nodes'; readonly c: readonly (readonly [index: number, state: number, slots: number])[] }
  /** Tasks of a job that are active, running, succeeded and failed. */
  | { readonly t: 'counts'; readonly job: string; readonly c: readonly [number, number, number, number] }
  /** Of the numbers that were asked for; the state's place in `TASK_STATES`, -1 for one that is gone. */
  | { readonly t: 'tasks'; readonly job: string; readonly c: readonly (readonly [number: number, state: number, exitCode?: number])[] }
  /** The object has changed otherwise: what is shown of it is to be read again. */
  | { readonly t: 'object'; readonly ref: Ref; readonly rev: Rev }
  /** Something was missed, or too much has changed: all of the view is to be read again. */
  | { readonly t: 'reset' };
