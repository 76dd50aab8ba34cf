import type { PoolNumber } from '../keys.ts';
import type { CoreState } from '../model.ts';
import { nodeTakesTasks } from '../placement/filters/nodeTakesTasks.ts';
import { poolState } from '../wireState.ts';
import { firstOf, nodesMissing, readyNodesOf } from './nodesMissing.ts';
import { byUrgency, type Reason } from '../reasons.ts';

/**
 * Why a pool has not the nodes that are asked for, or that it has them; null: the rules know no such pool. What stays
 * until somebody acts comes first; of nodes, the first few.
 */
export function explainPool(state: CoreState, number: PoolNumber): readonly Reason[] | null {
  const pool = state.pools.get(number);
  if (pool === undefined) return null;
  const { intent, status, nodes } = pool;
  if (intent.deletedAt !== null) return [{ code: 'PoolNotFound', poolId: intent.id, deleting: true }];
  const { targetDedicated, targetLowPriority } = poolState(intent, status);
  const [readyNodes, targetNodes] = [readyNodesOf(pool), targetDedicated + targetLowPriority];
  const error = status.autoScale?.error ?? null;
  const reasons: Reason[] = [
    ...(error === null ? [] : [{ code: 'FormulaFailed', poolId: intent.id, error } as const]),
    // One that is to have none, and still has some, is on its way there.
    ...nodesMissing(state, pool, readyNodes).filter(({ code }) => code !== 'NoNodes' || nodes.size === 0),
    ...firstOf([...nodes].flatMap((node) => nodeTakesTasks({ node }) ?? [])),
    ...(nodes.size > targetNodes ? [{ code: 'NodesLeaving', poolId: intent.id, nodes: nodes.size, targetNodes } as const] : []),
  ];
  return reasons.length === 0 ? [{ code: 'PoolAtTarget', poolId: intent.id, readyNodes }] : byUrgency(reasons);
}
