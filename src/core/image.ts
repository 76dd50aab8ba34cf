import { Changes } from './changes.ts';
import type { Instant } from './keys.ts';
import type { CoreState } from './model.ts';
import { Capacity } from './pool/capacity.ts';
import { JobQueue } from './task/queue.ts';
import { Dependencies } from './task/dependencies.ts';
import { TaskDirectory } from './task/directory.ts';
import { TaskTable } from './task/table.ts';
import { Timers } from './timers.ts';

/** What rules hold between two ticks: plain data to the structured clone algorithm, which keeps who is who. */
export interface Held {
  readonly state: CoreState;
  readonly lastNow: Instant;
}

/**
 * Makes a copy of what rules hold by the structured clone algorithm what it was: that keeps the data of objects, not
 * their classes. Therefore classes whose objects outlive a tick have `private` fields, and none that begin with `#`,
 * which no copy has.
 */
export function revive({ table, timers, changes, jobs, completedJobs, endings, pools }: CoreState): void {
  Object.setPrototypeOf(table, TaskTable.prototype);
  Object.setPrototypeOf(timers, Timers.prototype);
  Object.setPrototypeOf(changes, Changes.prototype);
  for (const { capacity } of pools.values()) Object.setPrototypeOf(capacity, Capacity.prototype);
  for (const job of new Set([...jobs.values(), ...completedJobs, ...endings])) {
    Object.setPrototypeOf(job.directory, TaskDirectory.prototype);
    Object.setPrototypeOf(job.queue, JobQueue.prototype);
    for (const dependencies of [job.dependencies, job.ending?.dependencies ?? null]) {
      if (dependencies !== null) Object.setPrototypeOf(dependencies, Dependencies.prototype);
    }
  }
}

/** How much it is to write down: objects, roughly, and open tasks. */
export function weightOf({ table, jobs, nodes, pools }: CoreState): number {
  let weight = table.size + nodes.size + pools.size;
  for (const { samples: { at, own } } of pools.values()) {
    weight += at.length;
    for (const { atMs } of own.values()) weight += atMs.length;
  }
  for (const job of jobs.values()) weight += 1 + job.nodes.size + job.recent.size + (job.dependencies === null ? 0 : job.particulars.size);
  return weight;
}
