import type { CoreState, Pool } from '../model.ts';
import type { ResizeError } from '../status.ts';
import { coreQuotaReached, familyQuotaReached, type NodeKind } from '../resizeErrors.ts';

/**
 * Quotas of cores: of an account's dedicated nodes, of its low-priority nodes, and of the dedicated nodes of one family
 * of sizes. A node counts from when it is asked for until it is gone, whatever its state. A lower quota takes no node
 * away.
 */

/** How many more nodes of the kind the pool may have; and why no more, once it has those. null: no quota is set. */
export function roomInQuotas(state: CoreState, pool: Pool, kind: NodeKind): { readonly nodes: number; readonly error: ResizeError } | null {
  const { dedicatedCores = null, lowPriorityCores = null, families = {} } = state.quotas;
  const machine = pool.intent.machine ?? UNKNOWN_MACHINE;
  const most = kind === 'dedicated' ? dedicatedCores : lowPriorityCores;
  const mostOfFamily = kind === 'dedicated' ? (families[machine.family.toLowerCase()] ?? null) : null;
  const rooms = [
    ...(most === null ? [] : [{ left: most - coresInUse(state, kind, null), error: coreQuotaReached(kind, most) }]),
    ...(mostOfFamily === null ? [] : [{ left: mostOfFamily - coresInUse(state, kind, machine.family), error: familyQuotaReached(machine.family, mostOfFamily) }]),
  ];
  const [least] = rooms.toSorted((a, b) => a.left - b.left);
  return least === undefined ? null : { nodes: Math.max(0, Math.floor(least.left / machine.cores)), error: least.error };
}

/** Of a pool whose size nobody knows. */
const UNKNOWN_MACHINE = { size: '', cores: 1, family: '' };

/** `family`: null, all of them. */
function coresInUse({ pools }: CoreState, kind: NodeKind, family: string | null): number {
  let cores = 0;
  for (const { intent: { machine = UNKNOWN_MACHINE }, nodes } of pools.values()) {
    if (family !== null && machine.family !== family) continue;
    for (const node of nodes) if (node.dedicated === (kind === 'dedicated')) cores += machine.cores;
  }
  return cores;
}
