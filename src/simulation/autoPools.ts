import { idKey } from '../core/keys.ts';
import type { TickCommit } from '../store/ownerStore.ts';
import type { NewAutoPool } from './intentWriter.ts';
import type { Tables } from './memoryStore.ts';
import type { World } from './world.ts';

/** What an auto pool of a simulated account is made of. */
export function newAutoPool(world: World): NewAutoPool {
  return {
    pool: {
      targetDedicated: world.between(1, 2),
      targetLowPriority: 0,
      resizeTimeoutMs: 900_000,
      nodeDeallocation: 'requeue',
      resizeSequence: 1,
      stopSequence: 0,
      taskSlotsPerNode: 4,
      fillType: 'pack',
      jobOrder: 'none',
      startTask: null,
      unavailable: null,
      deletedAt: null,
    },
    keepAlive: world.chance(0.2),
  };
}

/** What must hold in every tick that is about to be applied: no job has a second pool made, no id is given twice. */
export function createAutoPoolChecks(violated: (what: string) => void): (tick: TickCommit) => void {
  const jobs = new Set<number>();
  const ids = new Set<string>();
  return ({ decisions: { requests = [] } }) => {
    for (const request of requests) {
      if (request.kind !== 'addPool') continue;
      if (jobs.has(request.job)) violated(`job ${request.job} has a second pool made`);
      if (ids.has(idKey(request.id))) violated(`pool ${request.id} is made twice`);
      jobs.add(request.job);
      ids.add(idKey(request.id));
    }
  };
}

/** An auto pool that nothing needs any more and that stays nevertheless; null: there is none. */
export function orphanPool({ pools, jobs, schedules }: Tables): string | null {
  for (const { intent: { id, isAuto, deletedAt } } of pools.values()) {
    if (deletedAt !== null) return `pool ${id} is being deleted`;
    if (!isAuto) continue;
    const users = [...jobs.values(), ...schedules.values()].filter(({ status }) => status !== null && status.state !== 'completed' && status.autoPoolId === id);
    if (users.length === 0) return `auto pool ${id} is still there although nothing needs it`;
  }
  return null;
}
