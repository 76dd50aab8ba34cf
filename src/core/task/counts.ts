import type { Job, Tally } from '../model.ts';
import type { TaskStatus } from '../status.ts';
import { wireTaskState } from '../wireState.ts';

/** Where a task is counted, as task counts on the wire show it. */
export function tallied(status: TaskStatus | null): keyof Tally {
  if (status === null) return 'active';
  switch (wireTaskState(status.state)) {
    case 'active':
      return 'active';
    case 'preparing':
    case 'running':
      return 'running';
    case 'completed':
      return status.result === 'success' ? 'succeeded' : 'failed';
  }
}

/**
 * Moves one task of the job from one count to another; null: it comes, or it goes. Returns whether a count has changed.
 */
export function count(job: Job, from: keyof Tally | null, to: keyof Tally | null, slots: number): boolean {
  if (from === to) return false;
  if (from !== null) {
    job.tasks[from] -= 1;
    job.slots[from] -= slots;
  }
  if (to !== null) {
    job.tasks[to] += 1;
    job.slots[to] += slots;
  }
  return true;
}
