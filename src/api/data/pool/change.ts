import { findPool, lockPool, updatePool, updatePoolUnmodified, type PoolWithStatus } from '../../../store/intents/pools.ts';
import { tellOwner } from '../../../store/intents/inbox.ts';
import { transaction, type Transaction } from '../../../store/intents/statement.ts';
import type { PoolWithDefaults } from '../../../wire/defaults.ts';
import { BatchError } from '../../../wire/errors.ts';
import { param, wakeAndWait, type Call, type Parts } from '../../call.ts';
import { checkConditions } from '../../conditions.ts';
import { checkNamed, type Named } from './named.ts';
import { unavailable } from './template.ts';
import { poolRules } from './view.ts';

export async function existing(call: Call, parts: Parts): Promise<PoolWithStatus> {
  const pool = await findPool(parts.database, call.principal.account.number, param(call, 'poolId'));
  if (pool === null) throw new BatchError('PoolNotFound');
  return pool;
}

/** A pool's new intent, and whether that counts as a modification. */
export interface Changed {
  readonly pool: PoolWithStatus;
  readonly modifies: boolean;
}

/**
 * Changes the intent of the pool that is called, under its lock. `decide` returns the new intent and whether it counts
 * as a modification. `named`: what its nodes are to have from now on.
 */
export async function change(
  call: Call,
  parts: Parts,
  decide: (pool: PoolWithStatus, tx: Transaction) => Changed | Promise<Changed>,
  named: Named = {},
): Promise<number> {
  const modifiedAt = await transaction(parts.database, async (tx, last) => {
    const pool = await lockPool(tx, call.principal.account.number, param(call, 'poolId'));
    if (pool === null) throw new BatchError('PoolNotFound');
    checkConditions(call, pool.modifiedAt);
    if (pool.deletedAt !== null) throw new BatchError('PoolBeingDeleted');
    await checkNamed(tx, call.principal.account, named);
    const next = await decide(pool, tx);
    const modified = next.modifies ? await updatePool(tx, parts.sealing, next.pool, call.now) : await updatePoolUnmodified(tx, next.pool).then(() => pool.modifiedAt);
    last(tellOwner(tx, call.principal.account.number, { kind: 'pool', pool: pool.pool }));
    return modified;
  });
  await wakeAndWait(call, parts);
  return modifiedAt;
}

export function respecified(pool: PoolWithStatus, spec: PoolWithDefaults): { readonly pool: PoolWithStatus; readonly modifies: true } {
  return { pool: { ...pool, spec: JSON.stringify(spec), rules: JSON.stringify(poolRules(spec)), unavailable: unavailable(spec) }, modifies: true };
}

