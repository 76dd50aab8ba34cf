import type { Job, Node } from '../../model.ts';
import { managerOf } from '../../jobManager.ts';

export type MayBeKept = Pick<Node, 'id' | 'state' | 'scheduling' | 'heldBy' | 'agent' | 'running' | 'notice'>;

/**
 * Whether the node, once it is free, is one for multi-instance tasks of the job. It need not be connected in this
 * moment: after a restart of the service none is at first. One with a job manager is not: that may wait for this task.
 */
export function mayBeKept({ closedNodes }: Pick<Job, 'closedNodes'>, { id, state, scheduling, heldBy, agent, running, notice }: MayBeKept): boolean {
  if (scheduling !== 'enabled' || (state !== 'idle' && state !== 'running')) return false;
  if (notice !== null || heldBy !== null || agent?.cores === undefined || closedNodes.has(id)) return false;
  for (const { task } of running) if (managerOf(task) !== null) return false;
  return true;
}

/** No more are counted than `enough`. */
export function countMayBeKept(nodes: Iterable<Node>, job: Job, enough: number): number {
  let count = 0;
  for (const node of nodes) {
    if (mayBeKept(job, node)) count += 1;
    if (count === enough) break;
  }
  return count;
}
