import { idKey } from '../keys.ts';
import type { CoreState, Job, Schedule } from '../model.ts';
import type { PoolQueue } from '../task/queue.ts';

/** The queue of the pools and jobs that name this id, with one holder more. Each holder leaves it in the end. */
export function joinQueue(state: CoreState, poolId: string): PoolQueue {
  const poolIdKey = idKey(poolId);
  let queue = state.queues.get(poolIdKey);
  if (queue === undefined) {
    queue = { poolIdKey, pool: null, ready: [], yielding: new Set(), withGangs: new Set(), holders: 0, madeFor: new Set() };
    state.queues.set(poolIdKey, queue);
  }
  queue.holders += 1;
  return queue;
}

export function leaveQueue(state: CoreState, queue: PoolQueue): void {
  queue.holders -= 1;
  if (queue.holders === 0) state.queues.delete(queue.poolIdKey);
}

/** What an auto pool was made for needs it no more: with the last the pool goes. */
export function releasePool(state: CoreState, queue: PoolQueue, of: Job | Schedule): void {
  if (queue.madeFor.delete(of) && queue.pool !== null) state.review.pools.add(queue.pool);
}
