/** In which states a node was, from what the account has told (docs/own-operations.md); also one that has left. */
import type { NodeTransition } from '../../../core/transitions/transition.ts';
import { idKey } from '../../../core/keys.ts';
import { findNode } from '../../../store/intents/nodes.ts';
import type { PoolWithStatus } from '../../../store/intents/pools.ts';
import { revOf } from '../../../store/intents/rev.ts';
import { keptSince, readBackwards } from '../../../store/transitions.ts';
import { BatchError } from '../../../wire/errors.ts';
import type { NodeHistory } from '../../../wire/own/node.ts';
import { formatTimestamp } from '../../../wire/timestamps.ts';
import type { Answer } from '../../answer.ts';
import { param, type Parts } from '../../call.ts';
import type { OwnCall, OwnOperation } from '../call.ts';
import { poolOf } from '../existing.ts';
import { json } from '../json.ts';
import { readNames, readSpan, type Span } from '../queries.ts';

export const nodeHistoryOperations: readonly OwnOperation[] = [{ method: 'GET', path: '/linarite/pools/{poolId}/nodes/{nodeId}/history', right: 'read', of: 'pools', run: nodeHistory }];

const USUAL_MS = 24 * 3_600_000;
/** How long transitions of the account are looked through: those of others stand between. */
const BUDGET_MS = 1_000;
const MOST = 1_000;

/** @throws BatchError PoolNotFound, NodeNotFound, InvalidQueryParameterValue. */
async function nodeHistory(call: OwnCall, { database }: Parts): Promise<Answer> {
  const span = readSpan(readNames(call.query, ['from', 'to']), { now: call.now, usualMs: USUAL_MS });
  const id = param(call, 'nodeId');
  const rev = await revOf(database, call.account);
  const pool = await poolOf(call, database);
  const row = await findNode(database, call.account, pool.pool, id);
  const { found, since } = await transitionsOf(call, database, pool, { ...span, id });
  if (row === null && found.length === 0) throw new BatchError('NodeNotFound');
  return json(200, {
    rev,
    from: formatTimestamp(span.from),
    to: formatTimestamp(span.to),
    since: formatTimestamp(since),
    states: found.map((one) => ({ time: formatTimestamp(one.at), state: one.kind === 'node.gone' ? 'gone' : one.state, kind: one.kind, ...reasonOf(one) })),
  } satisfies NodeHistory);
}

/** The node's, the oldest first, as far back as is kept and can be looked through; `since`: so far. */
async function transitionsOf({ account, now, signal }: OwnCall, database: Parts['database'], { pool }: PoolWithStatus, { from, to, id }: Span & { readonly id: string }): Promise<{ readonly found: readonly NodeTransition[]; readonly since: number }> {
  const until = performance.now() + BUDGET_MS;
  const found: NodeTransition[] = [];
  for await (const rows of readBackwards(database, account, { from, to: to + 1 })) {
    for (const { at, transitions } of rows) {
      found.push(...transitions.filter((one): one is NodeTransition => 'life' in one && one.pool === pool && idKey(one.nodeId) === idKey(id)).toReversed());
      if (found.length >= MOST || performance.now() > until) return { found: found.toReversed(), since: at };
    }
    signal.throwIfAborted();
  }
  return { found: found.toReversed(), since: Math.max(from, await keptSince(database, account, now)) };
}

function reasonOf({ reason, cause, errors, failure }: NodeTransition): { readonly reason?: string } {
  const words = reason ?? failure?.message ?? errors?.[0]?.message ?? cause;
  return words === undefined ? {} : { reason: words };
}
