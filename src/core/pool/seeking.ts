import type { Instant } from '../keys.ts';
import type { CoreState, Pool } from '../model.ts';
import type { Random } from '../port.ts';
import type { ResizeError } from '../status.ts';
import { isOfLowPriority, isSoughtAgain } from '../resizeErrors.ts';
import { seekWaitMs } from '../tunables.ts';
import { grow } from './growth.ts';

/**
 * Low-priority nodes that could not be had are sought again without being asked for (Batch documentation, "Batch pools
 * automatically seek the target number of Spot VMs"): those that a resize could not bring here, those that were taken
 * back by themselves (node/preempted.ts). The pool stays `steady` meanwhile, so that it can be resized, and its resize
 * error stands until it has them. A resize that a client stopped is over.
 *
 * `missing`: up to its target; below zero: some have still to leave.
 */
export function seekLowPriority(state: CoreState, pool: Pool, missing: number, now: Instant, random: Random): void {
  const { seeking, failures, status, nodes, intent } = pool;
  if (intent.unavailable !== null) return;
  const lowPriority = [...nodes].filter(({ dedicated }) => !dedicated);
  const refused = lowPriority.find(({ state: is, errors }) => is === 'preempted' && errors.length > 0);
  const present = status.resizeErrors.find(isOfLowPriority) ?? null;
  if (missing < 0 || (present !== null && !isSoughtAgain(present))) return;
  const isOnTheWay = lowPriority.some(({ obtained }) => !obtained);
  const isSought = present !== null && (missing > 0 || isOnTheWay);
  setError(state, pool, present, isSought ? (failures.lowPriority ?? present) : (refused?.errors[0] ?? null));
  if (!isSought) {
    seeking.at = null;
    seeking.tries = 0;
    return;
  }
  if (missing === 0 || isOnTheWay) return;
  if (seeking.at === null) {
    seeking.at = now + seekWaitMs(seeking.tries);
    state.timers.set({ at: seeking.at, kind: 'pool', pool: pool.number });
  }
  if (seeking.at > now) return;
  seeking.at = null;
  seeking.tries += 1;
  failures.lowPriority = null;
  grow(state, pool, 'lowPriority', missing, now, random);
}

function setError(state: CoreState, pool: Pool, present: ResizeError | null, error: ResizeError | null): void {
  if (JSON.stringify(present) === JSON.stringify(error)) return;
  pool.status = { ...pool.status, resizeErrors: [...pool.status.resizeErrors.filter((other) => !isOfLowPriority(other)), ...(error === null ? [] : [error])] };
  state.changes.pool(pool);
}
