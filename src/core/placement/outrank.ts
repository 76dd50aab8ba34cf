import { askRevoke, isLive } from '../attempts.ts';
import type { CoreState, Pool } from '../model.ts';
import { REVOKES_PER_DECIDE } from '../tunables.ts';
import { fitsPool } from './filters/fitsPool.ts';

/**
 * Tasks of higher priority found no room, while offers of lower priority wait on nodes: those are taken back, as many as are needed, the last in line first. What
 * has slots already, or would get them at once, is left alone: running tasks are never preempted (task semantics 6.13).
 */
export const outrank = (state: CoreState, pool: Pool): void => {
  const first = pool.queue.ready[0];
  if (first === undefined || pool.offered.size === 0) return;
  const { priority } = first.intent;
  if (![...pool.offered.keys()].some((offered) => offered < priority)) return;
  let wanted = demand(pool, priority) - pool.revoking.outranked;
  let count = 0;
  for (const node of pool.capacity.overcommitted()) {
    let waiting = -node.free;
    for (const task of [...node.offers].reverse()) {
      if (wanted <= 0 || waiting <= 0 || count >= REVOKES_PER_DECIDE) break;
      waiting -= task.slots;
      if (!isLive(task) || task.live.priority >= priority || task.live.revoking !== null || task.live.ending !== null) continue;
      askRevoke(state, task, 'outranked');
      wanted -= task.slots;
      count += 1;
    }
  }
};

/** Slots' worth of waiting tasks of this priority that could run here. */
const demand = (pool: Pool, priority: number): number => {
  let slots = 0;
  for (const job of pool.queue.ready) {
    if (job.intent.priority < priority || slots >= REVOKES_PER_DECIDE) break;
    const headroom = job.intent.maxParallelTasks < 0 ? Number.POSITIVE_INFINITY : job.intent.maxParallelTasks - job.live.size;
    const fitting = job.queue.lanes.filter((lane) => lane.head !== -1 && fitsPool.passes({ pool, slots: lane.slots }));
    const widest = Math.max(0, ...fitting.map((lane) => lane.slots));
    slots += fitting.length === 0 ? 0 : Math.min(job.queue.slots, headroom * widest);
  }
  return slots;
};
