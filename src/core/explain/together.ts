import type { TaskNumber } from '../keys.ts';
import type { CoreState, Job, Pool } from '../model.ts';
import { feasibleTogether } from '../placement/feasible.ts';
import { notKept } from '../placement/filters/notKept.ts';
import { countMayBeKept, mayBeKept } from '../placement/filters/mayBeKept.ts';
import { poolState } from '../wireState.ts';
import { firstOf, formulaOf, nodesMissing, readyNodesOf } from './nodesMissing.ts';
import type { Reason } from '../reasons.ts';

/** A task that waits for its pool. */
export interface InPool {
  readonly job: Job;
  readonly pool: Pool;
  readonly number: TaskNumber;
  readonly slots: number;
  readonly instances: number;
}

/** The pool may have too few nodes, or too few of them are free, or all are kept for another such task. */
export function againstTogether(state: CoreState, { job, pool, number, slots, instances }: InPool): readonly Reason[] {
  const width = { slots, closed: job.closedNodes };
  const against = [...pool.nodes].flatMap((node) => feasibleTogether(width, node) ?? []);
  const freeNodes = pool.nodes.size - against.length;
  const nodes = countMayBeKept(pool.nodes, job, instances);
  if (nodes < instances) {
    const { targetDedicated, targetLowPriority } = poolState(pool.intent, pool.status);
    const never = [...pool.nodes].flatMap((node) => (mayBeKept(job, node) ? [] : (feasibleTogether(width, node) ?? [])));
    return [{ code: 'TooFewNodesTogether', poolId: pool.intent.id, instances, nodes, targetNodes: targetDedicated + targetLowPriority, ...formulaOf(pool.intent) }, ...nodesMissing(state, pool, readyNodesOf(pool)), ...firstOf(never)];
  }
  const { keeping } = pool;
  const isKept = keeping !== null && keeping.job === job && keeping.task === number;
  if (freeNodes >= instances && (keeping === null || isKept)) return [];
  const [ahead] = keeping === null || isKept ? [] : [...pool.nodes].flatMap((node) => notKept({ node, keeping }) ?? []);
  return [{ code: 'WaitingForNodesTogether', instances, freeNodes, kept: isKept }, ...(ahead === undefined ? [] : [ahead])];
}
