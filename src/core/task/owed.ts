import type { Instant } from '../keys.ts';
import type { CoreState, Job, Live, Pool } from '../model.ts';

/**
 * A multi-instance task passes tasks of its own priority that wait for one node each (placement/gangs.ts). Where such
 * tasks keep coming, those would be passed without end. So each owes to what it has passed: as many of them start as it
 * had nodes before one of them is passed again. Nothing of that is stored: after a change of owner a task may be passed
 * once more.
 */
export interface Owed {
  /** So many are to start. */
  starts: number;
  /** What came later was passed by none. */
  readonly passedAt: Instant;
}

/** A multi-instance task has its nodes. */
export function owe(pool: Pool, { intent: { priority } }: Job, instances: number, now: Instant): void {
  pool.owed.set(priority, { starts: instances, passedAt: now });
}

/** An attempt has taken its slots. */
export function pay(state: CoreState, { task: { instances }, priority, node: { pool } }: Live): void {
  const owed = instances > 0 ? undefined : pool.owed.get(priority);
  if (owed === undefined) return;
  owed.starts -= 1;
  if (owed.starts > 0) return;
  pool.owed.delete(priority);
  state.review.placement.add(pool);
}
