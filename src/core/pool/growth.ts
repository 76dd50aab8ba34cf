import type { Instant } from '../keys.ts';
import type { CoreState, Pool } from '../model.ts';
import { createNode } from '../node/create.ts';
import type { Random } from '../port.ts';
import { allocationFailed, nodeQuotaReached, type NodeKind } from '../resizeErrors.ts';
import { NODES_PER_ACCOUNT } from '../tunables.ts';
import { roomInQuotas } from './quotas.ts';

/** Asks for nodes that a pool is missing, until there is something against it, which its `failures` say. */
export function grow(state: CoreState, pool: Pool, kind: NodeKind, missing: number, now: Instant, random: Random): void {
  const { failures } = pool;
  const allowed = missing > 0 ? roomInQuotas(state, pool, kind) : null;
  for (let count = 0; count < missing && failures[kind] === null; count++) {
    if (allowed !== null && count >= allowed.nodes) failures[kind] = allowed.error;
    else if (state.nodes.size >= NODES_PER_ACCOUNT) failures[kind] = nodeQuotaReached(kind);
    else if (state.room !== null && state.nodes.size >= state.room) failures[kind] = allocationFailed(kind, noRoom(state.room));
    else createNode(state, pool, kind === 'dedicated', now, random);
  }
}

/** The rules know the bound beforehand, so that they do not ask a provider for what it cannot give. */
function noRoom(room: number): string {
  return `All nodes that there is room for here are taken: ${room}.`;
}
