import { askRevoke } from '../task/attempts.ts';
import type { Instant } from '../keys.ts';
import type { CoreState, Pool } from '../model.ts';
import { isOpenToJob } from './filters/isOpenToJob.ts';
import { REVOKES_PER_DECIDE, STEAL_AFTER_MS } from '../tunables.ts';

/**
 * Slots are free and nothing in the queue could use them, while offers wait for slots on other nodes: those that have
 * waited for a while are taken back, the last in line first, and no more than the free slots hold. They come back to
 * the queue and from there to the free slots. An offer that starts before it could be taken back is where it should be.
 */
export function steal(state: CoreState, pool: Pool, now: Instant): void {
  const { capacity } = pool;
  let room = capacity.freeSlots - pool.stealing;
  if (room <= 0 || capacity.waitingSlots === 0) return;
  // Nothing had waited long enough when this was looked at last, and what has come since is younger.
  if (pool.placementTimer !== null && pool.placementTimer > now) return;
  pool.placementTimer = null;
  const roomiest = capacity.roomiest();
  const widest = roomiest?.free ?? 0;
  let next: Instant | null = null;
  let count = 0;
  for (const node of capacity.overcommitted()) {
    let waiting = -node.free;
    for (const live of [...node.offers].reverse()) {
      if (room <= 0 || waiting <= 0 || count >= REVOKES_PER_DECIDE) break;
      const { revoking, ending, offeredAt, slots } = live;
      if (slots > widest) continue;
      waiting -= slots;
      if (revoking !== null || ending !== null) continue;
      // It is being taken back, or would find the free slots kept.
      if (pool.keeping !== null && live.priority <= pool.keeping.priority) continue;
      const { closedNodes: closed } = live.task.job;
      // It would come back to where it is, again and again.
      if (roomiest !== null && closed.size > 0 && isOpenToJob({ node: roomiest, closed }) !== null) continue;
      if (offeredAt + STEAL_AFTER_MS > now) {
        next = Math.min(next ?? Number.POSITIVE_INFINITY, offeredAt + STEAL_AFTER_MS);
        continue;
      }
      askRevoke(state, live, 'steal');
      room -= slots;
      count += 1;
    }
  }
  if (next === null) return;
  pool.placementTimer = next;
  state.timers.set({ at: next, kind: 'placement', pool: pool.number });
}
