import type { CoreState, Pool } from '../model.ts';
import { pendingReasons } from '../node/pending.ts';
import { nodeTakesTasks } from '../placement/filters/nodeTakesTasks.ts';
import { EXPLAIN_LIST } from '../tunables.ts';
import { poolState } from '../wireState.ts';
import { byUrgency, type Reason } from '../reasons.ts';

/** How many take tasks. */
export function readyNodesOf({ nodes }: Pool): number {
  let readyNodes = 0;
  for (const node of nodes) if (nodeTakesTasks({ node }) === null) readyNodes += 1;
  return readyNodes;
}

/** Those that need somebody first; of many the first few, and how many more there are. */
export function firstOf(against: readonly Reason[]): readonly Reason[] {
  const shown = byUrgency(against).slice(0, EXPLAIN_LIST);
  return against.length > shown.length ? [...shown, { code: 'MoreNodes', nodes: against.length - shown.length }] : shown;
}

/** Why the pool has fewer nodes ready than are asked for; none: it has as many. */
export function nodesMissing({ room }: CoreState, { intent, status, failures, nodes }: Pool, readyNodes: number): Reason[] {
  const { targetDedicated, targetLowPriority } = poolState(intent, status);
  const targetNodes = targetDedicated + targetLowPriority;
  const isLeaving = nodes.size > 0 && [...nodes].every(({ state }) => state === 'leavingpool');
  if (targetNodes === 0 && (nodes.size === 0 || isLeaving)) return [{ code: 'NoNodes', poolId: intent.id, ...(isLeaving ? { leavingNodes: nodes.size } : null), ...formulaOf(intent) }];
  if (readyNodes >= targetNodes) return [];
  const { allocationState, resizeErrors } = status;
  const errors = allocationState === 'steady' ? resizeErrors : [failures.dedicated, failures.lowPriority].filter((error) => error !== null);
  return [{ code: 'WaitingForNodes', poolId: intent.id, readyNodes, targetNodes, allocationState, errors, pending: pendingReasons(nodes), room }];
}

/** Of a pool whose size a formula decides: how often. */
export function formulaOf({ autoScale }: Pool['intent']): { readonly formulaRunsEveryMs?: number } {
  return autoScale === undefined || autoScale === null ? {} : { formulaRunsEveryMs: autoScale.intervalMs };
}
